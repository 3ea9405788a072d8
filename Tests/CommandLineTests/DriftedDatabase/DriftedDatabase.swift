import BSON
import FHIRMapping
import TestSupport

/// A whole database of a platform, drawn at random: documents that refer to each other, as years of several applications left them.
struct DriftedDatabase {
  enum Layout: String, CaseIterable { case collection, embedded, both }

  private(set) var documents: [DocumentKind: [BSONFields]] = [:]
  /// Marks of the resources that applications put into charts: each is in a text of one resource.
  private(set) var marks: [String] = []
  private let layout: Layout
  private var random: SeededGenerator
  /// Where the database is otherwise as it should be, so that faults do not hide behind each other.
  private let drift: Int
  private var ids: [DocumentKind: [BSONValue]] = [:]

  /// - Parameter size: how many patients; the rest follows.
  init(seed: UInt64, layout: Layout, size: Int) {
    self.layout = layout
    random = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ UInt64(layout.rawValue.utf8.count))
    drift = [3, 15, 40][Int(seed % 3)]
    for (kind, count) in [(DocumentKind.patient, size), (.provider, size / 4 + 1), (.appointment, size)] {
      ids[kind] = ids(of: kind, count)
    }
    for id in ids[.patient] ?? [] { addPatient(id) }
    for id in ids[.provider] ?? [] { addProvider(id) }
    for id in ids[.appointment] ?? [] { addAppointment(id) }
    addCharts()
  }

  // MARK: Chance

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  private mutating func drifts() -> Bool { chance(drift) }
  private mutating func one<Item>(_ items: [Item]) -> Item {
    items[Int.random(in: 0..<items.count, using: &random)]
  }

  private mutating func shuffled(_ fields: BSONFields) -> BSONFields {
    drifts()
      ? BSONFields(fields.fields.prefix(1) + fields.fields.dropFirst().shuffled(using: &random)) : fields
  }

  // MARK: Ids

  /// `_id`s that MongoDB takes for different ones, of all types that it takes for one at all.
  private mutating func ids(of kind: DocumentKind, _ count: Int) -> [BSONValue] {
    var ids: [BSONValue] = []
    var texts: Set<String> = []
    for number in 0..<count {
      let id = drifts() ? oddID(kind, number) : .string("\(kind.rawValue.prefix(2))\(number)")
      // Of two values MongoDB may take different ones for equal (2, 2.0): only texts may read like another type's.
      let isText = id.text != nil
      guard texts.insert((isText ? "text " : "other ") + StoredID.text(of: id)).inserted else { continue }
      ids.append(id)
      let twin = BSONValue.string(StoredID.text(of: id))
      // Of twins among patients the charts within them are told apart by nobody.
      if !isText, kind != .patient || layout == .collection, chance(drift / 3),
        texts.insert("text " + StoredID.text(of: id)).inserted
      {
        ids.append(twin)
      }
    }
    return ids
  }

  private mutating func oddID(_ kind: DocumentKind, _ number: Int) -> BSONValue {
    let byte = UInt8(truncatingIfNeeded: number)
    switch Int.random(in: 0..<20, using: &random) {
    case 0...3: return .int32(Int32(number))
    case 4: return .int64(10_000_000_000 + Int64(number))
    case 5: return .double(Double(number) + 0.5)
    case 6...7: return .objectID(Array(repeating: byte, count: 12))
    case 8: return .binary(subtype: 4, Array(repeating: byte, count: 16))
    case 9: return .decimal128(Decimal128(exactly: "\(number).50") ?? Decimal128(low: 0, high: 0))
    case 10: return .date(Int64(number) * 1000)
    case 11: return ["site": .int32(Int32(number)), "n": "x"]
    case 12: return .string("Clinic/North \(number)")
    case 13: return .string(String(repeating: "x", count: 60 + number % 10))
    case 14:
      return .string(
        one(["", " ", "#1", "a|b", "ü", "a\u{1}b", "Patient/p", "http://x.org/a", "?x=1", "urn:uuid:1", "."]))
    case 15:
      return one([
        .bool(true), .null, .other(.minKey, []), .double(.nan), .binary(subtype: 0, []), .int64(.min),
      ])
    case 16: return .string(" padded\(number) ")
    case 17: return .string("P_\(number)")
    case 18: return .int32(-Int32(number) - 1)
    default: return one(DriftGenerator.ids)
    }
  }

  /// Whom a document names: somebody there is, in one of the ways in which applications write ids, or nobody.
  private mutating func link(_ kind: DocumentKind) -> BSONValue? {
    guard let id = ids[kind].flatMap({ $0.randomElement(using: &random) }) else { return nil }
    guard drifts() else { return id }
    switch Int.random(in: 0..<14, using: &random) {
    case 0...3: return .string(StoredID.text(of: id))
    case 4: return Int64(StoredID.text(of: id)).map { .int64($0) } ?? id
    case 5: return .array([id])
    case 6: return .array([id, id])
    case 7: return .array([id, one(ids[kind] ?? [])])
    case 8: return nil
    case 9: return one([.null, "", " ", [], [:], [.null]])
    case 10: return .string("nobody")
    case 11: return one(DriftGenerator.nonsense + DriftGenerator.rare)
    case 12: return Double(StoredID.text(of: id)).map { .double($0) } ?? id
    default: return .string(StoredID.text(of: id) + " ")
    }
  }

  // MARK: Fields

  private mutating func fields(_ kind: DocumentKind, _ id: BSONValue, links: [(String, DocumentKind)])
    -> BSONFields
  {
    var fields: BSONFields = ["_id": id]
    let lists = ["appointments", "last_appointment", "last_appointment_id"]
    for (name, shapes) in DriftGenerator.shapes(kind) where !lists.contains(name) {
      if let link = links.first(where: { $0.0 == name }) {
        fields[name] = self.link(link.1)
      } else if chance(80) {
        fields[name] = drifts() ? strange(shapes) : shapes[0]
      }
    }
    while drifts() {
      fields[
        one(["vip", "__v", "updatedAt", "tags", "fhir", "Name", "observations2", "a.b", "page", "key"])] =
        one(Self.anything)
    }
    return fields
  }

  private static let anything = DriftGenerator.nonsense + DriftGenerator.strange + DriftGenerator.rare

  private static let nulls: [BSONValue] = [.null, ["a": 1], [:], ["resourceType": "Nonsense"], ["id": "x"]]

  private mutating func strange(_ shapes: [BSONValue]) -> BSONValue {
    chance(70) ? one(shapes) : one(Self.anything)
  }

  private mutating func list(_ count: Int) -> BSONValue {
    var items: [BSONValue] = []
    for _ in 0..<count { if let link = link(.appointment) { items.append(link) } }
    if drifts(), let first = items.first { items.append(first) }
    return drifts() ? one(DriftGenerator.lists + [.null, "", 0]) : .array(items)
  }

  private mutating func addPatient(_ id: BSONValue) {
    var fields = fields(.patient, id, links: [])
    if !drifts() { fields["appointments"] = list(2) }
    documents[.patient, default: []].append(shuffled(fields))
  }

  private mutating func addProvider(_ id: BSONValue) {
    var fields = fields(.provider, id, links: [])
    if !drifts() { fields["appointments"] = list(3) }
    if !drifts() { fields["last_appointment"] = link(.appointment) }
    documents[.provider, default: []].append(shuffled(fields))
  }

  private mutating func addAppointment(_ id: BSONValue) {
    let fields = fields(.appointment, id, links: [("patient_id", .patient), ("provider_id", .provider)])
    documents[.appointment, default: []].append(shuffled(fields))
  }

  // MARK: Charts

  private mutating func addCharts() {
    for (index, patient) in (ids[.patient] ?? []).enumerated() where !chance(drift / 3) {
      if layout != .collection, chance(layout == .embedded ? 95 : 50) {
        var chart = chart(patient)
        if !drifts() { chart["_id"] = nil }
        documents[.patient]?[index]["patient_chart"] = .document(chart)
        // Of two charts an import would have to say which counts, and it moves one that is kept elsewhere than configured.
        continue
      }
      if layout == .embedded { continue }
      let id = patient
      // Of these values none names a patient; the text of one that has a twin names the other.
      let isNamed = id != .null && id != "" && id != " " && id != .other(.minKey, []) && !hasTwin(id)
      switch drifts() && isNamed ? Int.random(in: 0..<7, using: &random) : 9 {
      case 0: add(chart(.objectID(Array(repeating: UInt8(truncatingIfNeeded: index), count: 12)), of: id))
      case 1: add(chart(.string(StoredID.text(of: id))))
      case 2: add(chart(.int32(Int32(1_000_000 + index)), of: id))
      case 4: add(chart(.string("chart-\(index)"), of: id))
      case 5: add(chart(.string("chart \(index)"), of: .string(StoredID.text(of: id))))
      // Where copies are wanted, nobody's chart is copied into a patient of whom nothing else is known.
      case 3 where layout == .collection: add(chart(.string("nobody's-\(index)")))
      default: add(chart(id))
      }
    }
  }

  /// Whether there is another patient whose `_id` reads alike.
  private func hasTwin(_ patient: BSONValue) -> Bool {
    let text = StoredID.text(of: patient)
    return ids[.patient]?.contains { $0 != patient && StoredID.text(of: $0) == text } ?? false
  }

  private mutating func add(_ chart: BSONFields) {
    let id = chart["_id"] ?? .null
    let isThere = documents[.chart]?.contains { other in
      StoredID.text(of: other["_id"] ?? .null) == StoredID.text(of: id)
        && (other["_id"]?.text == nil) == (id.text == nil)
    }
    if isThere != true { documents[.chart, default: []].append(shuffled(chart)) }
  }

  private mutating func chart(_ id: BSONValue, of patient: BSONValue? = nil) -> BSONFields {
    var fields = fields(.chart, id, links: [])
    if let patient { fields["patient_id"] = patient }
    if !drifts() { fields["last_appointment_id"] = link(.appointment) }
    for (section, type) in Self.sections where chance(20) {
      let count = Int.random(in: 0..<3, using: &random)
      // Some stand in another's list.
      let types = (0..<count).map { _ in drifts() ? one(Self.sections).1 : type }
      let items = types.map { BSONValue.document(item($0, patient ?? id)) }
      // Where nothing in a list is a resource, the list is no section, and an import of one for it is set aside.
      let strangers = drifts() && !items.isEmpty ? [one(Self.nulls), one(Self.nulls)] : []
      fields[section] =
        drifts() && items.isEmpty ? .null : .array((items + strangers).shuffled(using: &random))
    }
    return fields
  }

  private static let sections = [
    ("observations", "Observation"), ("conditions", "Condition"), ("allergies", "AllergyIntolerance"),
    ("immunizations", "Immunization"), ("procedures", "Procedure"),
  ]

  /// A resource as an application writes it, with or without its owner and an id.
  private mutating func item(_ type: String, _ patient: BSONValue) -> BSONFields {
    let mark = "mark-\(marks.count)"
    marks.append(mark)
    var item: BSONFields = ["resourceType": .string(type)]
    if chance(70) { item["id"] = .string("i-\(marks.count)") }
    let code: BSONValue = ["text": .string(mark)]
    let isPatients = type == "AllergyIntolerance" || type == "Immunization"
    if type == "AllergyIntolerance" {
      item["clinicalStatus"] = [
        "coding": [
          ["system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"]
        ]
      ]
    }
    if type == "Observation" {
      item["status"] = "final"
      // The types that applications have for them.
      if chance(50) {
        item["valueQuantity"] = ["value": one([.double(72.5), .double(70), 3, .int64(5_000_000_000)])]
      }
      if chance(50) { item["issued"] = .date(1_709_301_600_000) }
      if chance(20) { item["performer"] = one([.null, []]) }
      if chance(20) { item["method"] = one([[:], .null, ["text": "", "coding": []]]) }
    }
    if type == "Immunization" { item["status"] = "completed" }
    if type == "Procedure" { item["status"] = "completed" }
    item[type == "Immunization" ? "vaccineCode" : "code"] = code
    let id = DocumentID.fhirID(StoredID.text(of: patient))
    if chance(60), !hasTwin(patient) {
      item[isPatients ? "patient" : "subject"] = ["reference": .string("Patient/" + id)]
    }
    if type == "Immunization" { item["occurrenceString"] = "once" }
    return item
  }
}
