import Foundation
import Testing

/// `fhirline mapping`: check, test and explain, as a user runs them.
@Suite struct MappingTests {
  private func copy(_ changes: [(file: String, old: String, new: String)]) throws -> Workspace {
    let workspace = try Workspace()
    let source = Program.folder.appending(path: "Mappings")
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name.hasSuffix(".yml")
    {
      var text = try String(contentsOf: source.appending(path: name), encoding: .utf8)
      for change in changes where change.file == name {
        #expect(text.contains(change.old))
        text = text.replacing(change.old, with: change.new, maxReplacements: 1)
      }
      try workspace.write("Mappings/" + name, text)
    }
    return workspace
  }

  private func line(_ text: String, in file: String) throws -> Int {
    let lines = try String(contentsOf: Program.folder.appending(path: "Mappings/" + file), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    return try #require(lines.firstIndex { $0.contains(text) }) + 1
  }

  // MARK: check

  @Test func `the project's mappings have no mistakes`() throws {
    let outcome = try Program.run(["mapping", "check"])
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("4 mapping files"))
    #expect(try Program.run(["mapping", "check", "Mappings/patient.yml"]).status == 0)
  }

  @Test func `every mistake is told at once, with its place and what was expected`() throws {
    let workspace = try copy([
      ("patient.yml", "path: birthDate", "path: brithDate"),
      ("patient.yml", "transform: address", "transform: adress"),
      ("provider.yml", "choose: oldest", "choose: first"),
      ("appointment.yml", "noshow: no-show", "noshwo: no-show"),
    ])
    let outcome = try Program.run(["mapping", "check", workspace.path("Mappings")])
    #expect(outcome.status == 1)
    let places = outcome.lines.map { $0.replacing(workspace.path("Mappings") + "/", with: "") }
    #expect(places.count == 4 + 1, "\(outcome.output)")
    let birthDate = try line("path: birthDate", in: "patient.yml")
    #expect(places[0].hasPrefix("patient.yml:\(birthDate):11: error: ") && places[0].contains("brithDate"))
    #expect(places[1].contains("expected one of text, phone"))
    #expect(places[2].hasPrefix("provider.yml:") && places[2].contains("newest, oldest, all"))
    // A code that R4 does not have, and one that the table lacks now.
    #expect(places[3...].contains { $0.contains("error: noshwo") && $0.contains("noshow") })
    #expect(places[3...].contains { $0.contains("warning: disposition") && $0.contains("noshow") })
  }

