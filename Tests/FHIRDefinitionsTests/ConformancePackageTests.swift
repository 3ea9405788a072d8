import Foundation
import TestSupport
import Testing

@testable import FHIRDefinitions
@testable import FHIRFormats
@testable import FHIRModel

/// Packages that a user brings: indexed at once, read when asked for.
struct ConformancePackageTests {
  static let url = "http://example.org/StructureDefinition/visitor"

  static func structure(_ url: String = url, version: String = "1.0", name: String = "Visitor") -> String {
    """
    {"resourceType": "StructureDefinition", "id": "x", "text": {"status": "generated", "div": "<div>}{\\"</div>"},
     "url": "\(url)", "version": "\(version)", "name": "\(name)", "kind": "resource", "abstract": false,
     "type": "Patient", "derivation": "constraint",
     "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
     "snapshot": {"element": [{"id": "Patient", "path": "Patient", "min": 0, "max": "*"}]},
     "differential": {"element": [{"id": "Patient", "path": "Patient"}]}}
    """
  }

  static func manifest(
    _ name: String, _ version: String = "1.0.0", fhir: String = "4.0.1", needs: [String: String] = [:]
  ) -> String {
    let list = needs.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
    return
      #"{"name": "\#(name)", "version": "\#(version)", "fhirVersions": ["\#(fhir)"], "dependencies": {\#(list)}}"#
  }

  private func name(_ store: ConformanceStore, _ canonical: String) -> String? {
    store.resource(.structureDefinition, canonical: canonical).flatMap {
      NamedElement(root: $0, table: .r4).string("name")
    }
  }

  @Test func `an archive, a plain tar and a folder give the same resources`() throws {
    let builder = PackageBuilder([
      ("a.json", Self.structure()), ("other.json", #"{"resourceType": "Patient"}"#),
    ])
    func check(_ path: String) throws {
      let package = try ConformancePackage(path: path)
      #expect(package.label == "test.package#1.2.3" && package.count == 1)
      let store = ConformanceStore(packages: [package], core: nil)
      #expect(name(store, Self.url) == "Visitor" && name(store, Self.url + "|1.0") == "Visitor")
      #expect(name(store, Self.url + "|2.0") == nil && store.problems.isEmpty)
    }
    try PackageBuilder.withFile(builder.gzip, check)
    try builder.withTar(check)
    try builder.withFolder(check)
    try builder.withFolder { try check($0 + "/package") }
  }

  @Test func `a narrative is not kept, wherever it stands`() throws {
    for json in [
      Self.structure(), #"{"text": {"div": "…"}, "resourceType": "ValueSet", "url": "http://example.org/v"}"#,
      #"{"resourceType": "ValueSet", "url": "http://example.org/v", "text": {"div": "…"}}"#,
    ] {
      let head = try #require(ConformanceHead(SourceChunk(Array(json.utf8))))
      let record = JSONDocument.read(head.chunk)
      #expect(record.content == .resource && record.issues.isEmpty)
      let root = NamedElement(root: record.tree, table: .r4)
      #expect(root.string("url") == head.url && root.resourceType == head.resourceType)
    }
    let head = try #require(ConformanceHead(SourceChunk(Array(Self.structure().utf8))))
    #expect(!String(decoding: head.chunk.buffer, as: UTF8.self).contains("<div>"))
  }

  @Test func `of two packages the later counts, and within one the latest version`() throws {
    let first = PackageBuilder([
      ("a.json", Self.structure(version: "1.9.0", name: "Old")),
      ("b.json", Self.structure(version: "1.10.0", name: "New")),
      ("c.json", Self.structure(version: "1.10.0-ballot", name: "Draft")),
    ])
    let second = PackageBuilder([("z.json", Self.structure(version: "0.5", name: "Own"))])
    try first.withTar { a in
      try second.withTar { b in
        let packages = [try ConformancePackage(path: a), try ConformancePackage(path: b)]
        #expect(name(ConformanceStore(packages: packages), Self.url) == "Own")
        #expect(name(ConformanceStore(packages: packages.reversed()), Self.url) == "New")
        #expect(name(ConformanceStore(packages: packages), Self.url + "|1.9.0") == "Old")
        #expect(name(ConformanceStore(packages: packages), Self.url + "|1.10.0-ballot") == "Draft")
        #expect(
          ConformanceStore(packages: packages).versions(.structureDefinition, url: Self.url)
            == ["0.5", "1.10.0", "1.10.0-ballot", "1.9.0"])
      }
    }
  }

  @Test func `a package's definition goes before the core's of the same URL`() throws {
    let url = "http://hl7.org/fhir/StructureDefinition/Patient"
    try PackageBuilder([("a.json", Self.structure(url, name: "Own"))]).withTar { path in
      let store = ConformanceStore(packages: [try ConformancePackage(path: path)])
      #expect(name(store, url) == "Own" && name(store, url + "|4.0.1") == "Patient")
    }
  }

