import BSON
import FHIRPath

/// Finds in a document's sections the resources that a field is taken from.
struct SectionScan {
  let plan: DocumentPlan
  let sections: [DocumentContent.Section]

  /// A value taken from an item of a section.
  struct Taken {
    let value: BSONValue
    /// Index of the item within its section.
    let item: Int
    let section: String
    let address: ResourceAddress
  }

  /// The readings of a source, the one that counts first.
  func taken(
    _ field: FieldPlan, _ source: FieldSource, _ context: FieldPlan.Context
  ) throws(BSONError) -> [Taken] {
    guard case .section(let type) = source.resource, let (section, member) = plan.member(ofType: type),
      let items = sections.first(where: { $0.name == section.name })?.items
    else { return [] }
    let literals = source.path.literals
    var found: [Taken] = []
    for index in try candidates(items, type, member, source) {
      // Cheaper than looking closely at a resource that cannot have what the path wants.
      if !literals.allSatisfy({ items[index].bytes.contains(utf8: $0) }) { continue }
      let resource = BSONValue.document(try BSONFields(items[index]))
      for reading in field.readings(in: resource, source, context) {
        found.append(
          Taken(value: reading.value, item: index, section: section.name, address: reading.address))
        if source.choice != .all { return found }
      }
    }
    return found
  }

  /// The items of a type and with one of the codes, in the order in which they count.
  private func candidates(
    _ items: [BSONView], _ type: String, _ member: SectionPlan.Member, _ source: FieldSource
  ) throws(BSONError) -> [Int] {
    var found: [(index: Int, date: Int64)] = []
    for index in items.indices {
      guard let name = try items[index].find("resourceType")?.string, name.elementsEqual(type.utf8) else {
        continue
      }
      if !source.codes.isEmpty, try !SectionScan.hasCode(items[index], source.codes) { continue }
      found.append((index, source.choice == .all ? 0 : try member.date(of: items[index])))
    }
    switch source.choice {
    case .all: break
    case .newest: found.sort { ($0.date, $0.index) > ($1.date, $1.index) }
    case .oldest:
      // What has no date is not the oldest.
      found.sort {
        ($0.date == .min ? .max : $0.date, $0.index) < ($1.date == .min ? .max : $1.date, $1.index)
      }
    }
    return found.map(\.index)
  }

  private static func hasCode(_ item: BSONView, _ codes: [FieldSource.CodeMatch]) throws(BSONError) -> Bool {
    guard let codings = try item.find("code")?.document?.find("coding")?.array else { return false }
    var iterator = codings.makeIterator()
    while let coding = try iterator.next()?.document {
      guard let code = try coding.find("code")?.string else { continue }
      for match in codes where code.elementsEqual(match.code.utf8) {
        if let system = try coding.find("system")?.string, system.elementsEqual(match.system.utf8) {
          return true
        }
      }
    }
    return false
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
  fileprivate func contains(utf8 text: String) -> Bool {
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
