import Foundation
import TestSupport

/// A resource that comes, or is to go.
struct Arrival {
  let key: String
  /// nil for a deletion.
  var json: String?
  /// nil for what does not come in a Bundle alone.
  var fullUrl: String?

  var entry: String {
    guard let json else { return BundleText.delete(key) }
    let url = fullUrl.map { #""fullUrl":"\#($0)","# } ?? ""
    return #"{\#(url)"resource":\#(json),"request":{"method":"PUT","url":"\#(key)"}}"#
  }
}

/// Resources of a clinic, made by a seed: each of its versions tells when it was made, so that whatever comes last the newest
/// counts.
struct ArrivalScene {
  private(set) var arrivals: [Arrival] = []
  var generator: SeededGenerator

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    people()
    for number in 0..<3 { role(number) }
    for number in 0..<4 { coverage(number) }
    for number in 0..<5 { appointment(number) }
    for number in 0..<12 { observation(number) }
    for number in 0..<3 { encounter(number) }
    deletions()
  }

  // MARK: Resources

  private static func uuid(_ number: Int) -> String {
    "urn:uuid:5b0f1c2d-0000-4000-8000-00000000000\(number)"
  }

  private func meta(_ version: Int) -> String {
    #""meta":{"versionId":"\#(version)","lastUpdated":"2024-01-0\#(version)T10:00:00Z"}"#
  }

  private mutating func add(
    _ type: String, _ id: String, versions: Int = 1, fullUrl: String? = nil,
    _ rest: (Int, inout SeededGenerator) -> String
  ) {
    for version in 1...versions {
      let json = #"{"resourceType":"\#(type)","id":"\#(id)",\#(meta(version)),\#(rest(version, &generator))}"#
      arrivals.append(Arrival(key: "\(type)/\(id)", json: json, fullUrl: fullUrl))
    }
  }

  private mutating func people() {
    for number in 0..<4 {
      add("Patient", "p\(number)", versions: number % 2 + 1, fullUrl: number == 3 ? Self.uuid(3) : nil) {
        version, _ in
        #""identifier":[{"system":"http://example.org/mrn","value":"\#(number)"}],"name":[{"family":"F\#(version)"}],"managingOrganization":{"reference":"Organization/o\#(number % 2)"}"#
      }
    }
    for number in 0..<2 {
      add("Practitioner", "d\(number)", versions: number + 1, fullUrl: number == 1 ? Self.uuid(9) : nil) {
        version, _ in
        #""identifier":[{"system":"http://example.org/doctors","value":"\#(number)"}],"name":[{"family":"D\#(version)"}]"#
      }
      add("Organization", "o\(number)", versions: 2) { version, _ in
        #""identifier":[{"system":"http://example.org/payers","value":"\#(number)"}],"name":"O\#(version)""#
      }
    }
  }

