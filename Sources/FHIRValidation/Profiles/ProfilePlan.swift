import FHIRModel
import FHIRPath

/// A profile, or an extension's definition, made ready to run: what it asks beyond the types of R4.
///
/// What the definition table says already is left out, since the structure walk has checked it: an element of which a
/// profile says nothing new has no record and is not looked at.
final class ProfilePlan: @unchecked Sendable {
  // Safe to share: the memory is written in `init` only.

  /// `http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient`
  let url: String
  /// `url|version`, if there is a version.
  let canonical: String
  /// The type that it constrains.
  let type: TypeID
  /// Set for the definition of an extension.
  let extensionTerms: ExtensionTerms?
  let records: Records
  /// What reports and slow checks need of an element, by the element's number.
  let details: [ElementDetail]
  /// What of the definition cannot be checked, and is told once.
  let problems: [String]
  /// Bindings that tell slices apart.
  let bindings: [CodeBinding]
  private let storage: PlanStorage

  init(
    url: String, version: String, type: TypeID, extensionTerms: ExtensionTerms?, details: [ElementDetail],
    problems: [String], bindings: [CodeBinding], storage: PlanStorage
  ) {
    self.url = url
    canonical = version.isEmpty ? url : "\(url)|\(version)"
    self.type = type
    self.extensionTerms = extensionTerms
    self.details = details
    self.problems = problems
    self.bindings = bindings
    self.storage = storage
    records = storage.records
  }
}

/// What only reports and slow checks need of an element.
struct ElementDetail: Sendable {
  /// `Patient.identifier:mrn.system`: the path with the names of slices.
  var path: String
  var sliceName: String?
  /// Of a slice: whether its definition says how it is told from others.
  var isTellable = true
  /// The types that the element may have, if the profile narrows them.
  var typeNames: [String] = []
  var typeRules: [TypeRule] = []
  var range: ValueRange?
  var maxLength: Int?
  var binding: CodeBinding?
  var invariants: [PlanInvariant] = []
  /// A primitive without a value must have one of these extensions instead; with none it must have a value.
  var valueAlternatives: [String] = []
  /// In which languages a narrative is to have sections.
  var narrativeLanguages: [String] = []

  /// What a profile asks of a value by its type.
  struct TypeRule: Sendable {
    var type: TypeID
    /// The profiles of which one must hold; empty is none.
    var profiles: [ProfileNumber] = []
    /// The profiles of which a resource referred to must meet one; empty is any.
    var targets: [ProfileNumber] = []
    /// The resource types of the targets; nil if one of them cannot be told.
    var targetTypes: [TypeID]?
    /// How the resource referred to may be held: `contained`, `referenced`, `bundled`; empty is any.
    var aggregation: [String] = []
  }
}

/// An invariant that a profile adds.
struct PlanInvariant: Sendable {
  var key: String
  var isWarning: Bool
  var expression: CompiledExpression
  /// What it demands, for a message: in its author's words and as the expression.
  var words: String

  /// - Parameter human: what its author says of it, of any length, over several lines.
  init(key: String, isWarning: Bool, expression: CompiledExpression, human: String?) {
    self.key = key
    self.isWarning = isWarning
    self.expression = expression
    let said = (human ?? "").prefix(400).split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
    words = said.isEmpty ? expression.text : "\(said) (\(expression.text))"
  }
}

/// The least and the greatest value that an element may have.
struct ValueRange: Sendable {
  var least: PlanValue?
  var greatest: PlanValue?
}

/// A value that a definition gives, by its place in a plan's ``PlanRecords/values``.
struct PlanValue: Sendable, Hashable {
  var node: Int32
  /// The type, as `Quantity` or `date`.
  var type: String
}

/// A canonical URL by its number in the ``ProfileLibrary``.
struct ProfileNumber: RawRepresentable, Hashable, Sendable {
  let rawValue: Int32
}
