import BSON
import Testing

/// Edits of fields of documents whose own resource refers to others, that come, are found, or are called otherwise.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct EditedRootTests {
  private func organization(_ name: String) -> String {
    #"{"resourceType":"Organization","id":"north","name":"\#(name)"}"#
  }

  private static let patient =
    #"{"resourceType":"Patient","id":"p","telecom":[{"system":"phone","value":"555-0101"}],"birthDate":"1980-12-31","managingOrganization":{"reference":"Organization/north"}}"#

  private func exported(_ workspace: Workspace, _ type: String) throws -> String {
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--overwrite", "--quiet").status == 0)
    return try workspace.read("out/\(type).ndjson")
  }

  /// The export again says nothing new, and the doctor has nothing to say.
  private func settles(_ workspace: Workspace) throws {
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--overwrite", "--quiet").status == 0)
    let again = try workspace.importFiles(workspace.path("out"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    let doctor = try workspace.run("doctor", "--quiet")
    #expect(!doctor.output.contains("hash-mismatch"), "\(doctor.output)")
  }

  @Test(arguments: [true, false])
  func `an edit stays when the patient's organization gets another name`(_ comesWithPatient: Bool) throws {
    let workspace = try Workspace()
    let first = organization("Northern Group") + "\n" + Self.patient
    _ = try workspace.importFiles(try workspace.write("1.ndjson", first))
    try workspace.set("primary_phone", to: ["555-9999"], of: "p", in: "patient")
    let second = organization("Group 2") + (comesWithPatient ? "\n" + Self.patient : "")
    _ = try workspace.importFiles(try workspace.write("2.ndjson", second))
    func isRight(_ group: String) throws {
      let document = try workspace.document("p", in: "patient")
      #expect(document["primary_phone"] == ["555-9999"] && document["medical_group"] == .string(group))
      let text = try exported(workspace, "Patient")
      #expect(text.contains("555-9999") && !text.contains("555-0101") && !text.contains("display"), "\(text)")
    }
    try isRight("Group 2")
    try settles(workspace)
    // The same patient again, and a version that says the same of the phone.
    _ = try workspace.importFiles(try workspace.write("3.ndjson", Self.patient))
    try isRight("Group 2")
    _ = try workspace.importFiles(
      try workspace.write("4.ndjson", Self.patient.replacing("1980-12-31", with: "1980-12-30")))
    try isRight("Group 2")
    // What FHIR says anew of the field counts.
    _ = try workspace.importFiles(
      try workspace.write("5.ndjson", Self.patient.replacing("555-0101", with: "555-0102")))
    #expect(try exported(workspace, "Patient").contains("555-0102"))
  }

  @Test func `a group that the application wrote stays when the organization gets another name`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(
      try workspace.write("1.ndjson", organization("Northern Group") + "\n" + Self.patient))
    try workspace.set("medical_group", to: "Ours", of: "p", in: "patient")
    let second = try workspace.write("2.ndjson", organization("Group 2") + "\n" + Self.patient)
    for _ in 0..<2 {
      _ = try workspace.importFiles(second)
      #expect(try workspace.document("p", in: "patient")["medical_group"] == "Ours")
      #expect(try exported(workspace, "Patient").contains(#""display":"Ours""#))
    }
    try settles(workspace)
  }

  private static let visit =
    #"{"resourceType":"Appointment","id":"a","status":"booked","start":"2024-03-01T09:00:00Z","end":"2024-03-01T09:30:00Z","participant":[{"actor":{"reference":"Patient?identifier=http://a.org|1"},"status":"accepted"},{"actor":{"reference":"Practitioner?identifier=http://a.org|2"},"status":"accepted"}]}"#

  @Test func `an edit of an appointment stays when its participants come, and when it comes again`() throws {
    let workspace = try Workspace()
    let visit = try workspace.write("1.ndjson", Self.visit)
    _ = try workspace.importFiles(visit)
    try workspace.set("disposition", to: "no-show", of: "a", in: "appointment")
    func isRight(patient: BSONValue?, provider: BSONValue?) throws {
      let document = try workspace.document("a", in: "appointment")
      #expect(document["patient_id"] == patient && document["provider_id"] == provider, "\(document)")
      #expect(document["disposition"] == "no-show")
      #expect(try exported(workspace, "Appointment").contains(#""status":"noshow""#))
    }
    try isRight(patient: nil, provider: nil)
    let patient = #"{"resourceType":"Patient","id":"p","identifier":[{"system":"http://a.org","value":"1"}]}"#
    _ = try workspace.importFiles(try workspace.write("2.ndjson", patient))
    try isRight(patient: "p", provider: nil)
    #expect(try workspace.document("p", in: "patient")["appointments"] == ["a"])
    let again = try workspace.importFiles(visit)
    #expect(again.loaded.unchanged == 1, "\(again)")
    try isRight(patient: "p", provider: nil)
    let practitioner =
      #"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"http://a.org","value":"2"}]}"#
    _ = try workspace.importFiles(try workspace.write("3.ndjson", practitioner + "\n" + Self.visit))
    try isRight(patient: "p", provider: "d")
    try settles(workspace)
    #expect(try workspace.importFiles(visit).loaded.unchanged == 1)
    // The application's own word on who it is with counts as well.
    try workspace.set("patient_id", to: "q", of: "a", in: "appointment")
    #expect(try workspace.importFiles(visit).loaded.unchanged == 1)
    try isRight(patient: "q", provider: "d")
  }
}
