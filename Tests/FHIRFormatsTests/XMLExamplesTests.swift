import FHIRFormats
import FHIRModel
import Testing

/// HL7's own instances, each in JSON and in XML, and Bundles of Synthea.
@Suite("XML of the specification's examples", .enabled(if: xmlSharedFolder != nil))
struct XMLExamplesTests {
  /// Pairs whose files themselves say something different.
  private enum Exception {
    /// The XML file was printed anew, with other white space in the narratives; the JSON was not.
    case indentedNarrative
    /// The same numbers are written in two ways (`1.0` and `1.0e0`).
    case otherNumerals
  }

  private static let exceptions: [String: Exception] = [
    "capabilitystatement-base": .indentedNarrative,
    "capabilitystatement-base2": .indentedNarrative,
    "conceptmaps": .indentedNarrative,
    "plandefinition-example-kdn5-simplified": .indentedNarrative,
    "profiles-types": .indentedNarrative,
    "observation-decimal": .otherNumerals,
  ]

  private func records(_ source: any ByteSource, _ name: String) throws -> [Record] {
    let reader = try ResourceReader(source: source, name: name)
    var records: [Record] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  private func sameText(_ exception: Exception?) -> (String, String, String) -> Bool {
    { path, a, b in
      if path.hasSuffix(".div") {
        return areSameMarkup(a, b, whitespace: exception == .indentedNarrative ? .collapsed : .exact)
      }
      return exception == .otherNumerals && Double(a) != nil && Double(a) == Double(b)
    }
  }

  /// Where the records of two sources differ.
  private func differences(_ a: [Record], _ b: [Record], _ exception: Exception? = nil) -> [String] {
    guard a.map(\.content) == b.map(\.content) else { return ["\(a.count) | \(b.count) records"] }
    return zip(a, b).flatMap {
      FHIRFormatsTests.differences($0.tree, $1.tree, sameText: sameText(exception))
    }
  }

  /// The records written as XML: one resource, or a Bundle whose members come last.
  private func write(_ records: [Record], _ layout: XMLWriter.Layout) throws -> (
    bytes: [UInt8], issues: [String]
  ) {
    let output = OutputBuffer()
    var issues: [FHIRModel.Issue] = []
    let last = try #require(records.last)
    if case .bundle = last.content {
      let writer = BundleXMLWriter(to: output, layout: layout)
      issues += writer.begin(last.tree)
      for record in records.dropLast() { issues += writer.add(record.tree) }
      issues += writer.end()
    } else {
      issues += XMLWriter(to: output, layout: layout).write(last.tree)
    }
    return (output.array, summary(issues))
  }

  /// The records written as JSON.
  private func writeJSON(_ records: [Record]) throws -> [UInt8] {
    let output = OutputBuffer()
    let last = try #require(records.last)
    if case .bundle = last.content {
      let writer = BundleJSONWriter(to: output)
      writer.begin(last.tree)
      for record in records.dropLast() { writer.add(record.tree) }
      writer.end()
    } else {
      JSONWriter(to: output).write(last.tree)
    }
    return output.array
  }

  /// The first difference, JSON's arrays and types of values included.
  private func strictDifference(_ a: [Record], _ b: [Record], _ exception: Exception? = nil) -> String? {
    let comparison = TreeComparison(xhtml: {
      XHTMLComparison.canonical($0, whitespace: exception == .indentedNarrative ? .collapsed : .exact)
    })
    for (x, y) in zip(a, b) {
      if let difference = comparison.difference(x.tree, y.tree) { return difference.description }
    }
    return nil
  }

  @Test func `XML written as JSON is the example's own JSON`() throws {
    let folders = ["examples", "synthea/bundles-both"]
    for file in try folders.flatMap({ try xmlSharedFiles("\($0)/xml", suffix: ".xml") }) {
      let name = String(try #require(file.split(separator: "/").last).dropLast(4))
      let jsonFile = file.replacing("/xml/", with: "/json/").dropLast(4) + ".json"
      let json = try records(FileSource(String(jsonFile)), String(jsonFile))
      let xml = try records(FileSource(file), file)
      let written = try records(MemorySource(try writeJSON(xml)), "written.json")
      #expect(written.allSatisfy { $0.issues.isEmpty }, "\(name)")
      #expect(written.map(\.content) == json.map(\.content), "\(name)")
      let exception = file.contains("bundles-both") ? .indentedNarrative : XMLExamplesTests.exceptions[name]
      let difference = strictDifference(json, written, exception)
      if exception == .otherNumerals {
        // Not one element is of another kind: the first number that is written otherwise is the first difference.
        #expect(difference == "Observation.component[2].value.ofType(Quantity).value: the value differs")
      } else {
        #expect(difference == nil, "\(name)")
      }
    }
  }

  @Test func `JSON and XML give the same tree, and both are written as XML that gives it again`() throws {
    let files = try xmlSharedFiles("examples/json", suffix: ".json")
    #expect(files.count == 445)
    var unused = Set(XMLExamplesTests.exceptions.keys)
    for file in files {
      let name = String(try #require(file.split(separator: "/").last).dropLast(5))
      let json = try records(FileSource(file), file)
      let xmlFile = file.replacing("/json/", with: "/xml/").dropLast(5) + ".xml"
      let xml = try records(FileSource(String(xmlFile)), String(xmlFile))
      #expect(json.allSatisfy { $0.issues.isEmpty }, "\(name)")
      #expect(xml.allSatisfy { $0.issues.isEmpty }, "\(name)")

      if differences(json, xml) != [] {
        let exception = XMLExamplesTests.exceptions[name]
        #expect(unused.remove(name) != nil, "\(name) differs")
        #expect(differences(json, xml, exception) == [], "\(name)")
      }
      for (origin, layout) in [(json, XMLWriter.Layout.pretty), (xml, .compact)] {
        let written = try write(origin, layout)
        #expect(written.issues.isEmpty, "\(name)")
        let again = try records(MemorySource(written.bytes), "written.xml")
        #expect(again.allSatisfy { $0.issues.isEmpty }, "\(name)")
        #expect(differences(origin, again) == [], "\(name)")
      }
    }
    #expect(unused.isEmpty, "an exception that is none")
  }

  /// The XML files are indented, their narratives too; the JSON files are not.
  @Test func `Bundles in both formats give the same entries`() throws {
    let files = try xmlSharedFiles("synthea/bundles-both/json", suffix: ".json")
    #expect(files.count == 2)
    for file in files {
      let json = try records(FileSource(file), file)
      let xmlFile = file.replacing("/json/", with: "/xml/").dropLast(5) + ".xml"
      let xml = try records(FileSource(String(xmlFile)), String(xmlFile))
      #expect(json.count > 150)
      #expect(differences(json, xml, .indentedNarrative) == [])
      let written = try write(json, .compact)
      #expect(written.issues.isEmpty)
      #expect(differences(json, try records(MemorySource(written.bytes), "written.xml")) == [])
    }
  }

  /// Every element's place, whatever the boundaries between reads.
  @Test(arguments: [1, 7, 64, 1000])
  func `how the bytes arrive makes no difference`(step: Int) throws {
    for file in try xmlSharedFiles("examples/xml", suffix: ".xml") {
      let bytes = try bytes(of: file)
      // Very many tiny reads are slow, and the files are alike.
      guard bytes.count < 500 * step + 3000 else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      let whole = try readXML(text)
      let pieces = try readXML(text, step: step)
      #expect(whole.map(\.content) == pieces.map(\.content))
      for (a, b) in zip(whole, pieces) {
        #expect(outline(a.tree, positions: true) == outline(b.tree, positions: true), "\(file)")
        #expect(a.issues == b.issues)
      }
    }
  }

  /// Each node's position is the `<` of its tag.
  @Test func `positions point at the tags`() throws {
    for file in try xmlSharedFiles("examples/xml", suffix: ".xml").prefix(150) {
      let lines = String(decoding: try bytes(of: file), as: UTF8.self).unicodeScalars
        .split(separator: "\n", omittingEmptySubsequences: false)
      for record in try readXML(FileSource(file)) {
        let tree = record.tree
        for node in 0..<tree.count {
          let place = tree.nodes[node]
          let rest = lines[Int(place.position) - 1].dropFirst(Int(place.column) - 1)
          let isRoot = node == 0 && tree.rootExpression.isEmpty
          let name = isRoot ? tree.string(at: 0) : elementName(place.name, in: tree)
          let found = String(String.UnicodeScalarView(rest.prefix(name.unicodeScalars.count + 1)))
          // An attribute stands where its element does.
          if !place.flags.contains(.attribute) && found != "<\(name)" {
            Testing.Issue.record("\(file):\(place.position):\(place.column): \(found) is not <\(name)")
          }
        }
      }
    }
  }

  private func bytes(of file: String) throws -> [UInt8] {
    let source = try FileSource(file)
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    while case let count = try source.read(into: buffer), count > 0 { bytes += buffer[..<count] }
    return bytes
  }
}
