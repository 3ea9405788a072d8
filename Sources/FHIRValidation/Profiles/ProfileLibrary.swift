import FHIRDefinitions
import FHIRModel
import FHIRTerminology
import Synchronization

/// The profiles that a run has met, compiled when they are first needed.
final class ProfileLibrary: Sendable {
  /// Types that the compiler and the walk know by name.
  struct Types: Sendable {
    let resource, reference, canonical, `extension`, element, bundle: TypeID
  }

  /// Element names that the walk looks for.
  struct Names: Sendable {
    let id, reference, type, contained, meta, profile, url, `extension`, modifierExtension, code, coding,
      system,
      fullUrl, entry, resource, value: NameID

    init(table: DefinitionTable) {
      func id(_ name: String) -> NameID {
        guard let id = table.nameID(name) else { preconditionFailure("every table has the name \(name)") }
        return id
      }
      self.id = id("id")
      reference = id("reference")
      type = id("type")
      contained = id("contained")
      meta = id("meta")
      profile = id("profile")
      url = id("url")
      `extension` = id("extension")
      modifierExtension = id("modifierExtension")
      code = id("code")
      coding = id("coding")
      system = id("system")
      fullUrl = id("fullUrl")
      entry = id("entry")
      resource = id("resource")
      value = id("value")
    }
  }

  struct Options: Sendable, Hashable {
    /// Whether the absence of must-support elements is told.
    var tellsMustSupport = false
  }

  /// What is known of a canonical URL.
  enum Entry {
    case plan(ProfilePlan)
    /// No package at hand defines it.
    case unknown
    /// There is a definition, but it has no snapshot or constrains no type of R4.
    case unusable
  }

  let table: DefinitionTable
  let types: Types
  let names: Names
  let options: Options
  let terminology: Terminology
  let codedNames: CodedNames
  let answers: TerminologyAnswers
  private let source: @Sendable (String) -> StructureDefinition?
  private let trees: @Sendable (String) -> ResourceTree?
  private let state = Mutex(State())

  private struct State {
    var numbers: [String: ProfileNumber] = [:]
    var canonicals: [String] = []
    var entries: [Entry?] = []
  }

  /// - Parameters:
  ///   - trees: the StructureDefinition of a canonical URL as a resource, with its snapshot.
  ///   - source: the definition of a canonical URL, with its snapshot.
  init(
    table: DefinitionTable, options: Options = Options(), terminology: Terminology,
    trees: @escaping @Sendable (String) -> ResourceTree? = { _ in nil },
    source: @escaping @Sendable (String) -> StructureDefinition?
  ) {
    self.table = table
    self.options = options
    self.terminology = terminology
    codedNames = CodedNames(table: table)
    answers = TerminologyAnswers(terminology, table: table)
    self.source = source
    self.trees = trees
    func type(_ name: String) -> TypeID {
      guard let id = table.typeID(name) else { preconditionFailure("every table has the type \(name)") }
      return id
    }
    names = Names(table: table)
    types = Types(
      resource: type("Resource"), reference: type("Reference"), canonical: type("canonical"),
      extension: type("Extension"), element: type("Element"), bundle: type("Bundle"))
  }

  /// The definition of a canonical URL.
  func definition(_ canonical: String) -> StructureDefinition? { source(canonical) }

  /// The StructureDefinition of a canonical URL as a resource.
  func tree(of canonical: String) -> ResourceTree? { trees(canonical) }

  /// The number of a canonical URL, known or not.
  func number(of canonical: String) -> ProfileNumber {
    state.withLock { state in
      if let known = state.numbers[canonical] { return known }
      let number = ProfileNumber(rawValue: Int32(state.canonicals.count))
      state.numbers[canonical] = number
      state.canonicals.append(canonical)
      state.entries.append(nil)
      return number
    }
  }

  func canonical(of number: ProfileNumber) -> String {
    state.withLock { $0.canonicals[Int(number.rawValue)] }
  }

  /// The plan of a profile, compiled if it was not yet.
  func entry(_ number: ProfileNumber) -> Entry {
    let index = Int(number.rawValue)
    let (known, canonical) = state.withLock { ($0.entries[index], $0.canonicals[index]) }
    if let known { return known }
    // Compiling asks the library for further numbers: it must not hold the lock.
    let entry: Entry
    if let definition = source(canonical) {
      entry = ProfileCompiler.plan(of: definition, library: self).map { .plan($0) } ?? .unusable
    } else {
      entry = .unknown
    }
    return state.withLock { state in
      // Another thread may have been faster: all get the same plan.
      if let known = state.entries[index] { return known }
      state.entries[index] = entry
      return entry
    }
  }

  /// Whether a constraint is one of the core's, stated by one of its types.
  func isCore(_ constraint: ElementDefinition.Constraint) -> Bool {
    guard let source = constraint.source else { return false }
    let name = source.split(separator: "/").last.map(String.init) ?? source
    let isOfCore = !source.contains(":") || CoreType.id(source, table) != nil
    return isOfCore && table.typeID(name) != nil
  }
}
