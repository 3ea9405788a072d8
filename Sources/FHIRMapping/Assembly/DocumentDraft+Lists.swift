import BSON
import FHIRModel

extension DocumentDraft {
  typealias Arriving = (name: String, items: FiledArray<DraftSection.Item>)

  /// Divides what comes for a section: a resource that an application put into another list stands there, and not in the section as
  /// well when it comes again, or in another version.
  func divided(_ arriving: Arriving) -> [Arriving] {
    let types = arriving.items.types
    let others = sections.filter { other in
      other.name != arriving.name && types.contains { other.holds(type: $0) }
    }
    guard !others.isEmpty else { return [arriving] }
    var rest = FiledArray<DraftSection.Item>()
    var elsewhere: [String: FiledArray<DraftSection.Item>] = [:]
    for item in arriving.items {
      let key = String(decoding: item.key, as: UTF8.self)
      if let other = others.first(where: { $0.item(key) != nil }) {
        elsewhere[other.name, default: FiledArray()].append(item)
      } else {
        rest.append(item)
      }
    }
    guard !elsewhere.isEmpty else { return [arriving] }
    let divided = elsewhere.sorted { $0.key < $1.key }.map { (name: $0.key, items: $0.value) }
    return rest.isEmpty ? divided : divided + [(arriving.name, rest)]
  }
}

extension FiledArray<DraftSection.Item> {
  /// What the keys begin with: `Observation/`. They stand in their order.
  fileprivate var types: [UnsafeRawBufferPointer] {
    var types: [UnsafeRawBufferPointer] = []
    for item in self {
      if let last = types.last, item.key.begins(with: last) { continue }
      let length = item.key.firstIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? item.key.count
      types.append(UnsafeRawBufferPointer(rebasing: item.key.prefix(length)))
    }
    return types
  }
}
