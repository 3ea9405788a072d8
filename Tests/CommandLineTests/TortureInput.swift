import Foundation
import TestSupport
import Testing

/// Patients with all that belongs to them, made for imports that are killed: every resource that import puts somewhere else,
/// references within a Bundle, to what comes later and to what never comes, and a resource that is set aside.
enum TortureInput: String, CaseIterable, CustomTestStringConvertible {
  /// Transaction and batch Bundles by turns.
  case bundles
  /// A file for each type of resource.
  case bulk
  /// As `bulk`, over what another import has loaded: some of it the same, some older, some wanting. Charts go on pages, and a
  /// copy of each into its patient. Some resources move to another patient.
  case changes
  /// Deletions of what another import has loaded, in batches and in transactions, beside what they write; some of what comes is
  /// deleted by a later input.
  case deletions

  static let patients = 80
  private static let observations = 16

  var testDescription: String { rawValue }

  /// What `pipeline.yml` says.
  var configuration: String {
    switch self {
    case .bundles, .bulk: ""
    case .changes, .deletions: "documents:\n  chart: both\n  chart_page_entries: 100\n"
    }
  }

  /// Patients who have a document in the end: who is deleted has one as long as something is in the chart.
  var documents: Int { TortureInput.patients - (self == .deletions ? TortureInput.patients / 8 : 0) }