  @Test func `an index that speaks of every file is believed, and checked when a file is opened`() throws {
    func index(_ files: [(String, String)]) -> String {
      let items = files.map {
        #"{"filename": "\#($0)", "resourceType": "StructureDefinition", "url": "\#($1)", "version": "1.0"}"#
      }
      return #"{"index-version": 1, "files": [\#(items.joined(separator: ","))]}"#
    }
    let files = [("a.json", Self.structure())]
    let url = Self.url
    let honest = PackageBuilder(files + [(".index.json", index([("a.json", url)]))])
    try honest.withFolder {
      let store = ConformanceStore(packages: [try ConformancePackage(path: $0)])
      #expect(name(store, url) == "Visitor")
    }
    let stale = PackageBuilder(files + [(".index.json", index([("gone.json", "http://example.org/gone")]))])
    try stale.withFolder {
      let store = ConformanceStore(packages: [try ConformancePackage(path: $0)])
      #expect(name(store, url) == "Visitor" && name(store, "http://example.org/gone") == nil)
    }
    let wrong = PackageBuilder(files + [(".index.json", index([("a.json", "http://example.org/other")]))])
    try wrong.withFolder {
      let store = ConformanceStore(packages: [try ConformancePackage(path: $0)])
      #expect(name(store, "http://example.org/other") == nil)
      #expect(store.problems.map(\.code) == [.malformed] && store.problems.first?.file == "a.json")
    }
  }

  @Test func `loose resources are read, in JSON, in XML and in Bundles`() throws {
    let xml = """
      <ValueSet xmlns="http://hl7.org/fhir"><url value="http://example.org/v"/><status value="draft"/>
      <compose><include><system value="http://example.org/c"/><concept><code value="a"/></concept></include></compose>
      </ValueSet>
      """
    let bundle = """
      {"resourceType": "Bundle", "type": "collection", "entry": [
       {"resource": {"resourceType": "CodeSystem", "url": "http://example.org/c", "content": "complete"}},
       {"fullUrl": "urn:uuid:1"}, {"resource": \(Self.structure())}]}
      """
    let builder = PackageBuilder(
      verbatim: [("v.xml", xml), ("b.json", bundle), ("notes.txt", "no resource")])
    try builder.withFolder { folder in
      let store = ConformanceStore(packages: [try ConformancePackage(path: folder)], core: nil)
      #expect(name(store, Self.url) == "Visitor")
      #expect(store.resource(.codeSystem, canonical: "http://example.org/c") != nil)
      let tree = try #require(store.resource(.valueSet, canonical: "http://example.org/v"))
      let compose = NamedElement(root: tree, table: .r4).child("compose")
      #expect(compose?.child("include")?.child("concept")?.string("code") == "a")
      let single = try ConformancePackage(path: folder + "/v.xml")
      #expect(single.count == 1)
    }
    try PackageBuilder(verbatim: [("notes.txt", "x")]).withFolder { folder in
      let error = definitionError { _ = try ConformancePackage(path: folder) }
      #expect(error?.code == .notAPackage)
    }
  }

  // MARK: Trouble

  @Test func `a file that is no JSON is told of with package and file, at once or when it is asked for`()
    throws
  {
    let broken = PackageBuilder([("bad.json", #"{"resourceType": "#)])
    try broken.withTar { path in
      let error = definitionError { _ = try ConformancePackage(path: path) }
      #expect(
        error?.code == .malformed && error?.package == "test.package#1.2.3" && error?.file == "bad.json")
    }
    let late = PackageBuilder([("late.json", String(Self.structure().dropLast(20)))])
    try late.withTar { path in
      let store = ConformanceStore(packages: [try ConformancePackage(path: path)])
      #expect(name(store, Self.url) == nil && store.structureDefinition(Self.url) == nil)
      #expect(store.problems.count == 1 && store.problems.first?.file == "late.json")
    }
  }

  @Test func `a package for another version of FHIR is refused`() throws {
    let builder = PackageBuilder([], manifest: Self.manifest("five", fhir: "5.0.0"))
    try builder.withTar { path in
      let error = definitionError { _ = try ConformancePackage(path: path) }
      #expect(error?.code == .wrongVersion && error?.message.contains("5.0.0") == true)
    }
  }

  @Test func `limits hold for files and for what is kept`() throws {
    let builder = PackageBuilder([
      ("a.json", Self.structure()), ("b.json", Self.structure("http://example.org/b")),
    ])
    var small = ConformancePackage.limits
    small.kept = 1000
    var tiny = ConformancePackage.limits
    tiny.file = 200
    for limits in [small, tiny] {
      try builder.withTar { path in
        let error = definitionError { _ = try ConformancePackage(path: path, limits: limits) }
        #expect(error?.code == .tooLarge)
      }
      try builder.withFolder { path in
        let error = definitionError { _ = try ConformancePackage(path: path, limits: limits) }
        #expect(error?.code == .tooLarge)
      }
    }
  }

  @Test func `an archive with flipped bits or cut off gives an error, or what it still holds`() throws {
    let intact = PackageBuilder([("a.json", Self.structure())]).gzip
    var random = SeededGenerator(seed: 1)
    for _ in 0..<300 {
      var bytes = intact
      for _ in 0..<3 {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      try PackageBuilder.withFile(bytes) { path in
        guard let package = try? ConformancePackage(path: path) else { return }
        let store = ConformanceStore(packages: [package])
        for url in package.urls(.structureDefinition) { _ = store.structureDefinition(url) }
      }
    }
  }
}
