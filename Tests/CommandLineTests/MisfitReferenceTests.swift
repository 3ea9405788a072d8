import BSON
import Foundation
import TestSupport
import Testing

/// A reference by urn or URL to a resource of a type that may not stand there: written as `Type/id` it would be set aside, so that it is
/// set aside where its Bundle tells of it, and else stays as it was written. What is exported is imported again.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct MisfitReferenceTests {
  private static func urn(_ number: Int) -> String { "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f00\(number)" }

  private static func entry(_ number: Int, _ resource: String) -> String {
    #"{"fullUrl":"\#(urn(number))","resource":\#(resource),"request":{"method":"POST","url":"x"}}"#
  }

  private static let organization = entry(1, #"{"resourceType":"Organization","id":"org","name":"North"}"#)
  private static let misfit = entry(
    2,
    #"{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"\#(urn(1))"}}"#
  )
  /// Whatever refers may do so in a list, or in what is contained.
  private static let inside = entry(
    3,
    ##"{"resourceType":"Observation","id":"o2","contained":[{"resourceType":"Device","id":"d","patient":{"reference":"\##(urn(1))"}}],"##
      + ##""status":"final","code":{"text":"x"},"device":{"reference":"#d"},"subject":{"reference":"\##(urn(4))"},"##
      + ##""performer":[{"reference":"\##(urn(1))"}]}"##)
  private static let patient = entry(
    4, #"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"\#(urn(1))"}}"#)

  private func reference(_ element: BSONValue?) -> String? { element?.fields?["reference"]?.text }

  private func load(
    _ entries: [String], _ name: String, as type: String = "batch", into workspace: Workspace,
    status: Int32 = 0
  ) throws -> Workspace.Summary {
    let text = BundleText.bundle(type, entries).replacing(
      #","request":{"method":"POST","url":"x"}"#, with: "")
    let plain = type == "collection" ? text : BundleText.bundle(type, entries)
    return try workspace.importFiles(workspace.write(name + ".json", plain), status: status)
  }

  @Test func `in its Bundle it is set aside, and all that refer as they may are loaded`() throws {
    let workspace = try Workspace()
    let all = [Self.organization, Self.misfit, Self.inside, Self.patient]
    for round in 1...2 {
      let summary = try load(all, "all", as: "collection", into: workspace, status: 1)
      #expect(summary.quarantined == 2 && summary.read == 4)
      #expect(summary.loaded.inserted == (round == 1 ? 2 : 0))
    }
    let told = try workspace.run("import", workspace.path("all.json"), "--no-progress").errors
    #expect(
      told.contains("resource.subject: leads to a resource of type Organization")
        && told.contains("[reference-target]"))
    #expect(told.contains("contained[0].patient"))
    #expect(try workspace.document("p", in: "patient")["medical_group"] == "North")
  }

  @Test func `of a transaction nothing is loaded`() throws {
    let workspace = try Workspace()
    func post(_ type: String, _ entry: String) -> String {
      entry.replacing(#""url":"x""#, with: #""url":"\#(type)""#)
    }
    let entries = [post("Organization", Self.organization), post("Observation", Self.misfit)]
    let summary = try load(entries, "all", as: "transaction", into: workspace, status: 1)
    #expect(summary.quarantined == 2 && summary.loaded.inserted == 0)
  }

  @Test func `across Bundles it stays as it was written, whichever comes first`() throws {
    func loaded(_ inputs: [[String]]) throws -> Workspace {
      let workspace = try Workspace()
      for (number, entries) in inputs.enumerated() {
        #expect(try load(entries, "\(number)", as: "collection", into: workspace).quarantined == 0)
      }
      return workspace
    }
    let referring = [Self.misfit, Self.inside, Self.patient]
    let late = try loaded([referring, [Self.organization]])
    let early = try loaded([[Self.organization], referring])
    for workspace in [late, early] {
      let stored = try workspace.document("Observation/o1", in: "resource")["fhir"]
      #expect(reference(stored?.fields?["subject"]) == Self.urn(1))
      let item = try workspace.document("p", in: "patient_chart")["observations"]?.elements?
        .first?.fields
      let device = item?["contained"]?.elements?.first?.fields
      #expect(reference(device?["patient"]) == Self.urn(1))
      #expect(reference(item?["performer"]?.elements?.first) == "Organization/org")
      #expect(try workspace.run("export", "--quiet", "--out", workspace.path("out")).status == 0)
      let fresh = try Workspace()
      let summary = try fresh.importFiles(workspace.path("out"))
      #expect(summary.quarantined == 0 && summary.loaded.inserted == 4)
    }
    #expect(try late.run("compare", late.path("out"), early.path("out")).status == 0)
  }
}