  /// Writes the input into the workspace's folder `in`, and what was imported before it into `earlier`.
  func write(into workspace: Workspace) throws {
    try workspace.write("pipeline.yml", configuration)
    switch self {
    case .bundles:
      for patient in 0..<TortureInput.patients {
        let isTransaction = patient.isMultiple(of: 2)
        let entries = TortureInput.resources(of: patient, urns: true).map { type, id, json in
          // Some are only to be made.
          let condition = patient % 3 == 0 && type != "Practitioner" ? #","ifNoneMatch":"*""# : ""
          return #"{"fullUrl":"urn:uuid:\#(TortureInput.uuid(type, id))","resource":\#(json),"#
            + #""request":{"method":"PUT","url":"\#(type)/\#(id)"\#(condition)}}"#
        }
        try workspace.write(
          "in/\(patient).json",
          #"{"resourceType":"Bundle","type":"\#(isTransaction ? "transaction" : "batch")","entry":["#
            + entries.joined(separator: ",\n") + "]}")
      }
    case .bulk:
      try TortureInput.write("in", into: workspace) { _, _, json in json }
    case .changes:
      try TortureInput.write("in", into: workspace) { _, _, json in json }
      try TortureInput.write("earlier", into: workspace) { patient, type, json in
        switch (type, patient % 4) {
        case ("Encounter", 0), ("Practitioner", 1), ("Patient", 2): nil
        case ("Observation", _): json.contains("T1") ? json.replacing("kg", with: "g") : nil
        case ("Condition", 3), ("Patient", 1): json
        // It was another patient's before.
        case ("Condition", 2):
          json.replacing(
            #""Patient/p\#(patient)""#, with: #""Patient/p\#((patient + 1) % TortureInput.patients)""#)
        default: json.replacing("Family", with: "Earlier").replacing("Room", with: "Cellar")
        }
      }
    case .deletions:
      try TortureInput.write("earlier", into: workspace) { _, _, json in json }
      try TortureInput.write("in", into: workspace) { _, type, json in
        ["Basic", "Location"].contains(type) ? json.replacing("Room", with: "Cellar") : nil
      }
      for patient in 0..<TortureInput.patients {
        let isTransaction = patient % 4 == 1
        let entries = TortureInput.resources(of: patient, urns: false).compactMap { type, id, json in
          if TortureInput.isDeleted(type, id, of: patient) { return BundleText.delete("\(type)/\(id)") }
          return type == "Condition" && isTransaction
            ? BundleText.put(json.replacing("a condition", with: "another"), "\(type)/\(id)") : nil
        }
        // After the files of lines.
        try workspace.write(
          "in/bundle-\(patient).json", BundleText.bundle(isTransaction ? "transaction" : "batch", entries))
      }
    }
  }

  private static func isDeleted(_ type: String, _ id: String, of patient: Int) -> Bool {
    // Of some nothing is left.
    if patient % 8 == 4, type != "Basic", type != "Location" { return true }
    return switch (type, patient % 4) {
    case ("Patient", 0), ("Appointment", 1), ("Encounter", 2), ("Practitioner", 3): true
    case ("Observation", _): id.utf8.last.map { $0 % 2 == 1 } ?? false
    case ("Condition", let rest): rest == 2
    case ("Location", _): patient % 8 == 0
    default: false
    }
  }

  /// Writes a file for each type, of what the closure leaves of each resource.
  private static func write(
    _ folder: String, into workspace: Workspace,
    _ left: (_ patient: Int, _ type: String, _ json: String) -> String?
  ) throws {
    var files: [String: String] = [:]
    for patient in 0..<TortureInput.patients {
      for (type, _, json) in TortureInput.resources(of: patient, urns: false) {
        if let json = left(patient, type, json) { files[type, default: ""] += json + "\n" }
      }
    }
    for (type, text) in files { try workspace.write("\(folder)/\(type).ndjson", text) }
  }

  private static func uuid(_ type: String, _ id: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "\(type)/\(id)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    let padded = String(repeating: "0", count: 16 - digits.count) + digits
    return "\(padded.prefix(8))-\(padded.dropFirst(8).prefix(4))-4000-8000-\(padded.suffix(12))"
  }

  private static func resources(
    of patient: Int, urns: Bool
  ) -> [(type: String, id: String, json: String)] {
    func reference(_ type: String, _ id: String) -> String {
      urns ? #"{"reference":"urn:uuid:\#(uuid(type, id))"}"# : #"{"reference":"\#(type)/\#(id)"}"#
    }
    let own = reference("Patient", "p\(patient)")
    let doctor = reference("Practitioner", "d\(patient)")
    let visit = reference("Encounter", "e\(patient)")
    let never = #"{"reference":"Organization/never-\#(patient % 7)"}"#
    // Another resource of the same name for all: its patients show it, also those that do not come again when it has another.
    let organization = reference("Organization", "o0")
    let day = "2024-\(10 + patient % 3)-\(10 + patient % 19)"
    let times = #""start":"\#(day)T09:00:00Z","end":"\#(day)T09:30:00Z""#
    var found = [
      (
        "Patient", "p\(patient)",
        #""name":[{"family":"Family\#(patient)","given":["Given"]}],"gender":"female","birthDate":"1970-01-31","#
          + #""managingOrganization":\#(patient % 7 == 3 ? organization : never),"#
          + #""identifier":[{"system":"https://x.org/p","value":"\#(patient)"}],"#
          + #""telecom":[{"system":"phone","value":"0049 30 \#(1000 + patient)"}]"#
      ),
      (
        "Practitioner", "d\(patient)",
        #""name":[{"family":"Doctor\#(patient)"}],"identifier":[{"system":"https://x.org/d","value":"\#(patient)"}]"#
      ),
      (
        "Encounter", "e\(patient)",
        #""status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"#
          + #""subject":\#(own),"participant":[{"individual":\#(doctor)}],"period":{\#(times)}"#
      ),
      (
        "Appointment", "a\(patient)",
        #""status":"booked",\#(times),"participant":[{"actor":\#(own),"status":"accepted"},"#
          + #"{"actor":\#(doctor),"status":"accepted"}]"#
      ),
      (
        "Condition", "c\(patient)",
        #""subject":\#(own),"encounter":\#(visit),"code":{"text":"a condition"},"clinicalStatus":{"coding":[{"#
          + #""system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}"#
      ),
      (
        "Location", "l\(patient)", #""name":"Room \#(patient)","status":"active""#
      ),
    ]
    // Nobody's as long as the patient has not come.
    if patient % 4 == 2 {
      found.append(
        (
          "AllergyIntolerance", "i\(patient)",
          #""patient":{"reference":"Patient?identifier=https://x.org/p|\#(patient)"},"code":{"text":"dust"},"#
            + #""clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/"#
            + #"allergyintolerance-clinical","code":"active"}]}"#
        ))
    }
    if patient == 0 { found.append(("Organization", "o0", #""name":"Room for all""#)) }
    // Some charts have more than fits a page of a hundred.
    for number in 0..<(patient % 20 == 7 ? 130 : observations) {
      found.append(
        (
          "Observation", "o\(patient)-\(number)",
          #""status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":\#(own),"#
            + #""encounter":\#(visit),"effectiveDateTime":"2024-01-01T\#(10 + number % 12):00:00Z","#
            + #""valueQuantity":{"value":\#(40 + number).50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}"#
        ))
    }
    // Set aside; in a batch, as a transaction would fall with it.
    if patient % 10 == 1 {
      found.append(("Basic", "b\(patient)", #""code":{"text":"no such date"},"created":"2024-13-01""#))
    }
    return found.map { type, id, members in
      (type, id, #"{"resourceType":"\#(type)","id":"\#(id)",\#(members)}"#)
    }
  }
}
