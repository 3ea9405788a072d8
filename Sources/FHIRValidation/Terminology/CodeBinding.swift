import CDefinitions
import FHIRModel
import FHIRTerminology

/// A binding of an element to a value set, made ready for checks; the value set is fetched when it is first needed.
///
/// See https://hl7.org/fhir/R4/terminologies.html#strength
final class CodeBinding: Sendable {
  enum Strength: UInt8, Sendable { case example, preferred, extensible, required }

  let strength: Strength
  let valueSet: BoundValueSet
  /// The value set that no code may leave, whatever the strength.
  ///
  /// See https://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html
  let maximum: BoundValueSet?

  /// - Parameters:
  ///   - valueSet: a canonical URL, with a version or without.
  ///   - maximum: likewise.
  init(strength: Strength, valueSet: String, maximum: String? = nil, terminology: Terminology) {
    self.strength = strength
    self.valueSet = BoundValueSet(valueSet, terminology)
    self.maximum = maximum.map { BoundValueSet($0, terminology) }
  }

  /// A binding to a value set that is at hand already: one contained in the profile that binds.
  init(strength: Strength, plan: ValueSetPlan, terminology: Terminology) {
    self.strength = strength
    valueSet = BoundValueSet(plan, terminology)
    maximum = nil
  }

  /// The table's binding; nil where no code could break it.
  convenience init?(_ binding: definition_binding, _ table: DefinitionTable, _ terminology: Terminology) {
    func url(_ index: UInt32) -> String { table.string(table.valueSets[Int(index)].url) }
    guard let strength = Strength(rawValue: binding.strength) else { return nil }
    let maximum = binding.max_value_set == 0 ? nil : url(binding.max_value_set - 1)
    guard strength.rawValue >= Strength.extensible.rawValue || maximum != nil else { return nil }
    self.init(
      strength: strength, valueSet: url(binding.value_set), maximum: maximum, terminology: terminology)
  }
}

/// A value set that is compiled when its first code is looked at; after that it is read without a lock.
final class BoundValueSet: Sendable {
  let canonical: String
  private let terminology: Terminology
  private let compiled = SetOnce<ValueSetPlan>()

  init(_ canonical: String, _ terminology: Terminology) {
    self.canonical = canonical
    self.terminology = terminology
  }

  init(_ plan: ValueSetPlan, _ terminology: Terminology) {
    canonical = plan.canonical
    self.terminology = terminology
    _ = compiled.storeIfNil(plan)
  }

  var plan: ValueSetPlan {
    if let plan = compiled.load() { return plan }
    return compiled.storeIfNil(terminology.valueSet(canonical))
  }
}
