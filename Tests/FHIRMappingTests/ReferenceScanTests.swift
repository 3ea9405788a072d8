import FHIRMapping
import FHIRModel
import Testing

/// Which members called `reference` are references, wherever they stand.
@Suite struct ReferenceScanTests {
  /// The texts of the references that the scan finds.
  private func found(_ text: String) throws -> [String] {
    let resource = try tree(text)
    var found: [String] = []
    ReferenceScan().forEach(in: resource, from: 0, where: { _ in true }) { _, reference, _ in
      found.append(resource.string(at: reference))
    }
    return found
  }

  @Test func `references are found at every depth, and nothing else that is called so`() throws {
    #expect(
      try found(
        #"""
        {"resourceType": "DetectedIssue", "id": "d", "status": "final", "reference": "http://a.b/c",
          "contained": [
            {"resourceType": "Patient", "id": "p", "link": [{"other": {"reference": "Patient/1"}, "type": "refer"}],
              "managingOrganization": {"extension": [{"url": "http://a.b", "valueReference": {"reference": "List/2"}}],
                "reference": "Organization/3"}},
            {"resourceType": "DetectedIssue", "id": "i", "status": "final", "reference": "http://d.e"}],
          "extension": [{"url": "http://a.b", "valueReference": {"reference": "Group/4"}}],
          "patient": {"reference": "#p"},
          "implicated": [{"reference": "Device/5"}, {"display": "none"}, {"reference": "Device/6"}],
          "evidence": [{"detail": [{"reference": "Media/7"}]}, {"detail": [{"reference": "Media/8"}]}],
          "unknown": {"reference": "Patient/9"}}
        """#)
        == [
          "Patient/1", "List/2", "Organization/3",
          "Group/4", "#p", "Device/5", "Device/6", "Media/7",
          "Media/8",
        ])
  }

  @Test func `those that are not wanted are passed over, and the next are found`() throws {
    let members = (0..<3_000).map { #"{"entity": {"reference": "Patient/\#($0)"}}"# }
    let resource = try tree(
      #"{"resourceType": "Group", "type": "person", "actual": true, "member": [\#(members.joined(separator: ","))]}"#
    )
    var found: [String] = []
    ReferenceScan().forEach(in: resource, from: 0, where: { $0.last == UInt8(ascii: "7") }) {
      _, reference, _ in
      found.append(resource.string(at: reference))
    }
    #expect(found == (0..<3_000).filter { $0 % 10 == 7 }.map { "Patient/\($0)" })
  }
}
