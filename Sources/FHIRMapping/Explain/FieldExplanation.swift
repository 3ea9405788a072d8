import BSON
import FHIRModel
import FHIRPath

/// What becomes of a field, and what it is made of, read from the compiled plan.
struct FieldExplanation {
  let field: FieldPlan
  let plan: DocumentPlan
  let table: DefinitionTable

  /// Subjects with what is said of each.
  var paragraphs: [(subject: String, sentences: [String])] {
    if let derived = field.derived {
      return [
        ("value", [field.derivedValue(derived)]),
        ("from FHIR", ["made of the Appointments that the document's owner takes part in"]),
        ("to FHIR", ["never written: an application's change of it does not count"]),
      ]
    }
    guard let words = field.transform?.words else { return [] }
    var paragraphs = [("value", [value(words)])]
    paragraphs.append(
      ("from FHIR", field.sources.flatMap(reading) + [words.read].map { "the element: " + $0 }))
    paragraphs.append(("to FHIR", writing(words)))
    var accepted = words.accepts
    if field.isList {
      accepted.append("one value in place of a list")
    } else {
      accepted.append("a list of one")
    }
    accepted.append("null and empty, as if the field were not there")
    paragraphs.append(("also read", accepted))
    return paragraphs
  }

  private func value(_ words: TransformWords) -> String {
    guard field.isList else { return words.value }
    if let separator = field.separator {
      return "a text: items joined with \(separator.debugDescription), each \(words.value)"
    }
    return "a list; each item is \(words.value)"
  }

  // MARK: From FHIR

  private func reading(_ source: FieldSource) -> [String] {
    var sentences = [place(source) + ": " + source.path.words(isList: field.isList || source.choice == .all)]
    if !source.preferred.isEmpty {
      sentences.append(
        "preferred are those whose use is \(source.preferred.joined(separator: ", then ")); old ones come last"
      )
    }
    if let alternative = source.alternative {
      sentences.append("where there is none: \(alternative.words(isList: false))")
    }
    if source.targetName != nil {
      sentences.append(
        "where there is none: the name of the resource that the reference leads to, if it is known")
    }
    if let beside = field.beside {
      sentences.append(
        "a word kept in \(beside.words(isList: false)) goes before the element that stands for it")
    }
    return sentences
  }

  private func place(_ source: FieldSource) -> String {
    switch source.resource {
    case .root(let type): return type
    case .section(let type):
      let codes = source.codes.map { "\($0.code) (\($0.system))" }
      let which = codes.isEmpty ? "" : " with the code \(codes.joined(separator: " or "))"
      let section = plan.member(ofType: type)?.section.name ?? ""
      switch source.choice {
      case .all: return "every \(type)\(which) in \(section)"
      case .newest: return "the newest \(type)\(which) in \(section) that has a value\(dates(type))"
      case .oldest: return "the oldest \(type)\(which) in \(section) that has a value\(dates(type))"
      }
    }
  }

  private func dates(_ type: String) -> String {
    guard let member = plan.member(ofType: type)?.member, !member.dates.isEmpty else { return "" }
    return ", by " + member.dates.map(\.text).joined(separator: ", else ")
  }

  // MARK: To FHIR

  private func writing(_ words: TransformWords) -> [String] {
    var sentences = ["an unchanged value leaves everything as it was", "the element: " + words.write]
    if field.isList {
      sentences.append(
        "items that stay keep all that the field does not say; items that went take their element along")
    } else if field.rootSource != nil {
      sentences.append("a field that was taken away takes its element away")
    } else if field.sources.first?.losesElement ?? false {
      sentences.append(
        "a field that was taken away takes its element away, unless another resource would speak in its place: then that "
          + "stays as it was, and export says so")
    } else {
      sentences.append(
        "a field that was taken away leaves the resource that it came from as it was, and export says so")
    }
    for source in field.sources { sentences += making(source) }
    if let beside = field.beside {
      sentences.append("what the element does not say exactly is kept in \(beside.words(isList: false))")
    }
    if let also = field.also {
      sentences.append("where it is new, or said the same: \(also.words(isList: false)) as well")
    }
    return sentences
  }

  private func making(_ source: FieldSource) -> [String] {
    switch source.resource {
    case .root:
      let conditions = source.path.segments.flatMap(\.conditions).filter { $0.path.map(\.name) != ["url"] }
      var members = conditions.map(\.words)
      members += source.newItem.map { FieldExplanation.members($0) } ?? []
      guard let item = source.path.segments.last(where: { $0.child.repeats && $0.index == nil }) else {
        return []
      }
      let what = "a value that no element has makes a new \(item.child.name)"
      return [members.isEmpty ? what : what + ": " + members.joined(separator: ", ")]
    case .section(let type):
      guard let template = source.template else {
        let isOnly = !field.sources.contains { $0.template != nil } && field.sources.count == 1
        return isOnly ? ["a value that no \(type) has is not carried: the mapping makes none"] : []
      }
      var members = FieldExplanation.members(template).filter { !$0.hasPrefix("resourceType") }
      members += source.absent.map { "\($0.name) is not known, unless a field says it" }
      return [
        "a value that no \(type) has makes a new one"
          + (members.isEmpty ? "" : ": " + members.joined(separator: ", "))
      ]
    }
  }

  /// `status is 'final'`, member by member.
  private static func members(_ fields: BSONFields, under prefix: String = "") -> [String] {
    fields.fields.flatMap { field -> [String] in
      let name = prefix + field.key
      return field.value.listItems.flatMap { item -> [String] in
        if let inner = item.fields { return members(inner, under: name + ".") }
        return item.text.map { ["\(name) is '\($0)'"] } ?? []
      }
    }
  }
}

extension FieldPlan {
  fileprivate func derivedValue(_ derived: Derived) -> String {
    switch derived {
    case .appointments: "a list of ids: all appointments, in the order of their starts"
    case .lastAppointment: "an id: the appointment that starts last"
    }
  }
}
