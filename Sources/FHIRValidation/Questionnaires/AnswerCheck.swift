import FHIRModel
import FHIRPath
import FHIRTerminology

/// Judges one answer by the item that asked for it: its type, what it is drawn from, and its limits.
///
/// See https://hl7.org/fhir/R4/valueset-item-type.html
struct AnswerCheck {
  private(set) var findings: [ResourceFinding] = []
  private let asked: QuestionnairePlan.Item
  private let answer: ResourceElement

  init(_ answer: ResourceElement, asked: QuestionnairePlan.Item) {
    self.answer = answer
    self.asked = asked
    // A value that is missing is told by the type's definition, or stands as an extension.
    guard let (value, type) = answer.choice("value") else { return }
    guard let allowed = Self.types(of: asked) else { return }
    guard allowed.contains(type) else {
      let names = allowed.sorted().map(Self.elementName).joined(separator: ", ")
      tell(
        .questionnaireAnswer, at: value,
        "item '\(asked.linkID)' is a question of type \(asked.type): its answer must be \(names)")
      return
    }
    checkChoice(value, type)
    checkLimits(value, type)
  }

  /// The types that an answer may have, as the names of elements end; nil where nobody can tell.
  private static func types(of item: QuestionnairePlan.Item) -> Set<String>? {
    switch item.type {
    case "boolean": ["Boolean"]
    case "decimal": ["Decimal"]
    case "integer": ["Integer"]
    case "date": ["Date"]
    case "dateTime": ["DateTime"]
    case "time": ["Time"]
    case "string", "text": ["String"]
    case "url": ["Uri"]
    case "attachment": ["Attachment"]
    case "reference": ["Reference"]
    case "quantity": ["Quantity"]
    case "choice", "open-choice": choiceTypes(of: item)
    default: nil
    }
  }

  private static func choiceTypes(of item: QuestionnairePlan.Item) -> Set<String> {
    let open: Set<String> = item.type == "open-choice" ? ["String"] : []
    switch item.choices {
    case .none: return open.union(["Coding", "Date", "Time", "Integer", "String", "Reference"])
    case .list(_, let types): return open.union(types)
    case .valueSet: return open.union(["Coding"])
    }
  }

  private static func elementName(_ type: String) -> String { "value" + type }

  // MARK: Choices

  private mutating func checkChoice(_ value: ResourceElement, _ type: String) {
    guard asked.type == "choice" || asked.type == "open-choice" else { return }
    let isOpen = asked.type == "open-choice"
    if isOpen && type == "String" { return }
    let given = AnswerValue(value, type: type)
    // An own answer as a Coding without a code.
    if isOpen, case .coding(_, nil, _) = given { return }
    switch asked.choices {
    case .none: break
    case .list(let options, _):
      let answers = options.map { given.isSame(as: $0) }
      if answers.contains(true) || answers.contains(nil) { return }
      tell(
        .questionnaireAnswer, at: answer, position: value,
        "the answer to item '\(asked.linkID)' is none of its \(options.count) options")
    case .valueSet(let plan):
      guard case .coding(let system, let code?, _) = given,
        plan.membership(system: system, code: code) == .no
      else { return }
      tell(
        .questionnaireAnswer, at: value,
        "the answer to item '\(asked.linkID)' must be a code of \(plan.canonical)")
    }
  }

  // MARK: Limits

  private mutating func checkLimits(_ value: ResourceElement, _ type: String) {
    let limits = asked.limits
    let given = AnswerValue(value, type: type)
    if case .text(let text) = given {
      let length = text.unicodeScalars.count
      if let most = limits.maxLength, length > most {
        tellLimit(value, "may have \(most) characters, and has \(length)")
      }
      if let least = limits.minLength, length < least {
        tellLimit(value, "must have at least \(least) characters, and has \(length)")
      }
    }
    if let most = limits.maxDecimalPlaces, case .number(let number) = given, Int(number.scale) > most {
      tellLimit(value, "may have \(most) digits behind the point")
    }
    if let least = limits.least, let order = given.order(least), order < 0 {
      tellLimit(value, "is less than the least value allowed")
    }
    if let greatest = limits.greatest, let order = given.order(greatest), order > 0 {
      tellLimit(value, "is greater than the greatest value allowed")
    }
    if type == "Attachment" { checkAttachment(value) }
    if type == "Reference" { checkReference(value) }
  }

  private mutating func checkAttachment(_ value: ResourceElement) {
    if let most = asked.limits.maxSize, let size = value.text("size").flatMap({ Decimal($0) }), most < size {
      tellLimit(value, "is larger than the attachment may be")
    }
    if !asked.limits.mimeTypes.isEmpty, let type = value.text("contentType"),
      !asked.limits.mimeTypes.contains(where: { Self.matches(type, $0) })
    {
      tellLimit(value, "must be of type \(asked.limits.mimeTypes.sorted().joined(separator: ", "))")
    }
  }

  /// Whether a MIME type is the one asked for, or of it: `image/*`.
  private static func matches(_ type: String, _ pattern: String) -> Bool {
    let plain = type.prefix { $0 != ";" }.lowercased()
    let pattern = pattern.lowercased()
    return pattern.hasSuffix("/*") ? plain.hasPrefix(pattern.dropLast()) : plain == pattern
  }

  private mutating func checkReference(_ value: ResourceElement) {
    guard !asked.limits.resourceTypes.isEmpty, var text = value.text("reference") else { return }
    guard let type = text.withUTF8({ LiteralReference($0, value.table).type }) else { return }
    let name = value.table.name(of: type)
    if !asked.limits.resourceTypes.contains(name) {
      tellLimit(
        value,
        "may not refer to a \(name), only to: \(asked.limits.resourceTypes.sorted().joined(separator: ", "))")
    }
  }

  private mutating func tellLimit(_ value: ResourceElement, _ what: String) {
    tell(.questionnaireAnswer, at: value, "the answer to item '\(asked.linkID)' \(what)")
  }

  private mutating func tell(
    _ rule: Rule, at element: ResourceElement, position: ResourceElement? = nil, _ message: String
  ) {
    findings.append(ResourceFinding(.error, rule, at: element.node, position: position?.node, message))
  }
}