  @Test func `a field that R4 would not take is found by trying it`() throws {
    let workspace = try copy([
      ("patient.yml", "      status: active\n    absent: payor", "      status: active"),
      ("patient.yml", "      status: active\n    absent: payor", "      status: active"),
    ])
    let outcome = try Program.run(["mapping", "check", "--mappings", workspace.path("Mappings")])
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("insurance_id: a value exports as FHIR that is not valid: Coverage"))
    let other = try copy([("patient.yml", "    make:\n      status: active\n    absent: payor\n", "")])
    let second = try Program.run(["mapping", "check", "--mappings", other.path("Mappings")])
    #expect(second.output.contains("insurance_id") && second.output.contains("add make"))
  }

  @Test(arguments: [
    "  gender: { path: gender, transform: text }", "  photo_url: { path: photo.url, transform: text }",
    "  marital_status: { path: maritalStatus, transform: concept }",
    "  mrn: { path: \"identifier.where(system = 'http://example.org/mrn').value\", transform: text }",
    "  work_phone: { path: \"contact.telecom.where(system = 'phone' and use = 'work').value\", list: false, transform: phone }",
    "  doctor_id: { path: generalPractitioner, transform: { reference: Practitioner } }",
    "  died: { path: deceased.ofType(dateTime), transform: date }",
    "  nationality: { path: \"extension('http://example.org/nationality').value.ofType(CodeableConcept)\", transform: concept }",
  ])
  func `fields of one's own are taken`(_ line: String) throws {
    let workspace = try copy([("patient.yml", "fields:\n", "fields:\n\(line)\n")])
    let outcome = try Program.run(["mapping", "check", workspace.path("Mappings")])
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test func `a field that is wrong is told once, and those beside it are not blamed`() throws {
    let workspace = try Workspace()
    let chart = try String(contentsOfFile: "Mappings/patient_chart.yml", encoding: .utf8)
    let file = try workspace.write(
      "patient_chart.yml", chart.replacingFirst("status: final", with: "status: finale"))
    for name in ["patient", "provider", "appointment"] {
      try workspace.write(
        name + ".yml", try String(contentsOfFile: "Mappings/\(name).yml", encoding: .utf8))
    }
    let outcome = try Program.run(["mapping", "check", "--mappings", workspace.folder.path])
    #expect(outcome.status == 1)
    let errors = (outcome.output + outcome.errors).split(separator: "\n").filter { $0.contains(": error: ") }
    #expect(errors.count == 1 && errors[0].contains("height_in: "), "\(errors)")
    #expect(file.hasSuffix("patient_chart.yml"))
  }

  @Test func `a type that has two homes is told with the line of the second`() throws {
    let workspace = try Workspace()
    for name in ["patient", "patient_chart", "provider", "appointment"] {
      let text = try String(contentsOfFile: "Mappings/\(name).yml", encoding: .utf8)
      try workspace.write(
        name + ".yml", text.replacingFirst("type: DiagnosticReport", with: "type: Observation"))
    }
    let outcome = try Program.run(["mapping", "check", "--mappings", workspace.folder.path])
    let lines = try String(contentsOfFile: workspace.path("patient_chart.yml"), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let second = try #require(lines.lastIndex { $0.contains("type: Observation") }) + 1
    #expect(
      (outcome.output + outcome.errors).contains(
        "patient_chart.yml:\(second):11: error: the type Observation has two homes"))
  }

  @Test func `a field by its own name, and a mapping's path, are explained`() throws {
    let field = try Program.run(["mapping", "explain", "npi"])
    #expect(field.status == 0 && field.output.hasPrefix("provider.npi\n"))
    let both = try Program.run(["mapping", "explain", "email"])
    #expect(both.output.contains("patient.email\n") && both.output.contains("provider.email\n"))
    let path = try Program.run(["mapping", "explain", "Patient.telecom.where(system = 'phone').value"])
    #expect(path.status == 0 && path.output.contains("patient.primary_phone"))
    #expect(try Program.run(["mapping", "explain", "nothing"]).status != 0)
  }

  @Test func `two fields that write to one element are refused`() throws {
    let workspace = try copy([
      ("provider.yml", "system = 'email'", "system = 'phone'")
    ])
    let outcome = try Program.run(["mapping", "check", workspace.path("Mappings/provider.yml")])
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("the fields email and primary_phone both write to"))
  }

  @Test func `a file that is not there, or no mapping`() throws {
    #expect(try Program.run(["mapping", "check", "nowhere.yml"]).status == 2)
    let workspace = try Workspace()
    let file = try workspace.write("x.yml", "document: [\n")
    let outcome = try Program.run(["mapping", "check", file])
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("x.yml:") && outcome.output.contains("not YAML"))
  }

  // MARK: test

  @Test func `the examples beside the mappings hold`() throws {
    let outcome = try Program.run(["mapping", "test", "--list"])
    #expect(outcome.status == 0, "\(outcome.output)")
    for kind in ["patient", "patient_chart", "provider", "appointment"] {
      #expect(outcome.lines.contains { $0.hasPrefix("holds  \(kind): ") })
    }
  }

  @Test func `what does not hold is told with its place`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "e.yml",
      """
      document: patient
      examples:
        - example: wrong value
          fhir: { resourceType: Patient, id: a, birthDate: '1980-12-31', gender: male }
          document: { date_of_birth: '1981-12-31', email: a@example.org }
          edits:
            - set: { date_of_birth: 1990-01-01 }
              fhir: { Patient/a: { gender: female, birthDate: '1990-01-01' } }
        - example: not valid
          fhir: { resourceType: Patient, id: a, gender: m }
        - example: native
          stored: { _id: b, name: Ann Li, vip: true }
          exports: { resourceType: Patient, id: b, name: [{ family: Lee, given: [Ann] }] }
      """)
    let outcome = try Program.run(["mapping", "test", file])
    #expect(outcome.status == 1)
    let lines = outcome.lines.map { $0.replacing(file, with: "e.yml") }
    #expect(
      lines == [
        #"e.yml:3:5: error: wrong value: date_of_birth: expected "1981-12-31", found 1980-12-31"#,
        #"e.yml:3:5: error: wrong value: email: expected "a@example.org", found nothing"#,
        #"e.yml:7:9: error: wrong value: Patient/a: gender: expected "female", found "male""#,
        lines[3],
        "e.yml:11:5: error: native: vip is told of, and not under told: has no home in FHIR: it stays in the document",
        #"e.yml:11:5: error: native: Patient/b: name[0].family: expected "Lee", found "Li""#,
      ], "\(outcome.output)")
    #expect(lines[3].hasPrefix("e.yml:9:5: error: not valid: Patient.gender: not valid FHIR"))
    #expect(outcome.errors.contains("3 examples: 0 hold, 3 do not"))
  }

  @Test func `a file of examples is read strictly`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "e.yml", "document: patient\nexamples:\n  - example: x\n    fihr: { resourceType: Patient }\n")
    let outcome = try Program.run(["mapping", "test", file])
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("e.yml:4:5: error: there is no key fihr here: expected one of example, fhir"))
  }

  // MARK: explain

  @Test func `a field and an element are explained`() throws {
    let outcome = try Program.run(["mapping", "explain", "patient.primary_phone", "Patient.telecom"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("value of every telecom whose system is 'phone'"))
    #expect(outcome.output.contains("nine bare digits"))
    #expect(outcome.output.contains("patient.email, by telecom.where(system = 'email').value"))
    let line = try line("  primary_phone:", in: "patient.yml")
    #expect(outcome.output.contains("Mappings/patient.yml:\(line):3"))
  }

  @Test(arguments: [
    ("Observation", "patient_chart.observations of the Patient that its subject refers to"),
    ("Observation.valueQuantity", "patient_chart.weight"),
    ("Observation.effective", "which of several is the newest"),
    ("Claim", "a document of its own, kept whole"),
    ("patient_chart", "the collection patient_chart"),
    ("patient.coverages", "every Coverage whose beneficiary refers to the Patient"),
    ("appointment.disposition", "rescheduled as cancelled, the word kept beside it"),
    ("patient.appointments", "never written"),
    ("Patient.gender", "stays in the document under fhir"),
  ])
  func `a type, a section, a document`(_ subject: String, _ words: String) throws {
    let outcome = try Program.run(["mapping", "explain", subject])
    #expect(outcome.status == 0)
    let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains(words), "\(outcome.output)")
  }

  @Test(arguments: [
    ("Patient.telecom.where(system = 'phone').value", "patient.primary_phone", "patient.email"),
    ("Patient.telecom.where(system = 'fax').value", "stays in the document", "patient.primary_phone"),
    ("Patient.id", "the _id of its document", "becomes"),
    ("Coverage.beneficiary", "whose patient", "becomes"),
    ("Observation.code", "whether patient_chart.height_in is taken from it: by 8302-2", "provider"),
    ("Organization.name", "patient.medical_group, where managingOrganization refers", "becomes"),
    ("Observation.component[0].value[x]", "patient_chart.blood_pressure", "height_in"),
    ("resource", "no other document has a place for", "patient"),
    ("Practitioner.identifier", "search", "patient."), ("Patient.meta.versionId", "the newer", "becomes"),
  ])
  func `an element is explained as it was chosen, with what it decides`(
    _ subject: String, _ words: String, _ others: String
  ) throws {
    let outcome = try Program.run(["mapping", "explain", subject])
    let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(outcome.status == 0 && text.contains(words) && !text.contains(others), "\(outcome.output)")
  }

  @Test(arguments: [
    ("patient.nam", "did you mean name?"), ("patint.name", "did you mean patient?"),
    ("Patent", "did you mean Patient?"), ("Patient.telecom.sytem", "did you mean system?"),
    ("Patient.birthdate", "did you mean birthDate?"), ("Patient.name[first]", "an index must be a number"),
    ("Patient.deceased.ofType(string)", "expected boolean, dateTime"),
    ("Patient.name.", "expected a document"),
    ("Patient.name.last()", "last() cannot be used in a mapping"), ("", "expected a document"),
  ])
  func `what is not there is told with what was perhaps meant`(_ subject: String, _ words: String) throws {
    let outcome = try Program.run(["mapping", "explain", subject])
    #expect(
      outcome.status == 2 && outcome.output.isEmpty && outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func `a file that nobody reads is told`() throws {
    let workspace = try copy([])
    try workspace.write("Mappings/patients.yml", "document: patient")
    let outcome = try Program.run(["mapping", "check", "--mappings", workspace.path("Mappings")])
    #expect(outcome.status == 0)
    #expect(
      outcome.output.contains("patients.yml: warning: this file is read by nobody"), "\(outcome.output)")
  }

  @Test func `the explanation follows the mapping`() throws {
    let workspace = try copy([("patient.yml", "  email:\n", "  e_mail:\n")])
    let arguments = ["mapping", "explain", "--mappings", workspace.path("Mappings")]
    #expect(try Program.run(arguments + ["Patient.telecom"]).output.contains("patient.e_mail"))
    let unknown = try Program.run(arguments + ["patient.email"])
    #expect(unknown.status == 2)
    #expect(unknown.errors.contains("patient has no field email: did you mean e_mail? expected one of name"))
    #expect(try Program.run(arguments + ["Patient.birthdate"]).errors.contains("birthDate"))
  }
}

extension String {
  fileprivate func replacingFirst(_ text: String, with other: String) -> String {
    replacing(text, with: other, maxReplacements: 1)
  }
}
