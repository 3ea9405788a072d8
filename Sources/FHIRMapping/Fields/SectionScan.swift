import BSON
import FHIRModel
import FHIRPath

/// Finds in a document's sections the resources that a field is taken from.
struct SectionScan {
  private let plan: DocumentPlan
  private let sections: [DocumentContent.Section]
  /// By query: the items that may answer it.
  private var candidates: [FiledArray<Candidate>]

  private struct Candidate {
    let index: Int
    /// Among the section's items by their keys: which of two counts that are alike otherwise.
    var rank: Int
    /// In milliseconds; 0 where all count alike.
    let date: Int64
  }

  /// A value taken from an item of a section.
  struct Taken {
    let value: BSONValue
    /// Index of the item within its section.
    let item: Int
    let section: String
    let address: ResourceAddress
  }

  /// Goes through the sections that fields are taken from.
  init(plan: DocumentPlan, sections: [DocumentContent.Section]) throws(BSONError) {
    self.plan = plan
    self.sections = sections
    candidates = Array(repeating: FiledArray(), count: plan.queries.count)
    for section in sections {
      guard let queries = plan.queries.sections[section.name] else { continue }
      for (index, item) in section.items.enumerated() {
        try ask(queries, item, index)
        section.files.passed(index)
      }
    }
  }

  private mutating func ask(
    _ queries: [SectionQueries.Query], _ item: BSONView, _ index: Int
  ) throws(BSONError) {
    guard let type = try item.find("resourceType")?.string else { return }
    var codings: BSONView??
    var known: Int64?
    for query in queries where query.type.isSame(as: type) {
      if !query.codes.isEmpty {
        let list: BSONView?
        if let known = codings {
          list = known
        } else {
          list = try item.find("code")?.document?.find("coding")?.array
          codings = .some(list)
        }
        guard let list, try SectionScan.hasCode(list, query.codes) else { continue }
      }
      var date: Int64 = 0
      if query.choice != .all {
        // Queries of one type ask one member for its dates.
        if let known {
          date = known
        } else {
          date = try query.member.date(of: item)
          known = date
        }
      }
      candidates[query.number].append(Candidate(index: index, rank: index, date: date))
    }
  }

  /// The readings of a source, the one that counts first.
  func taken(
    _ field: FieldPlan, _ source: FieldSource, query: Int, _ context: FieldPlan.Context
  ) throws(BSONError) -> [Taken] {
    guard !candidates[query].isEmpty, case .section(let type) = source.resource,
      let (member, _) = plan.member(ofType: type),
      let section = sections.first(where: { $0.name == member.name })
    else { return [] }
    let items = section.items
    let candidates = SectionScan.byKey(candidates[query], of: section)
    let literals = source.path.literals
    var found: [Taken] = []
    func read(_ candidate: Candidate) throws(BSONError) {
      // Cheaper than looking closely at a resource that cannot have what the path wants.
      let item = items[candidate.index]
      if !literals.allSatisfy({ item.bytes.contains(utf8: $0) }) { return }
      let resource = BSONValue.document(try BSONFields(item))
      for reading in field.readings(in: resource, source, context) {
        found.append(
          Taken(
            value: reading.value, item: candidate.index, section: section.name, address: reading.address))
        if source.choice != .all { return }
      }
    }
    if source.choice == .all {
      for candidate in candidates { try read(candidate) }
      return found
    }
    let counts = SectionScan.order(source.choice)
    // The first has a value, as a rule: the others need no order for that.
    guard let first = candidates.min(by: counts) else { return [] }
    try read(first)
    guard found.isEmpty else { return found }
    for candidate in candidates.sorted(by: counts).dropFirst() {
      try read(candidate)
      if !found.isEmpty { break }
    }
    return found
  }

  /// Candidates in the order of their keys, whatever order an application gave the items.
  private static func byKey(
    _ candidates: FiledArray<Candidate>, of section: DocumentContent.Section
  ) -> FiledArray<Candidate> {
    if section.isInKeyOrder || candidates.count == 1 { return candidates }
    let keys = candidates.map { (try? DocumentDraft.key(of: section.items[$0.index], in: nil)) ?? "" }
    func precedes(_ a: Int, _ b: Int) -> Bool { keys[a].utf8.lexicographicallyPrecedes(keys[b].utf8) }
    let places = Array(candidates.indices)
    if zip(places, places.dropFirst()).allSatisfy({ !precedes($1, $0) }) { return candidates }
    var ordered = FiledArray<Candidate>()
    for (rank, place) in places.sorted(by: { precedes($0, $1) }).enumerated() {
      var candidate = candidates[place]
      candidate.rank = rank
      ordered.append(candidate)
    }
    return ordered
  }

  /// Whether one candidate counts before another.
  private static func order(_ choice: FieldSource.Choice) -> (Candidate, Candidate) -> Bool {
    switch choice {
    case .oldest:
      // What has no date is not the oldest.
      return { a, b in
        (a.date == .min ? .max : a.date, a.rank) < (b.date == .min ? .max : b.date, b.rank)
      }
    case .newest, .all: return { a, b in (a.date, a.rank) > (b.date, b.rank) }
    }
  }

  private static func hasCode(
    _ codings: BSONView, _ codes: [(system: [UInt8], code: [UInt8])]
  ) throws(BSONError) -> Bool {
    var iterator = codings.makeIterator()
    while let coding = try iterator.next()?.document {
      guard let code = try coding.find("code")?.string else { continue }
      for match in codes where match.code.isSame(as: code) {
        if let system = try coding.find("system")?.string, match.system.isSame(as: system) { return true }
      }
    }
    return false
  }
}

extension [UInt8] {
  fileprivate func isSame(as bytes: UnsafeRawBufferPointer) -> Bool {
    count == bytes.count && withUnsafeBytes { $0.isSame(as: bytes) }
  }
}

extension SectionPlan.Member {
  /// The moment of a resource's first date, in milliseconds; the least number where it has none.
  func date(of item: BSONView) throws(BSONError) -> Int64 {
    for path in dates {
      if let text = try path.text(in: item), let date = DateText(text.bindMemory(to: UInt8.self)) {
        return date.instant.milliseconds
      }
    }
    return .min
  }
}

extension InvertiblePath {
  /// The text at the end of a path of plain children; of lists the first item.
  fileprivate func text(in view: BSONView) throws(BSONError) -> UnsafeRawBufferPointer? {
    var view = view
    var element: BSONElement?
    for step in steps {
      guard case .child(let child) = step else { continue }
      if let inner = element?.document { view = inner }
      var name = child.name
      var found: BSONElement?
      var iterator = view.makeIterator()
      while let next = try iterator.next() {
        let matches = name.withUTF8 { $0.count == next.key.count && next.key.elementsEqual($0) }
        if matches {
          found = next
          break
        }
      }
      guard let found else { return nil }
      var items = found.array?.makeIterator()
      element = try items?.next() ?? found
    }
    return element?.string
  }

  /// The texts that must stand in a resource for the path to lead anywhere.
  fileprivate var literals: [String] {
    segments.flatMap(\.conditions).compactMap { if case .string(let text) = $0.value { text } else { nil } }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether a text stands somewhere in these bytes.
  func contains(utf8 text: String) -> Bool {
    var text = text
    return text.withUTF8 { needle in
      guard let first = needle.first, needle.count <= count else { return needle.isEmpty }
      let last = count - needle.count
      var at = 0
      while at <= last {
        if self[at] == first {
          var offset = 1
          while offset < needle.count, self[at + offset] == needle[offset] { offset += 1 }
          if offset == needle.count { return true }
        }
        at += 1
      }
      return false
    }
  }
}
