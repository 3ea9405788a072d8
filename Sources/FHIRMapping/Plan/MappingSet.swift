package import FHIRModel
package import FHIRPath
import Foundation
import Synchronization

/// The four mappings, compiled: what every resource becomes, and what becomes of every field.
package struct MappingSet: Sendable {
  package let plans: [DocumentKind: DocumentPlan]
  package let homes: HomePlan
  /// By type: the references whose targets' names documents show.
  package let namedTargets: [(type: String, path: InvertiblePath)]
  /// The fields that say what others may call a document's resource.
  package let namingFields: [NamingField]

  /// The mappings that are built into the program; they are those of the project's `Mappings` folder.
  package static func builtIn() throws(MappingError) -> MappingSet {
    try MappingSet(files: BuiltInMappings.files)
  }

  /// The texts of the mappings that are built in.
  package static var builtInFiles: [(name: String, text: String)] { BuiltInMappings.files }

  /// Reads `patient.yml`, `patient_chart.yml`, `provider.yml` and `appointment.yml` of a folder.
  package static func load(directory: String) throws(MappingError) -> MappingSet {
    try MappingSet(files: try files(directory: directory))
  }

  /// The texts of a folder's mapping files.
  package static func files(
    directory: String
  ) throws(MappingError) -> [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    for kind in DocumentKind.mapped {
      let path = directory + (directory.hasSuffix("/") ? "" : "/") + kind.rawValue + ".yml"
      files.append(try file(path, of: kind.rawValue))
    }
    return files
  }

  /// - Parameter document: what the file is to describe, where that is known.
  package static func file(
    _ path: String, of document: String? = nil
  ) throws(MappingError) -> (name: String, text: String) {
    guard let data = FileManager.default.contents(atPath: path) else {
      let fault = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "is not there"
      throw MappingError(
        .missingFile,
        document.map { "the mapping of \($0) \(fault); a folder of mappings has a file for each document" }
          ?? "the file \(fault)",
        file: path)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw MappingError(.unreadable, "the file is not UTF-8", file: path)
    }
    return (path, text)
  }

  /// Compiles mappings given as texts; names are for messages.
  package init(files: [(name: String, text: String)], table: DefinitionTable = .r4) throws(MappingError) {
    var plans: [DocumentKind: DocumentPlan] = [:]
    for result in MappingSet.compiled(files, table) {
      let (plan, whenSecond) = try result.get()
      guard plans.updateValue(plan, forKey: plan.kind) == nil else { throw whenSecond }
    }
    for kind in DocumentKind.mapped where plans[kind] == nil {
      throw MappingError(
        .missingFile, "no file describes the document \(kind.rawValue)", file: files.first?.name ?? "Mappings"
      )
    }
    // Documents of two kinds may have one `_id`.
    for kind in DocumentKind.mapped {
      guard let plan = plans[kind],
        let other = plans.values.first(where: {
          $0.kind < kind && $0.collection == plan.collection
        })
      else { continue }
      throw plan.collectionPlace.error(
        .conflict, "\(plan.collection) is the collection of \(other.kind.rawValue): expected one of its own")
    }
    self.plans = plans
    namedTargets = plans.sorted { $0.key < $1.key }.flatMap { _, plan in
      plan.fields.flatMap { field in
        field.sources.compactMap { source in
          switch source.resource {
          case .root(let type), .section(let type): source.targetName.map { (type, $0) }
          }
        }
      }
    }
    namingFields = plans.sorted { $0.key < $1.key }.flatMap { _, plan in
      plan.fields.compactMap { NamingField($0, of: plan) }
    }
    homes = try HomePlan(plans, table: table)
  }

  /// A file's plan, and what is wrong where another file describes the same document.
  private typealias Compiled = Result<(DocumentPlan, whenSecond: MappingError), MappingError>

  /// Each file by itself, and all at once: every import waits for this before it reads anything.
  private static func compiled(
    _ files: [(name: String, text: String)], _ table: DefinitionTable
  ) -> [Compiled] {
    let results = Mutex([Compiled?](repeating: nil, count: files.count))
    DispatchQueue.concurrentPerform(iterations: files.count) { number in
      let result = Compiled { () throws(MappingError) in
        let node = try MappingNode(parsing: files[number].text, file: files[number].name)
        let plan = try DocumentPlan(node, table: table)
        return (plan, node.error(.conflict, "two files describe the document \(plan.kind.rawValue)"))
      }
      results.withLock { $0[number] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }

  /// The plan of a kind of document; `resource` has none.
  package func plan(_ kind: DocumentKind) -> DocumentPlan? { plans[kind] }
}
