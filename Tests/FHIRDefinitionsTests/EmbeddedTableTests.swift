import CDefinitions
import Foundation
import Testing

@testable import FHIRDefinitions
@testable import FHIRModel

/// What HL7's packages say, read in a way of its own and compared with the embedded table.
@Suite(.enabled(if: SharedPackages.areAtHand)) struct EmbeddedTableTests {
  let table = DefinitionTable.r4

  @Test func `the embedded table is what HL7's packages give`() throws {
    let packages = [
      try SharedPackages.read(SharedPackages.core), try SharedPackages.read(SharedPackages.expansions),
    ]
    let listed = ["resource-types", "data-types", "all-types", "defined-types"].map {
      "http://hl7.org/fhir/ValueSet/" + $0
    }
    let bytes = try DefinitionCompiler(packages: packages, listing: listed).table()
    let isCurrent = bytes.withUnsafeBytes { bytes in
      bytes.elementsEqual(UnsafeRawBufferPointer(start: definitions_r4_bytes(), count: definitions_r4_size()))
    }
    #expect(isCurrent, "run make tables")
    #expect(bytes.count < 2_000_000)
  }

  @Test func `the embedded conformance resources are what HL7's packages give`() throws {
    let made = try ConformanceCompiler(
      core: PackageArchive(path: SharedPackages.core),
      expansions: PackageArchive(path: SharedPackages.expansions)
    ).file()
    // Another zlib may zip in other bytes: what counts is what they unzip to.
    let current = try #require(ConformanceFile(keeping: made))
    let embedded = try #require(ConformanceFile.r4)
    #expect(embedded.count == current.count && current.count > 3000)
    var isCurrent = embedded.count == current.count
    for index in 0..<min(embedded.count, current.count) where isCurrent {
      isCurrent =
        embedded.entry(index) == current.entry(index)
        && embedded.bytes(index) == current.bytes(index)
    }
    #expect(isCurrent, "run make tables")
    #expect(made.count < 2_000_000)
  }

  @Test func `every element of every type stands in the table as the package has it`() throws {
    let structures = try types()
    #expect(structures.count == 146 + 2 + 20 + 43)
    var elements = 0
    for structure in structures {
      let root = try #require(structure.elements.first)
      let name = structure.isProfile ? structure.id : root.path
      for element in structure.elements.dropFirst() {
        let path = name + element.path.dropFirst(root.path.count)
        if structure.kind == "primitive-type", path.hasSuffix(".value") { continue }
        elements += 1
        let found = try #require(record(path), "\(path)")
        #expect(Int(found.min) == element.min, "\(path)")
        #expect((found.max == UInt16(DEFINITION_UNBOUNDED) ? "*" : "\(found.max)") == element.max, "\(path)")
        #expect((found.flags & UInt16(ELEMENT_MODIFIER) != 0) == element.isModifier, "\(path)")
        #expect((found.flags & UInt16(ELEMENT_SUMMARY) != 0) == element.isSummary, "\(path)")
        let wanted = element.isContentReference ? 1 : element.typeCount
        #expect(Int(found.type_ref_count) == wanted, "\(path)")
        #expect((found.binding != 0) == element.isBound, "\(path)")
        checkInvariants(element, path: path, found)
      }
    }
    #expect(elements == table.elements.count)
  }

  @Test func `every required or extensible expansion stands in the table, code for code`() throws {
    var expansions: [String: [String]] = [:]
    try forEachFile(SharedPackages.expansions) { name, json in
      guard json["resourceType"] as? String == "ValueSet", let url = json["url"] as? String,
        let expansion = json["expansion"] as? [String: Any], expansion["extension"] == nil
      else { return }
      let contains = expansion["contains"] as? [[String: Any]] ?? []
      expansions[url] = contains.filter { $0["abstract"] as? Bool != true }.compactMap {
        $0["code"] as? String
      }
    }
    var checked = 0
    for (index, set) in table.valueSets.enumerated() where set.codes == UInt8(CODES_LISTED.rawValue) {
      guard let expected = expansions[table.string(set.url)] else { continue }
      checked += 1
      #expect(table.codes(of: index).map { table.string($0.code) } == expected, "\(table.string(set.url))")
    }
    // A few more are composed from their code systems: object-lifecycle-events, data-types.
    #expect(checked > 290)
  }

  // MARK: Reading

  private struct Structure {
    var id: String
    var kind: String
    var isProfile: Bool
    var elements: [Element]
  }

  private struct Element {
    var path: String
    var min: Int
    var max: String
    var typeCount: Int
    var isContentReference: Bool
    var isModifier: Bool
    var isSummary: Bool
    var isBound: Bool
    var constraints: [String]
  }

  private func types() throws -> [Structure] {
    var structures: [Structure] = []
    try forEachFile(SharedPackages.core) { name, json in
      let kinds = ["primitive-type", "complex-type", "resource"]
      guard name.hasPrefix("StructureDefinition-"), let id = json["id"] as? String,
        let kind = json["kind"] as? String, kinds.contains(kind)
      else { return }
      let isProfile = json["derivation"] as? String == "constraint"
      guard !isProfile || ["SimpleQuantity", "MoneyQuantity"].contains(id) else { return }
      let snapshot = json["snapshot"] as? [String: Any]
      let elements = (snapshot?["element"] as? [[String: Any]] ?? []).map { element in
        Element(
          path: element["path"] as? String ?? "", min: element["min"] as? Int ?? -1,
          max: element["max"] as? String ?? "", typeCount: (element["type"] as? [Any])?.count ?? 0,
          isContentReference: element["contentReference"] != nil,
          isModifier: element["isModifier"] as? Bool ?? false,
          isSummary: element["isSummary"] as? Bool ?? false,
          isBound: (element["binding"] as? [String: Any])?["valueSet"] != nil,
          constraints: (element["constraint"] as? [[String: Any]] ?? []).compactMap { $0["key"] as? String })
      }
      structures.append(Structure(id: id, kind: kind, isProfile: isProfile, elements: elements))
    }
    return structures
  }

  private func forEachFile(_ path: String, _ body: (String, [String: Any]) -> Void) throws {
    try PackageArchive(path: path).forEachFile { file in
      guard let json = try? JSONSerialization.jsonObject(with: Data(file.bytes)) as? [String: Any] else {
        return
      }
      body(file.name, json)
    }
  }

  // MARK: Finding

  /// The element at a path: its last step within the type that the steps before name.
  private func record(_ path: String) -> definition_element? {
    guard let dot = path.lastIndex(of: "."), let owner = table.typeID(String(path[..<dot])) else {
      return nil
    }
    var name = String(path[path.index(after: dot)...])
    if name.hasSuffix("[x]") { name.removeLast(3) }
    return table.elements(of: owner).first { table.string(of: NameID(rawValue: $0.name)) == name }
  }

  /// Each of the snapshot's constraints holds for the element: by itself, or by each of its types.
  private func checkInvariants(_ element: Element, path: String, _ found: definition_element) {
    let own = Set(table.invariants(of: found).map { table.string($0.key) })
    for key in element.constraints {
      let holdsByType = table.typeRefs(of: found).allSatisfy { ref in
        table.invariants(of: TypeID(rawValue: ref.type)).contains { table.string($0.key) == key }
      }
      #expect(own.contains(key) != holdsByType, "\(path): \(key)")
    }
    #expect(own.isSubset(of: element.constraints), "\(path)")
  }
}
