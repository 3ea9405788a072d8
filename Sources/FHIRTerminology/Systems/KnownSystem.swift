internal import FHIRModel
internal import UCUM

/// What is known of a code system: its list, its grammar, or nothing.
package final class KnownSystem: Sendable {
  package let url: String
  /// The version at hand, if it has one.
  package let version: String?
  /// Whether the URL is that of a value set at hand, mistaken for a code system.
  package let isValueSet: Bool
  let bytes: [UInt8]
  let content: Content

  enum Content: Sendable {
    case plan(CodeSystemPlan)
    /// Exactly what follows the grammar is a code.
    case grammar(Grammar)
    /// What does not follow the shape is no code; what does may be one.
    case shape(Shape)
    case unknown
  }

  package enum Grammar: Sendable { case language, mime, ucum }
  package enum Shape: Sendable { case loinc, snomed }

  init(url: String, content: Content, isValueSet: Bool = false) {
    self.url = url
    self.isValueSet = isValueSet
    if case .plan(let plan) = content { version = plan.version } else { version = nil }
    bytes = Array(url.utf8)
    self.content = content
  }

  /// See https://hl7.org/fhir/R4/terminologies-systems.html
  static func standard(_ url: String) -> Content? {
    switch url {
    case "urn:ietf:bcp:47": .grammar(.language)
    case "urn:ietf:bcp:13": .grammar(.mime)
    case "http://unitsofmeasure.org": .grammar(.ucum)
    case "http://loinc.org": .shape(.loinc)
    case "http://snomed.info/sct": .shape(.snomed)
    default: nil
    }
  }

  /// Whether a code is one of the system's.
  package func membership(of code: UnsafeBufferPointer<UInt8>) -> Membership {
    switch content {
    case .plan(let plan): plan.membership(of: code)
    case .grammar(let grammar): Membership(Self.follows(code, grammar))
    case .shape(let shape): Self.follows(code, shape) ? .unknown : .no
    case .unknown: .unknown
    }
  }

  static func follows(_ code: UnsafeBufferPointer<UInt8>, _ grammar: Grammar) -> Bool {
    switch grammar {
    case .language: LanguageTag.isWellFormed(code)
    case .mime: MIMEType.isWellFormed(code)
    case .ucum: UCUMUnit.isValid(code)
    }
  }

  static func follows(_ code: UnsafeBufferPointer<UInt8>, _ shape: Shape) -> Bool {
    switch shape {
    case .loinc: CheckDigits.isLOINC(code)
    case .snomed: CheckDigits.isSNOMED(code)
    }
  }

  /// Why the system cannot judge a code that it does not know.
  package var doubt: TerminologyVerdict.Doubt {
    if case .plan = content { .incompleteCodeSystem(url) } else { .noCodeSystem(url) }
  }

  /// Whether the system is a grammar: none of its codes is listed anywhere.
  package var grammar: Grammar? {
    if case .grammar(let grammar) = content { grammar } else { nil }
  }

  /// Whether only a shape is known of the system's codes.
  package var shape: Shape? {
    if case .shape(let shape) = content { shape } else { nil }
  }

  /// Whether the URL has a scheme, as a code system's must.
  package var isAbsolute: Bool {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let first = bytes.first else { return false }
    return isLetter(first)
      && bytes[..<colon].allSatisfy {
        isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
      }
  }

  package var isKnown: Bool {
    if case .unknown = content { false } else { true }
  }

  /// A code of a system whose list is at hand, and what the list says of it.
  package struct Concept {
    let plan: CodeSystemPlan
    let number: Int

    package var isInactive: Bool { plan.isInactive(number) }
    package var display: String? { plan.display(of: number) }
    package func isDisplay(_ text: UnsafeBufferPointer<UInt8>) -> Bool { plan.isDisplay(text, of: number) }
  }

  package func concept(_ code: UnsafeBufferPointer<UInt8>) -> Concept? {
    guard case .plan(let plan) = content, let number = plan.number(of: code) else { return nil }
    return Concept(plan: plan, number: number)
  }

  /// Whether one code is another, or stands above it in the system's hierarchy.
  package func subsumes(_ above: String, _ below: String) -> Membership {
    if above == below { return .yes }
    guard case .plan(let plan) = content else { return .unknown }
    guard let upper = plan.number(of: above), let lower = plan.number(of: below) else {
      return plan.isComplete ? .no : .unknown
    }
    return Membership(plan.ancestry(of: lower)[upper])
  }

  /// The code of the system that an unknown one was perhaps meant to be.
  package func closestCode(to code: String) -> String? {
    guard case .plan(let plan) = content, plan.codes.count <= 5000 else { return nil }
    return closest(to: code, among: (0..<plan.codes.count).lazy.map { plan.code($0) })
  }

  /// How many codes the system lists; nil if it lists none.
  package var codeCount: Int? {
    guard case .plan(let plan) = content, plan.content != .notPresent else { return nil }
    return plan.codes.count
  }
}
