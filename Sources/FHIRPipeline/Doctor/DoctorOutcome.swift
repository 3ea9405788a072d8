/// What the doctor found, and what became of it.
package struct DoctorOutcome: Sendable {
  package var database: String
  /// By collection: how many documents were looked at.
  package var documents: [(collection: String, count: Int)] = []
  package var groups: [DoctorGroup] = []
  /// Whether derived fields were to be repaired.
  package var fixes = false
  package var seconds = 0.0

  package init(database: String) { self.database = database }

  package var found: Int { groups.reduce(0) { $0 + $1.count } }
  package var fixed: Int { groups.reduce(0) { $0 + $1.fixed } }

  package var exitStatus: ExitStatus { found > fixed ? .findings : .done }

  // MARK: For people

  /// The findings, group by group.
  package func lines(colours: Bool) -> [String] {
    var lines: [String] = []
    for group in groups {
      let place = FindingText.printable(group.collection + (group.field.map { "." + $0 } ?? ""))
      var text = Terminal.styled(place, .bold, when: colours) + ": " + group.sentence
      if fixes, group.fixed > 0 {
        text += group.fixed == group.count ? " – repaired" : " – \(Amount.grouped(group.fixed)) repaired"
      }
      lines.append(text + " [\(group.cause.rawValue)]")
      for example in group.examples {
        lines.append(
          "    " + FindingText.printable(example.document + (example.other.map { " → " + $0 } ?? "")))
      }
      if group.count > group.examples.count {
        lines.append("    … and \(Amount.grouped(group.count - group.examples.count)) more")
      }
      if group.fixed < group.count {
        if let advice = group.cause.advice { lines.append("    " + advice) }
        if group.isDerived, !fixes {
          lines.append("    fhirline doctor --fix repairs it")
        } else if group.isDerived {
          if let reason = group.refusal {
            lines.append(
              "    MongoDB refused \(Amount.of(group.refused, "repair")): \(FindingText.printable(reason))")
          }
          guard group.fixed + group.refused < group.count else { continue }
          lines.append("    what is not repaired was changed by others meanwhile: run it again")
        }
      }
    }
    return lines
  }

  /// One line that says how it went.
  package var closing: String {
    let looked = documents.reduce(0) { $0 + $1.count }
    var text = "\(database): \(Amount.of(looked, "document")) looked at in \(Amount.seconds(seconds)): "
    // A name with a slip in it is a database too: an empty one.
    if looked == 0 { return "the database \(database) holds no documents" }
    if found == 0 { return text + "nothing wrong" }
    text += Amount.of(found, "finding")
    if fixes { text += ", \(Amount.grouped(fixed)) repaired, \(Amount.grouped(found - fixed)) left" }
    return text
  }

  /// One JSON object.
  package var json: String {
    let milliseconds = Int((seconds * 1000).rounded())
    return JSONText.object([
      ("database", JSONText.quoted(database)),
      ("documents", JSONText.object(documents.map { ($0.collection, String($0.count)) })),
      ("found", String(found)), ("fixed", String(fixed)),
      ("seconds", Amount.milliseconds(milliseconds)),
      (
        "findings",
        JSONText.array(
          groups.map { group in
            JSONText.object([
              ("cause", JSONText.quoted(group.cause.rawValue)),
              ("collection", JSONText.quoted(group.collection)),
              ("field", group.field.map(JSONText.quoted) ?? "null"),
              ("message", JSONText.quoted(group.sentence)), ("count", String(group.count)),
              ("derived", String(group.isDerived)), ("fixed", String(group.fixed)),
              ("refused", String(group.refused)), ("refusal", group.refusal.map(JSONText.quoted) ?? "null"),
              (
                "documents",
                JSONText.array(
                  group.examples.map { example in
                    JSONText.object(
                      [("id", JSONText.quoted(example.document))]
                        + (example.other.map { [("other", JSONText.quoted($0))] } ?? []))
                  })
              ),
            ])
          })
      ),
    ])
  }
}

extension Amount {
  /// Seconds with three digits behind the point.
  static func milliseconds(_ count: Int) -> String {
    let fraction = String(count % 1000)
    return "\(count / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}

extension DoctorGroup {
  /// What is wrong with so many documents.
  package var sentence: String {
    let many = count != 1
    let documents = Amount.of(count, "document")
    func ids(_ verb: String, _ rest: String) -> String { "\(Amount.of(count, "id")) \(verb) \(rest)" }
    switch cause {
    case .danglingID: return ids(many ? "lead" : "leads", "to no document")
    case .oneSidedList:
      return "\(Amount.of(count, "appointment")) \(many ? "are" : "is") known to one side only: "
        + "the list and the appointment do not name each other"
    case .repeatedID: return ids(many ? "stand" : "stands", "in the list more than once")
    case .repeatedResource:
      return "\(documents) with a resource that stands in another document as well, or twice"
    case .strangersResource:
      return
        "\(Amount.of(count, "resource")) that \(many ? "name" : "names") somebody else than in whose document "
        + "\(many ? "they stand" : "it stands")"
    case .lastAppointment: return "\(documents) \(many ? "do" : "does") not name the last appointment"
    case .visitBeforeScheduled: return "\(documents) with a visit before it was scheduled"
    case .billedNotHeld: return "\(documents) billed, though cancelled or missed"
    case .npi: return "\(documents) with something else than an NPI"
    case .patientWithoutChart: return "\(Amount.of(count, "patient")) without a chart"
    case .patientWithTwoCharts: return "\(Amount.of(count, "chart")) too many: the patient has another"
    case .copyDiffers:
      return
        "\(count) \(many ? "copies" : "copy") of a chart that \(many ? "say" : "says") something else than the chart: \(detail)"
    case .chartOfNobody: return "\(Amount.of(count, "chart")) of nobody: there is no such patient"
    case .typeDrift: return "\(documents): \(detail)"
    case .formDrift: return "\(documents) with a value that import writes otherwise"
    case .unreadableField, .doubtfulValue: return "\(documents): \(detail)"
    case .unfitID: return "\(documents) with an _id that FHIR allows no resource to have"
    case .missingPage: return "\(documents) of which a page is missing"
    case .leftOverPage: return "\(Amount.of(count, "page")) left over: the document does not go on so far"
    case .hashMismatch: return "\(documents) with a hash that does not fit the content"
    case .unreadableDocument:
      return "\(documents) that cannot be read" + (detail.isEmpty ? "" : ": \(detail)")
    }
  }
}
