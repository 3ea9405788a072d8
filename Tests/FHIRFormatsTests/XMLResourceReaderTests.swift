import FHIRFormats
import FHIRModel
import Testing

@Suite("Reading XML")
struct XMLResourceReaderTests {
  @Test func `values, attributes and children become nodes`() throws {
    let records = try readXML(
      fhir(
        "Patient",
        """
        <id value="a"/><extension url="http://x"><valueString value="y"/></extension>
        <name id="n"><family value="F"/><given value="G"/><given value="H"/></name>
        <birthDate id="b" value="1970"><extension url="http://z"><valueCode value="q"/></extension></birthDate>
        """))
    #expect(records.count == 1)
    #expect(records[0].content == .resource)
    #expect(records[0].issues.isEmpty)
    #expect(
      outline(records[0].tree) == """
        (Patient)
          id=a
          extension
            @url=http://x
            valueString=y
          name
            @id=n
            family=F
            given=G
            given=H
          birthDate=1970
            @id=b
            extension
              @url=http://z
              valueCode=q
        """)
  }

  @Test func `a wrapped resource has one node with its wrapper`() throws {
    let records = try readXML(
      fhir("Patient", "<contained><Organization><id value=\"o\"/></Organization></contained>"))
    #expect(outline(records[0].tree) == "(Patient)\n  contained(Organization)\n    id=o")
    #expect(records[0].issues.isEmpty)
  }

  @Test func `a wrapper with two resources gives two, and says so`() throws {
    let records = try readXML(
      fhir(
        "Patient",
        "<contained><Organization><id value=\"o\"/></Organization><Group><id value=\"g\"/></Group></contained>"
      ))
    #expect(
      outline(records[0].tree)
        == "(Patient)\n  contained(Organization)\n    id=o\n  contained(Group)\n    id=g")
    #expect(summary(records[0].issues) == ["error contained Patient.contained[1] 1:93"])
  }

  @Test func `entries of a Bundle are records of their own, its other members the last`() throws {
    let records = try readXML(
      fhir(
        "Bundle",
        """
        <type value="collection"/><entry><fullUrl value="urn:1"/><resource><Patient><id value="1"/></Patient>\
        </resource></entry><entry><fullUrl value="urn:2"/></entry><signature><who><display value="w"/></who></signature>
        """))
    #expect(records.map(\.content) == [.entry(index: 0), .entry(index: 1), .bundle(entryCount: 2)])
    #expect(
      outline(records[0].tree) == "entry\n  fullUrl=urn:1\n  resource(Patient)\n    id=1")
    #expect(records[1].tree.rootExpression == "Bundle.entry[1]")
    #expect(
      outline(records[2].tree) == "(Bundle)\n  type=collection\n  signature\n    who\n      display=w")
  }

  @Test func `a Bundle can be one tree`() throws {
    var options = ReadOptions()
    options.splitBundles = false
    let records = try readXML(fhir("Bundle", "<entry><fullUrl value=\"urn:1\"/></entry>"), options: options)
    #expect(records.map(\.content) == [.resource])
    #expect(outline(records[0].tree) == "(Bundle)\n  entry\n    fullUrl=urn:1")
  }

  @Test func `white space, references and CDATA in values`() throws {
    let records = try readXML(
      fhir("Patient", "<id value='a&amp;b&#x26;&lt;&#10;&#9;&#13; c\n\td&quot;&apos;é&#x1F600;'/>"))
    // Line ends and tabs that are not written as references are spaces (XML 1.0, 3.3.3).
    #expect(outline(records[0].tree) == "(Patient)\n  id=a&b&<\n\t\r c  d\"'é😀")
    #expect(records[0].issues.isEmpty)
  }

  @Test func `comments and processing instructions are no content`() throws {
    let records = try readXML(
      "<?xml version='1.0' encoding='utf-8'?><!-- a --><?p q?>"
        + fhir("Patient", "<!-- b --><id value=\"1\"/><?p q?>") + "<!-- c -->\n")
    #expect(outline(records[0].tree) == "(Patient)\n  id=1")
    #expect(records.count == 1)
    #expect(records[0].issues.isEmpty)
  }
}
