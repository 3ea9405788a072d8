import BSON
import Foundation
import TestSupport

@testable import FHIRMapping

/// A resource as it comes.
struct SequenceResource {
  let key: String
  let text: String
  let value: BSONValue
  /// nil where it says none.
  let version: Int?

  private static let category =
    #""category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]"#

  /// - Parameter version: nil for a resource that tells none.
  init(_ text: String, version: Int?) throws {
    let told = #","meta":{"versionId":"1","lastUpdated":"2024-01-01T00:00:00Z"}"#
    var text = text.replacing(told, with: "")
    if let version, let end = text.range(of: #""id":"[^"]*""#, options: .regularExpression)?.upperBound {
      let minute = String(format: "%02d:%02d", version / 60, version % 60)
      text.insert(
        contentsOf: #","meta":{"versionId":"\#(version)","lastUpdated":"2024-01-01T\#(minute):00Z"}"#, at: end
      )
    }
    // Vital signs have one.
    text = text.replacing(
      /"code":{"coding":\[{"system":"http:\/\/loinc.org","code":"(?:8302-2|29463-7|85354-9)"/,
      with: { Self.category + "," + $0.output })
    self.init(text: text, value: try LawExport.value(text), version: version)
  }

  init(text: String, value: BSONValue, version: Int?) {
    key = (value["resourceType"]?.text ?? "") + "/" + (value["id"]?.text ?? "")
    self.text = text
    self.value = value
    self.version = version
  }
}

/// What an import reads, and what comes of it.
struct SequenceArrival {
  var resources: [SequenceResource] = []
  /// `Type/id`
  var deleted: [String] = []
  /// What no import takes.
  var bad: [String] = []
  /// Whether all of it stands or falls together.
  var isTransaction = false
  var files: [String] = []
}

/// Draws what comes from FHIR, step by step: resources of a few people who refer to each other, in versions that go up and down.
struct SequenceInput {
  var random: SeededGenerator
  private var subjects: LawSubjects
  private var number = 0

  /// Whether some are called by their identifiers, which may be known or not.
  private let searches: Bool

  private static let patients = ["p0", "p1", "p2"]
  private static let doctors = ["d0", "d1"]
  private static let appointments = ["a0", "a1", "a2"]

  init(seed: UInt64, searches: Bool) {
    self.searches = searches
    random = SeededGenerator(seed: seed)
    subjects = LawSubjects(seed: seed &+ 1_000_003)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  mutating func one<Item>(_ items: [Item]) -> Item? { items.randomElement(using: &random) }
  private mutating func some(_ items: [String], _ percent: Int) -> [String] {
    items.filter { _ in chance(percent) }
  }

  /// What comes next, in files of the workspace.
  ///
  /// - Parameter stored: the keys of what came before, of which some may be deleted.
  mutating func arrival(_ stored: [String], in workspace: Workspace) throws -> SequenceArrival {
    number += 1
    var arrival = SequenceArrival()
    var texts = number == 1 ? Array(LawSubjects.shared.suffix(2)) : organizations()
    for id in some(Self.patients, number == 1 ? 100 : 40) {
      texts += some(subjects.resources(LawSetting(kind: .patient), id), 60)
      texts += some(Array(subjects.resources(LawSetting(kind: .chart), id).dropFirst()), 50).map {
        moved($0, id)
      }
    }
    for id in some(Self.doctors, 40) {
      texts += some(subjects.resources(LawSetting(kind: .provider), id), 70)
    }
    for id in some(Self.appointments, 40) {
      texts += subjects.resources(LawSetting(kind: .appointment), id).map {
        $0.replacing("Patient/someone", with: reference("Patient", "mrn", Self.patients + ["nobody"]))
          .replacing("Practitioner/doctor", with: reference("Practitioner", "staff", Self.doctors))
      }
    }
    if texts.isEmpty { texts = [LawSubjects.shared.last ?? ""] }
    for text in texts {
      let version = chance(15) ? nil : chance(15) ? Int.random(in: 1...number, using: &random) : number
      arrival.resources.append(try SequenceResource(text, version: version))
    }
    let coming = Set(arrival.resources.map(\.key))
    if chance(40) {
      // An organization that goes and comes back under another name is not shown by it.
      let keys = stored.filter { !coming.contains($0) && !$0.hasPrefix("Organization/") }
      arrival.deleted = Array(keys.shuffled(using: &random).prefix(2))
    }
    if chance(25) {
      arrival.bad = [#"{"resourceType":"Patient","id":"bad\#(number)","gender":"unheard-of"}"#]
    }
    try write(&arrival, "input\(number)", in: workspace)
    return arrival
  }

  private mutating func reference(_ type: String, _ system: String, _ ids: [String]) -> String {
    type + (searches && chance(50) ? "?identifier=http://example.org/\(system)|" : "/") + (one(ids) ?? "")
  }

  private mutating func organizations() -> [String] {
    some(["north", "south"], 15).map {
      #"{"resourceType":"Organization","id":"\#($0)","name":"\#(one(["Northern Group", "Group \(number)"]) ?? "")"}"#
    }
  }

  /// A chart's resource may turn out to be another patient's.
  private mutating func moved(_ text: String, _ id: String) -> String {
    chance(8) ? text.replacing("Patient/\(id)\"", with: "Patient/\(one(Self.patients) ?? id)\"") : text
  }

  // MARK: Files

  private mutating func write(
    _ arrival: inout SequenceArrival, _ name: String, in workspace: Workspace
  ) throws {
    let puts =
      arrival.resources.map { BundleText.put($0.text, $0.key) }
      + arrival.bad.enumerated().map { BundleText.put($1, "Patient/bad\(number)") }
    let deletions = arrival.deleted.map { BundleText.delete($0) }
    let entries = (puts + deletions).shuffled(using: &random)
    let lines = (arrival.resources.map(\.text) + arrival.bad).shuffled(using: &random).joined(separator: "\n")
    switch Int.random(in: 0..<4, using: &random) {
    case 0 where deletions.isEmpty:
      arrival.files = [try workspace.write(name + ".ndjson", lines)]
    case 1:
      arrival.isTransaction = true
      arrival.files = [try workspace.write(name + ".json", BundleText.bundle("transaction", entries))]
    case 2:
      try workspace.write(name + "/all.ndjson", lines)
      var gone = "[]"
      if !deletions.isEmpty {
        try workspace.write(name + "/gone.ndjson", BundleText.bundle("transaction", deletions) + "\n")
        gone = #"[{"type":"Bundle","url":"http://a.org/gone.ndjson"}]"#
      }
      try workspace.write(
        name + "/manifest.json",
        #"{"transactionTime":"2026-01-01T00:00:00Z","request":"http://a.org/fhir/$export","requiresAccessToken":false,"#
          + #""error":[],"output":[{"type":"Patient","url":"http://a.org/all.ndjson"}],"deleted":\#(gone)}"#)
      arrival.files = [workspace.path(name)]
    default: arrival.files = [try workspace.write(name + ".json", BundleText.bundle("batch", entries))]
    }
  }
}
