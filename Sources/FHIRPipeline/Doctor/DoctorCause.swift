/// What the doctor finds wrong. The code is stable; texts are for people.
package enum DoctorCause: String, Sendable, CaseIterable, Comparable {
  /// An id that leads to no document.
  case danglingID = "dangling-id"
  /// One side of a relation knows of it, the other does not.
  case oneSidedList = "one-sided-list"
  /// A list names one id twice.
  case repeatedID = "repeated-id"
  /// One resource stands in two documents, or twice in one.
  case repeatedResource = "repeated-resource"
  /// A resource names somebody else than in whose document it stands.
  case strangersResource = "strangers-resource"
  /// What is noted as the last appointment is not the last.
  case lastAppointment = "last-appointment"
  /// A visit before it was scheduled.
  case visitBeforeScheduled = "visit-before-scheduled"
  /// Billed, though cancelled or missed.
  case billedNotHeld = "billed-not-held"
  case npi = "npi"
  case patientWithoutChart = "patient-without-chart"
  case patientWithTwoCharts = "patient-with-two-charts"
  /// The copy of a chart within its patient says something else than the chart.
  case copyDiffers = "copy-differs"
  case chartOfNobody = "chart-of-nobody"
  case typeDrift = "type-drift"
  case formDrift = "form-drift"
  case unreadableField = "unreadable-field"
  case doubtfulValue = "doubtful-value"
  /// No id that FHIR allows.
  case unfitID = "unfit-id"
  case missingPage = "missing-page"
  case leftOverPage = "left-over-page"
  case hashMismatch = "hash-mismatch"
  case unreadableDocument = "unreadable-document"

  package static func < (a: DoctorCause, b: DoctorCause) -> Bool { a.order < b.order }

  private var order: Int { DoctorCause.allCases.firstIndex(of: self) ?? 0 }

  /// What to do about it, where `--fix` does not.
  var advice: String? {
    switch self {
    case .danglingID: "import what is missing, or remove the id where the application set it"
    case .oneSidedList, .repeatedID, .lastAppointment: nil
    case .repeatedResource:
      "each has one home: find out whose it is, and take it out of the other document, or it exports twice"
    case .strangersResource:
      "find out whose they are: they export as the other's, and go to the other's document when that is imported"
    case .visitBeforeScheduled: "look at both dates: one of them is wrong"
    case .billedNotHeld: "look at the disposition and at the bill"
    case .npi: "an NPI has ten digits, the last of which checks the others (Luhn, with the prefix 80840)"
    case .patientWithoutChart: "import the patient's clinical resources"
    case .patientWithTwoCharts: "keep one, under the patient's _id"
    case .copyDiffers:
      "only the chart counts: move what is right into it, and take the copy out; the next import that brings the patient makes it anew"
    case .chartOfNobody: "import the patient"
    case .typeDrift, .formDrift: "export accepts it; applications may not"
    case .unreadableField: "correct the value: export leaves the field out"
    case .doubtfulValue: "look at the value: export keeps it as text"
    case .unfitID: "export makes an id of it, and has it as an identifier; references follow"
    case .missingPage: "import the patient's resources again: what is not there is loaded"
    case .leftOverPage: "an import that was cut short left it; importing the same again puts it right"
    case .hashMismatch:
      "the resources were changed by hand, or the document is damaged; importing them again does not put them back"
    case .unreadableDocument: "the document is damaged: restore it"
    }
  }
}