  /// A Reference to a patient, in one of the ways in which that can be written.
  private static func patient(_ generator: inout SeededGenerator) -> String {
    let number = Int.random(in: 0..<4, using: &generator)
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return #"{"reference":"Patient?identifier=http://example.org/mrn|\#(number)"}"#
    case 1: return #"{"identifier":{"system":"http://example.org/mrn","value":"\#(number)"}}"#
    case 2: return #"{"reference":"\#(uuid(3))"}"#
    default: return #"{"reference":"Patient/p\#(number)"}"#
    }
  }

  private static func practitioner(_ generator: inout SeededGenerator) -> String {
    let number = Int.random(in: 0..<2, using: &generator)
    switch Int.random(in: 0..<3, using: &generator) {
    case 0: return #"{"reference":"Practitioner?identifier=http://example.org/doctors|\#(number)"}"#
    case 1: return #"{"reference":"\#(uuid(9))"}"#
    default: return #"{"reference":"Practitioner/d\#(number)"}"#
    }
  }

  private mutating func role(_ number: Int) {
    add("PractitionerRole", "r\(number)") { _, generator in
      #""practitioner":\#(Self.practitioner(&generator)),"specialty":[{"text":"S\#(number)"}]"#
    }
  }

  private mutating func coverage(_ number: Int) {
    add("Coverage", "c\(number)", versions: number % 2 + 1) { version, generator in
      #""status":"active","subscriberId":"\#(number)-\#(version)","beneficiary":\#(Self.patient(&generator)),"payor":[{"reference":"Organization?identifier=http://example.org/payers|\#(number % 3)"}]"#
    }
  }

  private mutating func appointment(_ number: Int) {
    add("Appointment", "a\(number)", versions: number % 2 + 1) { version, generator in
      #""status":"booked","start":"2024-03-0\#(number + 1)T0\#(version):00:00Z","end":"2024-03-0\#(number + 1)T0\#(version):30:00Z","participant":[{"actor":\#(Self.patient(&generator)),"status":"accepted"},{"actor":\#(Self.practitioner(&generator)),"status":"accepted"}]"#
    }
  }

  private mutating func observation(_ number: Int) {
    add("Observation", "w\(number)", versions: number % 3 + 1) { version, generator in
      #""status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":\#(Self.patient(&generator)),"performer":[\#(Self.practitioner(&generator))],"effectiveDateTime":"2024-01-\#(10 + number)","valueQuantity":{"value":\#(60 + version),"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}"#
    }
  }

  private mutating func encounter(_ number: Int) {
    add("Encounter", "e\(number)") { _, generator in
      #""status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":\#(Self.patient(&generator)),"participant":[{"individual":\#(Self.practitioner(&generator))}]"#
    }
  }

  private mutating func deletions() {
    for key in ["Observation/w2", "Observation/w6", "Appointment/a1", "Coverage/c3", "Encounter/e1"] {
      arrivals.append(Arrival(key: key))
    }
  }

  // MARK: Orders

  typealias File = (name: String, text: String)

  /// All in one run: what comes in Bundles in one, the rest a line each, deletions at the end.
  func plain() -> [[File]] {
    let bundled = arrivals.filter { $0.json != nil && $0.fullUrl != nil }
    let lines = arrivals.filter { $0.fullUrl == nil }.compactMap(\.json)
    let deletions = arrivals.filter { $0.json == nil }.map(\.entry)
    return [
      [
        ("0.json", BundleText.bundle("batch", bundled.map(\.entry))),
        ("1.ndjson", lines.joined(separator: "\n")), ("2.json", BundleText.bundle("batch", deletions)),
      ]
    ]
  }

  /// In runs, files and Bundles by chance; a deletion comes behind what it deletes.
  mutating func shuffled() -> [[File]] {
    var order = arrivals.filter { $0.json != nil }.shuffled(using: &generator)
    for deletion in arrivals where deletion.json == nil {
      let last = order.lastIndex { $0.key == deletion.key } ?? 0
      order.insert(deletion, at: Int.random(in: last + 1...order.count, using: &generator))
    }
    var runs: [[File]] = [[]]
    var rest = order[...]
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...15, using: &generator))
      let file = file(Array(rest.prefix(count)), number: runs[runs.count - 1].count)
      runs[runs.count - 1] += file
      rest = rest.dropFirst(count)
      if !rest.isEmpty, Int.random(in: 0..<4, using: &generator) == 0 { runs.append([]) }
    }
    return runs
  }

  /// What comes one behind the other, as a file, or as several where a Bundle cannot hold it.
  private mutating func file(_ arrivals: [Arrival], number: Int) -> [File] {
    let isBulk = arrivals.allSatisfy { $0.fullUrl == nil }
    let name = String(format: "%03d", number)
    if isBulk, Bool.random(using: &generator) {
      // A bulk export's deletions are Bundles, a line each.
      let lines = arrivals.map { $0.json ?? BundleText.bundle("transaction", [$0.entry]) }
      return [(name + ".ndjson", lines.joined(separator: "\n"))]
    }
    let hasDeletion = arrivals.contains { $0.json == nil }
    let types = ["batch", "transaction"] + (hasDeletion ? [] : ["collection"])
    // A Bundle has each resource once.
    var bundles: [[Arrival]] = [[]]
    for arrival in arrivals {
      if bundles[bundles.count - 1].contains(where: { $0.key == arrival.key }) { bundles.append([]) }
      bundles[bundles.count - 1].append(arrival)
    }
    return bundles.enumerated().map { part, bundle in
      let type = types.randomElement(using: &generator) ?? "batch"
      return ("\(name)-\(part).json", BundleText.bundle(type, bundle.map(\.entry)))
    }
  }
}
