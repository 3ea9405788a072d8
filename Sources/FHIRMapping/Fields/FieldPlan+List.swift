import BSON
import FHIRModel
import FHIRPath

/// Lists of one resource: an edited list is laid beside the elements that are there, so that what stays keeps all that
/// the field does not say.
extension FieldPlan {
  func writeList(
    _ value: BSONValue?, into resource: inout BSONValue, _ source: FieldSource, _ context: Context
  ) -> Bool {
    guard let transform else { return false }
    let items = value?.listItems ?? []
    let wanted = transform.meant(by: items, beside: readings(in: resource, source, context).map(\.value))
    rearrange(wanted, in: &resource, source, context)
    let old = readings(in: resource, source, context)
    let plan = ListAlignment(old: old.map(\.value), new: wanted)

    // Elements that go, last first, so that the addresses of the others hold.
    var elements: [Int: BSONValue] = [:]
    for index in old.indices { elements[index] = resource[old[index].address] }
    for (index, target) in plan.changed {
      guard let element = transform.write(wanted[target], over: elements[index]) else { return false }
      resource[old[index].address] = element
    }
    for index in plan.removed.sorted().reversed() {
      resource.remove(at: old[index].address, isWholeItem: source.path.readsItems)
    }

    // Elements that come, each behind the one that stands before it in the list.
    for target in wanted.indices where plan.source(of: target) == nil {
      guard let element = transform.write(wanted[target], over: nil) else { return false }
      let position = positionOfNewItem(before: target, in: resource, source, context)
      source.path.create(
        element, in: &resource, template: source.newItem, position: position, table: context.table)
    }
    return true
  }

  /// Brings items that stay into the order that is wanted: whole items change places, so that they keep what the field does
  /// not say, and what stands between them stays where it is.
  private func rearrange(
    _ wanted: [BSONValue], in resource: inout BSONValue, _ source: FieldSource, _ context: Context
  ) {
    let old = readings(in: resource, source, context)
    let order = ListAlignment.order(old: old.map(\.value), new: wanted)
    let places = order.sorted()
    guard order != places else { return }
    let items = old.compactMap(\.address.innermostItem)
    // Items of one list, each of which says one value.
    guard items.count == old.count, let list = items.first?.parent, items.allSatisfy({ $0.parent == list }),
      zip(items, items.dropFirst()).allSatisfy({ $0 != $1 })
    else { return }
    let before = resource
    for (place, index) in zip(places, order) { resource[items[place]] = before[items[index]] }
  }

  /// Where in its list an item goes that is to be the field's item of that number.
  private func positionOfNewItem(
    before target: Int, in resource: BSONValue, _ source: FieldSource, _ context: Context
  ) -> Int? {
    let present = readings(in: resource, source, context)
    guard present.indices.contains(target),
      case .item(let index)? = present[target].address.innermostItem?.steps.last
    else { return nil }
    return index
  }
}

/// What becomes of the items of a list when it turns into another.
struct ListAlignment {
  /// Old items that get another value, with the new item's number.
  private(set) var changed: [(old: Int, new: Int)] = []
  /// Old items that go.
  private(set) var removed: [Int] = []
  private var sources: [Int?]

  /// The old item that a new one is made of; nil for one that comes.
  func source(of new: Int) -> Int? { sources[new] }

  init(old: [BSONValue], new: [BSONValue]) {
    sources = Array(repeating: nil, count: new.count)
    let kept = ListAlignment.commonItems(old, new)
    for (index, target) in kept { sources[target] = index }
    // Between items that stay, what went and what came are taken for one another, in their order.
    var from = 0
    var to = 0
    for (index, target) in kept + [(old.count, new.count)] {
      let pairs = min(index - from, target - to)
      for offset in 0..<pairs {
        changed.append((from + offset, to + offset))
        sources[to + offset] = from + offset
      }
      removed += (from + pairs)..<max(index, from + pairs)
      from = index + 1
      to = target + 1
    }
  }

  /// The old items that stay, in the order in which the new ones want them.
  static func order(old: [BSONValue], new: [BSONValue]) -> [Int] {
    var pairs = commonItems(old, new)
    guard pairs.count < min(old.count, new.count) else { return pairs.map(\.0) }
    var rest: [Int?] = old.indices.map { $0 }
    var isKept = [Bool](repeating: false, count: new.count)
    for (index, target) in pairs {
      rest[index] = nil
      isKept[target] = true
    }
    for target in new.indices where !isKept[target] {
      guard let index = rest.compactMap({ $0 }).first(where: { old[$0] == new[target] }) else { continue }
      rest[index] = nil
      pairs.append((index, target))
    }
    return pairs.sorted { $0.1 < $1.1 }.map(\.0)
  }

  /// The longest common subsequence; for long lists their common beginning.
  private static func commonItems(_ old: [BSONValue], _ new: [BSONValue]) -> [(Int, Int)] {
    guard old.count * new.count <= 250_000 else {
      return zip(old.indices, new.indices).prefix { old[$0] == new[$1] }.map { ($0, $1) }
    }
    var lengths = [[Int]](repeating: [Int](repeating: 0, count: new.count + 1), count: old.count + 1)
    for i in old.indices.reversed() {
      for j in new.indices.reversed() {
        lengths[i][j] =
          old[i] == new[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
      }
    }
    var common: [(Int, Int)] = []
    var (i, j) = (0, 0)
    while i < old.count, j < new.count {
      if old[i] == new[j] {
        common.append((i, j))
        (i, j) = (i + 1, j + 1)
      } else if lengths[i + 1][j] >= lengths[i][j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return common
  }
}
