import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// README's guarantees, one by one, through the command line and a real MongoDB.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct GuaranteeTests {
  @Test func `a field edited in MongoDB is changed in the export, and nothing else`() throws {
    let workspace = try Workspace()
    let file = try workspace.write(
      "in.ndjson",
      #"{"resourceType":"Patient","id":"p","gender":"female","_birthDate":{"id":"b"},"birthDate":"1970-01-31","#
        + #""name":[{"family":"Doe","given":["Jo"]}],"extension":[{"url":"https://x.org/e","valueDecimal":1.00}]}"#
        + "\n")
    _ = try workspace.importFiles(file)
    try workspace.set("date_of_birth", to: "1970-02-01", of: "p", in: "patient")
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    let exported = try workspace.read("out/Patient.ndjson")
    let expected = try workspace.read("in.ndjson").replacing("1970-01-31", with: "1970-02-01")
    try workspace.write("expected.ndjson", expected)
    try workspace.write("exported.ndjson", exported)
    let comparison = try workspace.run(
      "compare", workspace.path("expected.ndjson"), workspace.path("exported.ndjson"))
    #expect(comparison.status == 0, "\(comparison.output)\(exported)")
  }

  @Test func `a Bundle's shell is not kept, a Bundle inside another is`() throws {
    let workspace = try Workspace()
    let inner =
      #"{"resourceType":"Bundle","id":"inner","type":"collection","entry":[{"resource":"#
      + #"{"resourceType":"Patient","id":"held"}}]}"#
    let file = try workspace.write(
      "in.json",
      #"{"resourceType":"Bundle","id":"shell","type":"collection","entry":[{"resource":\#(inner)},{"resource":"#
        + #"{"resourceType":"Patient","id":"p"}}]}"#)
    let lines = try workspace.write(
      "in.ndjson",
      #"{"resourceType":"Bundle","id":"line","type":"collection","entry":[{"resource":"#
        + #"{"resourceType":"Patient","id":"q"}}]}"# + "\n")
    let summary = try workspace.importFiles(file, lines)
    #expect(summary.read == 3 && summary.loaded.inserted == 3)
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    #expect(try workspace.read("out/Bundle.ndjson") == inner + "\n")
    let patients = try workspace.read("out/Patient.ndjson")
    #expect(patients.contains("\"p\"") && patients.contains("\"q\"") && !patients.contains("held"))
  }

  @Test
  func `every line that is a Bundle is loaded whole, with references of its own, whichever worker reads it`()
    throws
  {
    let workspace = try Workspace()
    // The same URN in every Bundle: each means the patient beside it.
    let lines = (0..<400).map { number in
      #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:6a1f52f0-3c1e-4d0e-9b51-6e9a5c1f0001","#
        + #""resource":{"resourceType":"Patient","id":"p\#(number)"}},{"resource":{"resourceType":"Observation","#
        + #""id":"o\#(number)","status":"final","code":{"text":"c"},"subject":{"reference":"#
        + #""urn:uuid:6a1f52f0-3c1e-4d0e-9b51-6e9a5c1f0001"}}}]}"#
    }
    let halves = [lines.prefix(200), lines.suffix(200)].map { $0.joined(separator: "\n") }
    let one = try workspace.write("one.ndjson", halves[0])
    let two = try workspace.write("two.ndjson", halves[1])
    let summary = try workspace.importFiles(one, two, "--workers", "4")
    #expect(summary.read == 800 && summary.loaded.inserted == 800)
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    let observations = try workspace.read("out/Observation.ndjson").split(separator: "\n")
    #expect(observations.count == 400)
    let strays = try observations.filter { observation in
      let number = try #require(observation.firstMatch(of: /"id":"o(\d+)"/)?.output.1)
      return !observation.contains("Patient/p\(number)\"")
    }
    #expect(strays.count == 0)
  }

  @Test func `a patient's medical group is its organization's name where the reference shows none`() throws {
    let workspace = try Workspace()
    let organization = #"{"resourceType":"Organization","id":"o","name":"North Clinic"}"#
    let patient =
      #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}"#
    let all = try workspace.write("in.ndjson", patient + "\n" + organization + "\n")
    _ = try workspace.importFiles(all)
    #expect(try workspace.document("p", in: "patient")["medical_group"] == "North Clinic")
    // What is only shown goes back into no resource, and comes as no news.
    _ = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    #expect(try workspace.read("out/Patient.ndjson") == patient + "\n")
    let alone = try workspace.importFiles(workspace.path("out/Patient.ndjson"))
    #expect(alone.loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
    // An edit is the application's own word.
    try workspace.set("medical_group", to: "South Clinic", of: "p", in: "patient")
    _ = try workspace.run("export", "--out", workspace.path("edited"), "--quiet")
    #expect(try workspace.read("edited/Patient.ndjson").contains(#""display":"South Clinic""#))
  }

  @Test func `a patient's medical group is found among organizations that came in an earlier run`() throws {
    let workspace = try Workspace()
    let organization = try workspace.write(
      "o.json", #"{"resourceType":"Organization","id":"o","name":"North Clinic"}"#)
    let patient = try workspace.write(
      "p.json", #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}"#)
    _ = try workspace.importFiles(organization)
    _ = try workspace.importFiles(patient)
    #expect(try workspace.document("p", in: "patient")["medical_group"] == "North Clinic")
  }

  @Test(arguments: [false, true])
  func `an older version of an organization names no patient's medical group`(_ isBundle: Bool) throws {
    let workspace = try Workspace()
    func organization(_ version: Int, _ name: String) -> String {
      #"{"resourceType":"Organization","id":"o","meta":{"versionId":"\#(version)"},"name":"\#(name)"}"#
    }
    let patient =
      #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}"#
    _ = try workspace.importFiles(try workspace.write("new.json", organization(2, "North Clinic")))
    let older = [organization(1, "Clinic"), patient]
    let text =
      isBundle
      ? BundleText.bundle(
        "batch", zip(older, ["Organization/o", "Patient/p"]).map { BundleText.put($0, $1) })
      : older.joined(separator: "\n")
    let file = try workspace.write("old" + (isBundle ? ".json" : ".ndjson"), text)
    #expect(try workspace.importFiles(file).loaded == .init(inserted: 1, replaced: 0, unchanged: 1))
    #expect(try workspace.document("p", in: "patient")["medical_group"] == "North Clinic")
    #expect(try workspace.importFiles(file).loaded == .init(inserted: 0, replaced: 0, unchanged: 2))
  }

  @Test func `two exports of the same data are equal, byte for byte`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    for format in ["ndjson", "bundle", "json", "xml"] {
      for name in ["one", "two"] {
        let outcome = try workspace.run(
          "export", "--out", workspace.path("\(format)-\(name)"), "--format", format, "--quiet")
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      #expect(
        FileManager.default.contentsEqual(
          atPath: workspace.path("\(format)-one"), andPath: workspace.path("\(format)-two")))
    }
  }
}
