import FHIRFormats
import FHIRModel
import Testing

@Suite("Bad and hostile XML")
struct XMLTroubleTests {
  /// An unreadable record's markup.
  private func raw(_ record: Record) -> String? {
    record.raw?.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `what cannot be read stands where it is`() throws {
    for (text, line) in [("\n\n<x\n{}", 4), ("\n<Patient xmlns=\"http://hl7.org/fhir\"><id", 2)] {
      let record = try #require(try readXML(text).first)
      #expect(record.content == .unreadable)
      #expect(record.tree.position(of: 0)?.line == line)
    }
  }

  // MARK: Structure

  @Test func `elements out of order are reported and gathered`() throws {
    let record = try readXML(
      fhir(
        "Patient",
        "<active value=\"true\"/><id value=\"1\"/><name><given value=\"A\"/><family value=\"F\"/><given value=\"B\"/>"
          + "<given value=\"C\"/></name>"))[0]
    #expect(
      outline(record.tree)
        == "(Patient)\n  active=true\n  id=1\n  name\n    given=A\n    given=B\n    given=C\n    family=F")
    #expect(
      summary(record.issues) == [
        "error xml-element-order Patient.id 1:60", "error xml-element-order Patient.name[0].family 1:99",
      ])
  }

  @Test func `entries and members of a Bundle out of order are reported where they are delivered`() throws {
    let records = try readXML(
      fhir("Bundle", "<total value=\"1\"/><type value=\"batch\"/><signature/><entry/><link/><entry/>"))
    #expect(records.map(\.content) == [.entry(index: 0), .entry(index: 1), .bundle(entryCount: 2)])
    #expect(summary(records[0].issues) == ["error xml-element-order Bundle.entry[0] 1:88"])
    #expect(summary(records[1].issues).isEmpty)
    #expect(
      summary(records[2].issues) == [
        "error xml-element-order Bundle.type 1:55", "error xml-element-order Bundle.link[0] 1:96",
      ])
  }

  @Test func `a resource of an unknown type is read without a definition`() throws {
    let record = try readXML(fhir("Foo", "<b c=\"1\"/><a value=\"2\"/><b/>"))[0]
    #expect(record.content == .resource)
    #expect(outline(record.tree) == "(Foo)\n  b\n    @c=1\n  b\n  a=2")
  }

  @Test func `readers run side by side`() async throws {
    let document = fhir(
      "Patient", "<id value=\"&lt;\"/><text><div xmlns=\"http://www.w3.org/1999/xhtml\"/></text>")
    let outlines = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<8 {
        group.addTask { try (0..<100).map { _ in outline(try readXML(document, step: 9)[0].tree) } }
      }
      return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
    }
    #expect(
      outlines == ["(Patient)\n  id=<\n  text\n    div=<div xmlns=\"http://www.w3.org/1999/xhtml\"/>"])
  }

  @Test func `repeats that stand apart become neighbours`() throws {
    let record = try readXML(
      fhir(
        "Patient",
        "<name><text value=\"1\"/></name><gender value=\"male\"/><name><text value=\"2\"/></name>"
          + "<zebra value=\"z\"/><lion/><zebra value=\"y\"/>"))[0]
    #expect(
      outline(record.tree)
        == "(Patient)\n  name\n    text=1\n  name\n    text=2\n  gender=male\n  zebra=z\n  zebra=y\n  lion")
    #expect(summary(record.issues) == ["error xml-element-order Patient.name[1] 1:90"])
  }

  @Test func `two types of a choice keep their places in the path`() throws {
    let record = try readXML(
      fhir("Observation", "<valueQuantity><code value=\"1\"/><unit value=\"1\"/></valueQuantity>"))[0]
    #expect(
      summary(record.issues) == ["error xml-element-order Observation.value.ofType(Quantity).unit 1:74"])
  }

  @Test func `unknown attributes are kept and reported`() throws {
    let record = try readXML(
      """
      <Patient xmlns="http://hl7.org/fhir" id="x" xmlns:o="http://o"><gender value="male" use="y" o:z="w"/></Patient>
      """)[0]
    #expect(
      outline(record.tree) == "(Patient)\n  @id=x\n  gender=male\n    @use=y\n    @{http://o}z=w")
    #expect(
      summary(record.issues) == [
        "error unknown-element Patient 1:1", "error unknown-element Patient.gender 1:64",
        "error unknown-element Patient.gender 1:64",
      ])
  }

  @Test func `an attribute written as an element is reported`() throws {
    let record = try readXML(fhir("Patient", "<extension><url value=\"u\"/></extension>"))[0]
    #expect(outline(record.tree) == "(Patient)\n  extension\n    url=u")
    #expect(summary(record.issues) == ["error unknown-element Patient.extension[0].url 1:49"])
  }

  @Test func `text between tags is kept and reported once`() throws {
    let record = try readXML(
      fhir("Patient", "<active>tr&amp;ue</active>\n<name>a<family value=\"f\"/>b</name>"))[0]
    #expect(
      outline(record.tree)
        == "(Patient)\n  active\n    #text=tr&ue\n  name\n    #text=a\n    #text=b\n    family=f")
    #expect(
      summary(record.issues) == ["error xml-text Patient.active 1:46", "error xml-text Patient.name[0] 2:7"])
  }

  // MARK: Namespaces

  @Test(arguments: [nil, 1, 7])
  func `prefixes are as good as a default namespace`(step: Int?) throws {
    let record = try readXML(
      """
      <f:Patient xmlns:f="http://hl7.org/fhir"><f:contained><f:Group/></f:contained><f:gender value="male"/></f:Patient>
      """, step: step)[0]
    #expect(outline(record.tree) == "(Patient)\n  contained(Group)\n  gender=male")
    #expect(record.issues.isEmpty)
  }

  @Test(arguments: ["", " xmlns=\"http://hl7.org/fhir/STU3\""])
  func `a resource without FHIR's namespace is read and reported once`(namespace: String) throws {
    let record = try readXML("<Patient\(namespace)><name><family value=\"F\"/></name></Patient>")[0]
    #expect(record.content == .resource)
    #expect(outline(record.tree) == "(Patient)\n  name\n    family=F")
    #expect(summary(record.issues) == ["error xml-namespace Patient 1:1"])
  }

  @Test func `elements of another namespace are kept apart and reported once`() throws {
    let record = try readXML(
      fhir("Patient", "<gender xmlns=\"http://o\" value=\"1\"><a/></gender><gender value=\"male\"/>"))[0]
    #expect(
      outline(record.tree)
        == "(Patient)\n  {http://o}gender=1\n    {http://o}a\n  gender=male")
    #expect(summary(record.issues) == ["error xml-namespace Patient.{http://o}gender 1:38"])
    let written = writeXML(record.tree).text
    #expect(
      written.hasSuffix(
        fhir("Patient", "<gender xmlns=\"http://o\" value=\"1\"><a/></gender><gender value=\"male\"/>") + "\n"
      ))
  }

  @Test func `the place of a schema is reported and not kept`() throws {
    let record = try readXML(
      """
      <Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://hl7.org/fhir ../patient.xsd"/>
      """)[0]
    #expect(outline(record.tree) == "(Patient)")
    #expect(summary(record.issues) == ["error xml-namespace Patient 1:1"])
  }

  @Test(arguments: ["<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "<project><Patient/></project>"])
  func `XML that is not FHIR is refused at its root`(document: String) throws {
    let records = try readXML(document)
    #expect(records.map(\.content) == [.unreadable])
    #expect(summary(records[0].issues) == ["fatal not-fhir  1:1"])
  }

  // MARK: Syntax

  @Test(arguments: [
    ("<Patient xmlns='http://hl7.org/fhir'><id value='1'></Patient>", "xml-syntax Patient.id 1:62"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value='1/></Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value='1'/>", "xml-syntax Patient 1:53"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value='1' value='2'/></Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value=1/></Patient>", "xml-syntax Patient 1:48"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value='&nbsp;'/></Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'><id value='&#1;'/></Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'><f:id/></Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'>a & b</Patient>", "xml-syntax Patient"),
    ("<Patient xmlns='http://hl7.org/fhir'><!-- a -- b --></Patient>", "xml-syntax Patient"),
    ("<", "xml-syntax"), ("<Patient", "xml-syntax"), ("hello", "xml-syntax"),
    ("{\"resourceType\":\"Patient\"}", "xml-syntax"),
    ("", "empty-input  1:1"), (" \n ", "empty-input"), ("\u{FEFF}", "empty-input"),
    ("<!-- c -->", "empty-input"),
  ])
  func `XML that is not well-formed is unreadable from there on`(document: String, expected: String) throws {
    for step in [nil, 1, 3] as [Int?] {
      let records = try readXML(document, step: step)
      #expect(records.map(\.content) == [.unreadable])
      let fatal = summary(records[0].issues.filter { $0.severity == .fatal })
      #expect(fatal.count == 1)
      #expect(fatal[0].hasPrefix("fatal " + expected), "step \(step ?? 0)")
    }
  }

  @Test(arguments: [
    "<name>", "<name><family", "<name><family value", "<name><family value=", "<name><family value='x'",
    "<name>\n",
    "<name><", "<name></", "<name></na",
  ])
  func `a document that ends too early says so`(begin: String) throws {
    for step in [nil, 1] as [Int?] {
      let records = try readXML(String(fhir("Patient", begin).dropLast("</Patient>".count)), step: step)
      let fatal = records[0].issues.filter { $0.severity == .fatal }
      #expect(
        fatal.map(\.message) == ["the document ends before all elements are closed: it is not complete"])
      #expect(fatal.map(\.expression) == ["Patient"])
    }
  }

  @Test func `entries before a syntax error are delivered`() throws {
    let records = try readXML(
      "<Bundle xmlns=\"http://hl7.org/fhir\"><entry><fullUrl value=\"u\"/></entry><entry><fullUrl </entry></Bundle>"
    )
    #expect(records.map(\.content) == [.entry(index: 0), .unreadable])
    #expect(summary(records[1].issues).allSatisfy { $0.hasPrefix("fatal xml-syntax Bundle.entry[1]") })
    #expect(raw(records[1]) == "<entry><fullUrl </entry></Bundle>")
  }

  @Test func `content behind the root is reported`() throws {
    for rest in ["<Patient/>", "more", "<!-- a comment -->\n<Patient", "&amp;", "<!DOCTYPE a>", "</Patient>"]
    {
      for step in [nil, 1] as [Int?] {
        let records = try readXML(fhir("Patient", "<id value=\"1\"/>") + "\n\(rest)\n", step: step)
        #expect(records.map(\.content) == [.resource, .unreadable], "\(rest)")
        let line = rest.hasPrefix("<!--") ? 3 : 2
        #expect(records[1].issues.map(\.position?.line) == [line], "\(rest) \(records[1].issues)")
        // It is kept as it stands, whatever the reader made of it.
        #expect(raw(records[1]) == rest + "\n", "\(step ?? 0)")
      }
    }
    let empty = try readXML("<Patient xmlns=\"http://hl7.org/fhir\"/>more")
    #expect(raw(empty[1]) == "more")
    let long = try readXML(fhir("Patient", "") + String(repeating: "more ", count: 1_000_000))
    #expect(long[1].raw?.isBeginning == true && raw(long[1])?.hasPrefix("more more") == true)
  }

  @Test func `bytes that are not UTF-8 are refused where they stand`() throws {
    var bytes = Array(fhir("Patient", "\n<id value=\"a").utf8.dropLast(10))
    bytes += [0xC3, 0x28] + Array("\"/></Patient>".utf8)
    let records = try readXML(MemorySource(bytes))
    #expect(records.map(\.content) == [.unreadable])
    #expect(summary(records[0].issues) == ["fatal encoding-utf8 Patient 2:13"])
  }

  @Test(arguments: ["ISO-8859-1", "UTF-16", "us-ascii"])
  func `other encodings are refused`(encoding: String) throws {
    for step in [nil, 1] as [Int?] {
      let records = try readXML(
        "<?xml version='1.0' encoding='\(encoding)'?>" + fhir("Patient", "<id value=\"é\"/>"), step: step)
      #expect(records.map(\.content) == [.unreadable])
      #expect(summary(records[0].issues) == ["fatal xml-encoding  1:1"])
    }
  }

  @Test func `UTF-16 is refused with and without its mark`() throws {
    let text = Array(fhir("Patient", "<id value=\"1\"/>").utf16)
    let little = text.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    for bytes in [little, [0xFF, 0xFE] + little] {
      let records = try readXML(MemorySource(bytes))
      #expect(records.map(\.content) == [.unreadable])
      #expect(summary(records[0].issues) == ["fatal xml-encoding  1:1"])
    }
  }

  @Test(arguments: [nil, 1])
  func `a byte order mark is skipped`(step: Int?) throws {
    let record = try readXML("\u{FEFF}" + fhir("Patient", "<id value=\"1\"/>"), step: step)[0]
    #expect(record.content == .resource)
    #expect(outline(record.tree, positions: true) == "(Patient) 1:1\n  id=1 1:38")
  }

  // MARK: Attacks

  @Test(arguments: [
    "<!DOCTYPE Patient>",
    "<!DOCTYPE Patient SYSTEM \"file:///etc/passwd\">",
    "<!DOCTYPE Patient [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>",
    "<!DOCTYPE Patient [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>",
    "<!DOCTYPE Patient [<!ENTITY % p SYSTEM \"http://localhost:1/x\"> %p;]>",
  ])
  func `a DOCTYPE stops the parse`(doctype: String) throws {
    for step in [nil, 1] as [Int?] {
      let records = try readXML(
        "<?xml version=\"1.0\"?>" + doctype + fhir("Patient", "<id value=\"&c;&a;\"/>"), step: step)
      #expect(records.map(\.content) == [.unreadable])
      #expect(records[0].issues.map(\.rule) == [.xmlDoctype])
    }
  }

  @Test func `ten thousand levels are refused, and the rest of the Bundle is read`() throws {
    let deep =
      String(repeating: "<extension>", count: 10_000) + String(repeating: "</extension>", count: 10_000)
    let bundle = fhir(
      "Bundle",
      "<entry><resource><Patient>\(deep)</Patient></resource></entry><entry><fullUrl value=\"u\"/></entry>")
    let records = try readXML(bundle)
    #expect(records.map(\.content) == [.unreadable, .entry(index: 1), .bundle(entryCount: 2)])
    #expect(records[0].issues.map(\.rule) == [.limitDepth])
    #expect(records[0].issues[0].expression == "Bundle.entry[0]")
    #expect(raw(records[0]) == "<entry><resource><Patient>\(deep)</Patient></resource></entry>")
  }

  @Test func `a narrative that is too deep is refused, and the rest of the Bundle is read`() throws {
    let deep = String(repeating: "<p>", count: 300) + String(repeating: "</p>", count: 300)
    let bundle = fhir(
      "Bundle",
      "<entry><resource><Patient><text><div xmlns=\"http://www.w3.org/1999/xhtml\">\(deep)</div></text></Patient>"
        + "</resource></entry><entry><fullUrl value=\"u\"/></entry>")
    let records = try readXML(bundle)
    #expect(records.map(\.content) == [.unreadable, .entry(index: 1), .bundle(entryCount: 2)])
    #expect(records[0].issues.map(\.rule) == [.limitDepth])
  }

  @Test func `an entry that is too large is refused, and the rest of the Bundle is read`() throws {
    var options = ReadOptions()
    options.maximumResourceBytes = 1000
    let large = String(repeating: "<name><family value=\"F\"/></name>", count: 100)
    let bundle = fhir(
      "Bundle",
      "<entry><resource><Patient>\(large)</Patient></resource></entry><entry><fullUrl value=\"u\"/></entry>")
    let records = try readXML(bundle, options: options)
    #expect(records.map(\.content) == [.unreadable, .entry(index: 1), .bundle(entryCount: 2)])
    #expect(records[0].issues.map(\.rule) == [.limitSize])
  }

  @Test func `of an entry that is too large the beginning is kept, and its nodes are let go of`() throws {
    let names = String(repeating: "<name><family value=\"F\"/></name>\n", count: 200_000)
    let bundle = fhir(
      "Bundle",
      "<entry><resource><Patient><id value=\"a\"/>\(names)</Patient></resource></entry>"
        + "<entry><resource><Patient><id value=\"b\"/></Patient></resource></entry>")
    for limit in ["resource_bytes", "elements"] {
      var options = ReadOptions()
      if limit == "elements" {
        options.maximumElements = 1000
      } else {
        options.maximumResourceBytes = 1_000_000
      }
      let records = try readXML(bundle, options: options)
      try #require(records.map(\.content) == [.unreadable, .entry(index: 1), .bundle(entryCount: 2)])
      #expect(records[0].tree.count == 1)
      let issue = try #require(records[0].issues.first)
      #expect((issue.rule, issue.expression) == (.limitSize, "Bundle.entry[0]"))
      #expect(issue.message.contains("limits.\(limit) in pipeline.yml"))
      let raw = try #require(records[0].raw)
      #expect(
        raw.isBeginning && raw.withBytes { $0.starts(with: "<entry><resource>".utf8) && $0.count < 10_000 })
    }
  }

  @Test func `what stands behind a Bundle's entries is read, however large they are together`() throws {
    var options = ReadOptions()
    options.maximumResourceBytes = 2000
    let entries = String(repeating: "<entry><fullUrl value=\"urn:x\"/></entry>", count: 500)
    let records = try readXML(
      fhir("Bundle", entries + "<signature><who><display value=\"W\"/></who></signature>"), options: options)
    #expect(records.count == 501 && records.last?.content == .bundle(entryCount: 500))
    #expect(records.last?.issues.isEmpty == true && (records.last?.tree.count ?? 0) > 3)
  }

  @Test func `a value of any length is read, however it arrives`() throws {
    let value = String(repeating: "QUJD", count: 3_000_000)
    let document = fhir("Binary", "<contentType value=\"x\"/><data value=\"\(value)\"/>")
    let record = try readXML(document, step: 4096)[0]
    #expect(record.content == .resource)
    #expect(record.tree.rawText(2).elementsEqual(value.utf8))
  }

  @Test func `a value beyond the limit is refused`() throws {
    var options = ReadOptions()
    options.maximumResourceBytes = 100_000
    options.chunkBytes = 10_000
    let records = try readXML(
      fhir("Binary", "<data value=\"\(String(repeating: "A", count: 1_000_000))\"/>"), options: options)
    #expect(records.map(\.content) == [.unreadable])
    #expect(records[0].issues.map(\.rule) == [.limitSize])
  }

  // MARK: Places

  @Test func `lines beyond 65,535 and columns in characters are right`() throws {
    let lines = String(repeating: "\n", count: 70_000)
    let record = try readXML(
      fhir(
        "Patient",
        "\(lines)  <name>\r\n<text value=\"é😀\"/><family\n value=\"é\"/>\t<given value=\"x\"/></name>"))[0]
    #expect(
      outline(record.tree, positions: true) == """
        (Patient) 1:1
          name 70001:3
            text=é😀 70002:1
            family=é 70002:19
            given=x 70003:14
        """)
  }

  // MARK: Attributes without end

  /// libxml2 takes minutes for a megabyte of attributes, of whose values a `>` is a part.
  @Test(arguments: [nil, 1, 977])
  func `a tag of too many attributes ends the reading at once`(step: Int?) throws {
    let many = step == 1 ? 1_001 : 200_000
    let attributes = (0..<many).map { " a\($0)='>'" }.joined()
    let document = fhir(
      "Bundle", "<type value=\"batch\"/><entry><fullUrl value=\"urn:oid:1.2\"/></entry><link\(attributes)/>")
    let records = try readXML(document, step: step)
    #expect(records.first?.content == .entry(index: 0))
    #expect(records.last?.content == .unreadable)
    #expect(records.last?.issues.map(\.rule) == [.limitSize])
  }

  @Test func `two narratives of too many attributes are compared as texts`() throws {
    let attributes = (0..<200_000).map { " a\($0)=''" }.joined()
    #expect(!areSameMarkup("<div\(attributes)/>", "<div\(attributes)></div>"))
  }

  @Test(arguments: [1, 4_099]) func `long values and texts are no attributes`(step: Int) throws {
    let quotes = String(repeating: "\" ' = ", count: step == 1 ? 2_000 : 20_000)
    let value = String(repeating: "A=", count: 10_000)
    let document = fhir(
      "Patient",
      "<text><status value=\"generated\"/><div xmlns=\"http://www.w3.org/1999/xhtml\"><b>\(quotes)</b>\(quotes)</div></text>"
        + "<!-- \(quotes) --><name><family value=\"\(value)\"/></name>")
    let record = try #require(try readXML(document, step: step).first)
    #expect(record.content == .resource && record.issues.isEmpty, "\(summary(record.issues))")
  }
}
