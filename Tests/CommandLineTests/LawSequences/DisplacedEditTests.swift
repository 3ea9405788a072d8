import BSON
import Foundation
import Testing

/// Edits of fields that are taken from a section's resources, where others of these come, or go.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct DisplacedEditTests {
  private static func weight(_ id: String, _ day: Int, _ value: Double) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","meta":{"versionId":"1"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-01-\#(day)","valueQuantity":{"value":\#(value),"unit":"lb","system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#
  }

  private static func condition(_ id: String, _ code: String) -> String {
    #"{"resourceType":"Condition","id":"\#(id)","subject":{"reference":"Patient/p"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"\#(code)"}]}}"#
  }

  private func exported(_ workspace: Workspace, _ type: String) throws -> String {
    #expect(try workspace.run("export", "--out", workspace.path("out"), "--overwrite", "--quiet").status == 0)
    return try workspace.read("out/\(type).ndjson")
  }

  @Test(arguments: [160.0, 150.0])
  func `a corrected Observation stays corrected when a newer one comes`(_ newer: Double) throws {
    let workspace = try Workspace()
    let first = try workspace.write("1.ndjson", Self.weight("w1", 10, 150))
    _ = try workspace.importFiles(first)
    try workspace.set("weight", to: .double(155), of: "p", in: "patient_chart")
    let second = try workspace.write("2.ndjson", Self.weight("w2", 20, newer))
    _ = try workspace.importFiles(second)
    #expect(try workspace.document("p", in: "patient_chart")["weight"] == .double(newer))
    let lines = try exported(workspace, "Observation").split(separator: "\n")
    #expect(lines.contains { $0.contains(#""w1""#) && $0.contains(#""value":155"#) }, "\(lines)")
    #expect(lines.contains { $0.contains(#""w2""#) && $0.contains(#""value":\#(newer)"#) }, "\(lines)")
    // Both inputs again say nothing new, nor does the export.
    for input in [first, second, workspace.path("out")] {
      let again = try workspace.importFiles(input)
      #expect(again.loaded.unchanged == again.read, "\(input): \(again)")
    }
    #expect(try exported(workspace, "Observation").split(separator: "\n") == lines)
    #expect(!(try workspace.run("doctor", "--quiet")).output.contains("hash-mismatch"))
    // Another version of it is news.
    let version = Self.weight("w1", 10, 151).replacing(#""versionId":"1""#, with: #""versionId":"2""#)
    #expect(try workspace.importFiles(try workspace.write("3.ndjson", version)).loaded.replaced == 1)
    #expect(try exported(workspace, "Observation").contains(#""value":151"#))
  }

  /// - Parameters:
  ///   - comesWithTargets: whether the Observation comes again with those whom it refers to, and not after them.
  ///   - searches: whether one of its references has found whom it means before.
  @Test(arguments: [true, false], [true, false])
  func `a corrected Observation stays corrected when those come whom it refers to`(
    _ comesWithTargets: Bool, _ searches: Bool
  ) throws {
    let workspace = try Workspace()
    func performer(_ number: Int) -> String {
      #"{"reference":"Practitioner?identifier=http://a.org|\#(number)"}"#
    }
    func practitioner(_ number: Int) -> String {
      #"{"resourceType":"Practitioner","id":"d\#(number)","identifier":[{"system":"http://a.org","value":"\#(number)"}]}"#
    }
    let observation = Self.weight("w1", 10, 150).replacing(
      #""subject""#, with: #""performer":[\#(performer(1)),\#(performer(2))],"subject""#)
    let first = try workspace.write("1.ndjson", (searches ? practitioner(1) + "\n" : "") + observation)
    _ = try workspace.importFiles(first)
    try workspace.set("weight", to: .double(155), of: "p", in: "patient_chart")
    _ = try workspace.importFiles(try workspace.write("2.ndjson", Self.weight("w2", 20, 160)))
    let targets = [practitioner(1), practitioner(2)] + (comesWithTargets ? [observation] : [])
    _ = try workspace.importFiles(try workspace.write("3.ndjson", targets.joined(separator: "\n")))
    func isRight() throws {
      let lines = try exported(workspace, "Observation").split(separator: "\n")
      let line = try #require(lines.first { $0.contains(#""w1""#) })
      #expect(line.contains(#""value":155"#), "\(line)")
      #expect(line.contains("Practitioner/d1") && line.contains("Practitioner/d2"), "\(line)")
      #expect(!(try workspace.run("doctor", "--quiet")).output.contains("hash-mismatch"))
    }
    try isRight()
    for input in [first, workspace.path("3.ndjson"), first, workspace.path("out")] {
      let again = try workspace.importFiles(input)
      #expect(again.loaded.unchanged == again.read, "\(input): \(again)")
      try isRight()
    }
    // Another version of it is news.
    let version = Self.weight("w1", 10, 151).replacing(#""versionId":"1""#, with: #""versionId":"2""#)
    #expect(try workspace.importFiles(try workspace.write("4.ndjson", version)).loaded.replaced == 1)
    #expect(try exported(workspace, "Observation").contains(#""value":151"#))
  }

  @Test
  func `codes that the application added and took away stay so when a Condition comes, and when one goes`()
    throws
  {
    let workspace = try Workspace()
    let all = [Self.condition("a", "E11.9"), Self.condition("b", "I10")]
    _ = try workspace.importFiles(try workspace.write("1.ndjson", all.joined(separator: "\n")))
    try workspace.set("icd_10_codes", to: ["I10", "Z99.2"], of: "p", in: "patient_chart")
    _ = try workspace.importFiles(try workspace.write("2.ndjson", Self.condition("c", "J45")))
    func codes() throws -> Set<String> {
      Set(
        (try workspace.document("p", in: "patient_chart")["icd_10_codes"]?.elements ?? []).compactMap(\.text))
    }
    #expect(try codes() == ["I10", "Z99.2", "J45"])
    let text = try exported(workspace, "Condition")
    #expect(text.contains("Z99.2") && !text.contains("E11.9"))
    let gone =
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Condition/c"}}]}"#
    _ = try workspace.importFiles(try workspace.write("3.json", gone))
    #expect(try codes() == ["I10", "Z99.2"])
    #expect(try workspace.importFiles(workspace.path("1.ndjson")).loaded.unchanged == 2)
    #expect(try codes() == ["I10", "Z99.2"])
  }

  @Test func `what an application says of a chart stays beside the first Observation that comes`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": "p", "name": "Ann Lee"]], into: "patient")
    try workspace.insert([["_id": "p", "weight": 150.5]], into: "patient_chart")
    _ = try workspace.importFiles(try workspace.write("1.ndjson", Self.weight("w", 10, 160)))
    let lines = try exported(workspace, "Observation").split(separator: "\n")
    #expect(
      lines.count == 2 && lines.contains { $0.contains(#""p-weight""#) && $0.contains("150.5") }, "\(lines)")
    let again = try workspace.importFiles(workspace.path("out"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
  }

  @Test func `a skill of a practitioner who has not come is told in FHIR`() throws {
    let workspace = try Workspace()
    let role =
      #"{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/d"},"specialty":[{"text":"Surgery"}]}"#
    _ = try workspace.importFiles(try workspace.write("1.ndjson", role))
    try workspace.set("credentialed_skills", to: ["Surgery", "Cardiology"], of: "d", in: "provider")
    #expect(try exported(workspace, "Practitioner").contains("Cardiology"))
    let again = try workspace.importFiles(workspace.path("out"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    let other = role.replacing(#""r""#, with: #""r2""#).replacing("Surgery", with: "Dermatology")
    _ = try workspace.importFiles(try workspace.write("2.ndjson", other))
    #expect(try exported(workspace, "Practitioner").contains("Cardiology"))
  }

  @Test func `what an application says of a patient who has not come outlives the deletion of what came`()
    throws
  {
    let workspace = try Workspace()
    let coverage =
      #"{"resourceType":"Coverage","id":"c","status":"active","subscriberId":"W0","beneficiary":{"reference":"Patient/p"},"payor":[{"display":"A payer"}]}"#
    _ = try workspace.importFiles(try workspace.write("1.ndjson", coverage))
    try workspace.set("primary_phone", to: "0412345678", of: "p", in: "patient")
    let gone =
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Coverage/c"}}]}"#
    _ = try workspace.importFiles(try workspace.write("2.json", gone))
    let document = try workspace.document("p", in: "patient")
    #expect(document["primary_phone"] == "0412345678" && document["insurance_id"] == nil)
    #expect(try exported(workspace, "Patient").contains("0412345678"))
    let again = try workspace.importFiles(workspace.path("out"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    // So it does where it says that nothing is known.
    _ = try workspace.importFiles(
      try workspace.write("5.ndjson", coverage.replacing("Patient/p", with: "Patient/r")))
    try workspace.set("email", to: .array([]), of: "r", in: "patient")
    _ = try workspace.importFiles(try workspace.write("6.json", gone))
    let rest = try workspace.document("r", in: "patient")
    #expect(rest["email"] == .array([]) && rest["insurance_id"] == nil, "\(rest)")
    // Where nobody says anything, nothing stays.
    _ = try workspace.importFiles(
      try workspace.write("3.ndjson", coverage.replacing("Patient/p", with: "Patient/q")))
    _ = try workspace.importFiles(try workspace.write("4.json", gone))
    #expect(try workspace.documents(in: "patient").count == 2)
  }
}
