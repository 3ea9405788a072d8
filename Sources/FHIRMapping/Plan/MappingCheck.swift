package import FHIRModel
import FHIRPath

/// Looks through mapping files as far as that can be done without data: every mistake, not only the first.
package struct MappingCheck {
  /// A mistake, or what is allowed and hardly meant.
  package struct Finding: Sendable {
    package let error: MappingError
    package let isWarning: Bool

    package init(_ error: MappingError, isWarning: Bool = false) {
      self.error = error
      self.isWarning = isWarning
    }

    package var description: String {
      isWarning
        ? error.description.replacing(": error: ", with: ": warning: ", maxReplacements: 1)
        : error.description
    }
  }

  package private(set) var findings: [Finding] = []
  /// The files that could be compiled.
  package private(set) var plans: [DocumentPlan] = []
  /// All files together; nil where one is missing or has a mistake.
  package private(set) var mappings: MappingSet?
  private let table: DefinitionTable

  /// - Parameter isWhole: whether the files are to make a whole set of mappings.
  package init(files: [(name: String, text: String)], isWhole: Bool, table: DefinitionTable = .r4) {
    self.table = table
    for file in files {
      var mistakes: [MappingError] = []
      do throws(MappingError) {
        let node = try MappingNode(parsing: file.text, file: file.name)
        let plan = try DocumentPlan(node, table: table, mistakes: &mistakes)
        plans.append(plan)
        for field in plan.fields { check(field) }
      } catch {
        mistakes.append(error)
      }
      findings += mistakes.map { Finding($0) }
    }
    guard isWhole, findings.allSatisfy(\.isWarning) else { return }
    do throws(MappingError) {
      mappings = try MappingSet(files: files, table: table)
    } catch {
      findings.append(Finding(error))
    }
  }

  // MARK: Fields

  private mutating func check(_ field: FieldPlan) {
    guard let transform = field.transform else { return }
    if let code = transform as? CodeTransform, let source = field.sources.first { check(code, source, field) }
    if let reference = transform as? ReferenceTransform { check(reference, field) }
    let isRoot = field.rootSource != nil
    if !isRoot, !field.sources.contains(where: { $0.template != nil || $0.isOfRoot }) {
      warn(field, "no resource is made for a value that none has: add make, or it cannot be carried")
    }
    if field.beside == nil, let code = transform as? CodeTransform, !code.otherwise.isEmpty {
      findings.append(
        Finding(
          field.place.error(
            .notInvertible, "words under otherwise are lost without a place to keep them: add beside")))
    }
    for source in field.sources where source.alternative != nil && field.isList {
      findings.append(
        Finding(field.place.error(.notInvertible, "a list has no other place to be read from: take or away")))
    }
  }

  /// A table of codes against the value set that the element is bound to.
  private mutating func check(_ transform: CodeTransform, _ source: FieldSource, _ field: FieldPlan) {
    guard let codes = source.path.requiredCodes(table) else { return }
    for code in transform.table.keys.sorted() where !codes.contains(code) {
      findings.append(
        Finding(
          field.place.error(
            .wrongValue,
            "\(code) is no code of \(source.path.text): expected \(codes.sorted().joined(separator: ", "))")))
    }
    let missing = codes.filter { transform.table[$0] == nil }.sorted()
    if !missing.isEmpty {
      warn(
        field,
        "the table has no word for \(missing.joined(separator: ", ")): the code itself stands in the document"
      )
    }
  }

  private mutating func check(_ transform: ReferenceTransform, _ field: FieldPlan) {
    let type = String(transform.prefix.dropLast())
    guard let id = table.resourceTypeID(type) else {
      let near = table.closestResourceType(to: type).map { ": did you mean \($0)?" } ?? ""
      findings.append(Finding(field.place.error(.type, "R4 has no resource type \(type)" + near)))
      return
    }
    for source in field.sources {
      guard let type = source.path.definition(table)?.type else { continue }
      let targets = table.targets(of: type).map { TypeID(rawValue: $0) }
      if targets.isEmpty || targets.contains(where: { table.isSubtype(id, of: $0) }) { continue }
      findings.append(
        Finding(
          field.place.error(
            .type,
            "\(source.path.text) cannot refer to \(transform.prefix.dropLast()): expected \(targets.map { table.name(of: $0) }.joined(separator: ", "))"
          )))
    }
  }

  private mutating func warn(_ field: FieldPlan, _ message: String) {
    findings.append(Finding(field.place.error(.wrongValue, "\(field.name): \(message)"), isWarning: true))
  }
}

extension FieldSource {
  fileprivate var isOfRoot: Bool { if case .root = resource { true } else { false } }
}
