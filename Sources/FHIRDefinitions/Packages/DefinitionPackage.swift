/// The definitions of a FHIR package that rules are compiled from: its structures, value sets and code systems.
package struct DefinitionPackage: Sendable {
  /// The package's id: `hl7.fhir.r4.core`.
  package private(set) var name = ""
  package private(set) var version = ""
  /// The packages it stands on: versions by id.
  package private(set) var dependencies: [String: String] = [:]
  package private(set) var structures: [StructureDefinition] = []
  package private(set) var valueSets: [ValueSet] = []
  package private(set) var codeSystems: [CodeSystem] = []

  /// `hl7.fhir.r4.core#4.0.1`.
  package var label: String { version.isEmpty ? name : "\(name)#\(version)" }

  /// Reads a package; its other resources and its examples are left out.
  package init(_ archive: PackageArchive) throws(DefinitionError) {
    var files: [(name: String, root: NamedElement)] = []
    try archive.forEachFile { (file) throws(DefinitionError) in
      guard file.name != "package.json" else {
        try readManifest(file, in: archive.path)
        return
      }
      let root = try NamedElement(file: file, package: archive.path)
      switch root.resourceType {
      case "StructureDefinition", "ValueSet", "CodeSystem": files.append((file.name, root))
      default: break
      }
    }
    guard !name.isEmpty else {
      throw DefinitionError(
        .notAPackage, package: archive.path, file: "package.json", "is missing or names no package")
    }
    files.sort { $0.name < $1.name }
    for file in files {
      let reading = DefinitionReading(package: label, file: file.name)
      switch file.root.resourceType {
      case "StructureDefinition": structures.append(try reading.structure(file.root))
      case "ValueSet": valueSets.append(try reading.valueSet(file.root))
      default: codeSystems.append(try reading.codeSystem(file.root))
      }
    }
  }

  /// `package.json`, in the form of npm. See https://hl7.org/fhir/packages.html
  private mutating func readManifest(_ file: PackageArchive.File, in path: String) throws(DefinitionError) {
    let root = try NamedElement(file: file, package: path)
    name = root.string("name") ?? ""
    version = root.string("version") ?? ""
    for dependency in root.child("dependencies")?.children ?? [] {
      dependencies[dependency.name] = dependency.text
    }
  }
}
