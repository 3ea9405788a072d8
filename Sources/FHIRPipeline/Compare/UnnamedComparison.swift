import BSON
import FHIRModel
import Foundation
import Synchronization

/// A resource without an id that is compared.
struct UnnamedResource: BitwiseCopyable, Comparable, Sendable {
  /// Number of its type.
  let type: Int
  /// Its place among all of them.
  let place: Int
  let isFirst: Bool
  let start: Int
  let end: Int

  var text: Range<Int> { start..<end }

  static func < (a: UnnamedResource, b: UnnamedResource) -> Bool { (a.type, a.place) < (b.type, b.place) }
}

/// Compares resources that have no id: each is another resource, and they are told apart by their content alone.
///
/// Those of one digest come together, however many there are; of what finds no equal nobody can tell which was meant to be which,
/// so that they are paired as they came.
struct UnnamedComparison {
  let resources: FiledArray<UnnamedResource>
  let types: [String]
  let texts: ComparedTexts
  let comparison: TreeComparison
  let workers: WorkerGroup
  /// How many resources are named of each kind of difference.
  let limit: Int

  /// Resources that have no equal, of each set.
  private struct Left: Sendable {
    var first = SortedRuns<UnnamedResource>()
    var second = SortedRuns<UnnamedResource>()
  }

  func run() throws -> CompareReport {
    var report = CompareReport(limit: limit)
    guard !resources.isEmpty else { return report }
    let spill = try spilled()
    let left = Mutex(Left())
    let equal = Atomic<Int>(0)
    try workers.forEach(0..<spill.partitionCount) { partition in
      equal.add(try match(try spill.take(partition), left), ordering: .relaxed)
    }
    report.equal = equal.load(ordering: .relaxed)
    try pair(left.withLock { $0 }, &report)
    return report
  }

  /// The resources by their digests.
  private func spilled() throws -> SpillStore {
    let stride = MemoryLayout<UnnamedResource>.stride
    let spill = SpillStore(expectedBytes: resources.count * (stride + 12), folder: NSTemporaryDirectory())
    try workers.forEach(resources.indices) { index in
      let resource = resources[index]
      texts.takeTurn(for: [.filed(resource.text)])
      defer { texts.giveTurnBack() }
      let digest = TreeDigest.of(try texts.tree(.filed(resource.text)))
      try spill.append(key: digest) { bytes in
        withUnsafeBytes(of: digest) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: resource) { bytes.append(contentsOf: $0) }
      }
    }
    return spill
  }

  /// Finds an equal to each resource of a partition, and notes what has none.
  private func match(_ records: SpillStore.Records, _ left: borrowing Mutex<Left>) throws -> Int {
    var groups: [Key: (first: [UnnamedResource], second: [UnnamedResource])] = [:]
    records.forEach { record in
      record.withUnsafeBytes { bytes in
        let resource = bytes.loadUnaligned(fromByteOffset: 8, as: UnnamedResource.self)
        let key = Key(type: resource.type, digest: bytes.loadUnaligned(as: UInt64.self))
        if resource.isFirst {
          groups[key, default: ([], [])].first.append(resource)
        } else {
          groups[key, default: ([], [])].second.append(resource)
        }
      }
    }
    var equal = 0
    for group in groups.values {
      // The first of them stands last, where it is looked for first and taken away quickly.
      var unmatched = group.first.sorted(by: >)
      var strangers: [UnnamedResource] = []
      for resource in group.second.sorted() {
        if let match = try unmatched.lastIndex(where: { try areEqual($0, resource) }) {
          unmatched.remove(at: match)
          equal += 1
        } else {
          strangers.append(resource)
        }
      }
      left.withLock { left in
        for resource in unmatched { left.first.append(resource) }
        for resource in strangers { left.second.append(resource) }
      }
    }
    return equal
  }

  private struct Key: Hashable {
    let type: Int
    let digest: UInt64
  }

  private func areEqual(_ a: UnnamedResource, _ b: UnnamedResource) throws -> Bool {
    if try texts.areEqual(a.text, b.text) { return true }
    return try difference(a, b) == nil
  }

  private func difference(
    _ a: UnnamedResource, _ b: UnnamedResource
  ) throws -> TreeComparison.Difference? {
    texts.takeTurn(for: [.filed(a.text), .filed(b.text)])
    defer { texts.giveTurnBack() }
    return comparison.difference(try texts.tree(.filed(a.text)), try texts.tree(.filed(b.text)))
  }

  private func pair(_ left: Left, _ report: inout CompareReport) throws {
    var ones = left.first.sorted()
    var others = left.second.sorted()
    var one = ones.next()
    var other = others.next()
    while let resource = one ?? other {
      let type = min(resource.type, other?.type ?? resource.type)
      let name = CompareRun.unnamed(types[type])
      if let a = one, let b = other, a.type == b.type {
        report.different.add(name, try difference(a, b).map(\.description) ?? "")
        one = ones.next()
        other = others.next()
      } else if one?.type == type {
        report.onlyInFirst.add(name)
        one = ones.next()
      } else {
        report.onlyInSecond.add(name)
        other = others.next()
      }
    }
  }
}
