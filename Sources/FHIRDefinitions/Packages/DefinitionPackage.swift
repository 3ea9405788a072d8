/// The definitions of a FHIR package that rules are compiled from: its structures, value sets and code systems.
package struct DefinitionPackage: Sendable {
  package private(set) var manifest = PackageManifest()
  /// In the order of their files' names, as are the others.
  package private(set) var structures: [StructureDefinition] = []
  package private(set) var valueSets: [ValueSet] = []
  package private(set) var codeSystems: [CodeSystem] = []

  /// `hl7.fhir.r4.core#4.0.1`.
  package var label: String { manifest.label }

  /// Reads a package; its other resources and its examples are left out.
  package init(_ archive: PackageArchive) throws(DefinitionError) {
    var structures: [(file: String, definition: StructureDefinition)] = []
    var valueSets: [(file: String, definition: ValueSet)] = []
    var codeSystems: [(file: String, definition: CodeSystem)] = []
    try archive.forEachFile { (file) throws(DefinitionError) in
      let root = try NamedElement(file: file, package: archive.path)
      if file.name == "package.json" {
        manifest = PackageManifest(root)
        return
      }
      let reading = DefinitionReading(package: archive.path, file: file.name)
      switch root.resourceType {
      case "StructureDefinition": structures.append((file.name, try reading.structure(root)))
      case "ValueSet": valueSets.append((file.name, try reading.valueSet(root)))
      case "CodeSystem": codeSystems.append((file.name, try reading.codeSystem(root)))
      default: break
      }
    }
    guard !manifest.name.isEmpty else {
      throw DefinitionError(
        .notAPackage, package: archive.path, file: "package.json", "is missing or names no package")
    }
    self.structures = structures.sorted { $0.file < $1.file }.map(\.definition)
    self.valueSets = valueSets.sorted { $0.file < $1.file }.map(\.definition)
    self.codeSystems = codeSystems.sorted { $0.file < $1.file }.map(\.definition)
    for index in self.structures.indices { self.structures[index].package = label }
  }
}
