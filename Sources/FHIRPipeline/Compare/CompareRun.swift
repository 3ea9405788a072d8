import BSON
package import FHIRFormats
import FHIRModel
import Foundation
import Synchronization

/// The work of `fhirline compare`: two sets of FHIR files, resource by resource, as trees.
///
/// JSON and XML, Bundles, bulk data and single files may be compared with each other. Resources go as text to a ``SpillStore``, by
/// their type and id, and are compared partition by partition: memory does not grow with the sets.
package struct CompareRun: Sendable {
  package var reading = ReadOptions()
  /// How many resources are named of each kind of difference.
  package var limit = 50
  package var workers = 2

  package init() {}

  /// The smaller or the larger of two sets, by the order in which they were named.
  private enum Side: UInt8 { case first, second }

  package func run(_ first: [InputFile], _ second: [InputFile]) throws -> CompareReport {
    let spill = SpillStore(
      expectedBytes: (first + second).reduce(0) { $0 + CompareRun.expectedBytes($1) },
      folder: NSTemporaryDirectory())
    try read(first, .first, into: spill)
    try read(second, .second, into: spill)
    return try compare(spill)
  }

  /// About how many bytes of resources a file has.
  private static func expectedBytes(_ file: InputFile) -> Int {
    file.name.hasSuffix(".gz") ? file.size * 10 : file.size
  }

  // MARK: Reading

  private func read(_ files: [InputFile], _ side: Side, into spill: SpillStore) throws {
    let text = OutputBuffer()
    let writer = JSONWriter(to: text)
    for file in files {
      do {
        let reader = try file.open(options: reading)
        while let record = try reader.next() {
          if record.content == .unreadable {
            throw PipelineFailure(.input, "\(file.name): \(record.issues.first?.message ?? "cannot be read")")
          }
          guard let resource = RecordResource(record, keepsMessages: true) else { continue }
          text.removeAll()
          writer.write(resource.tree, at: resource.node)
          let key = CompareRun.key(of: resource)
          try spill.append(key: NameHash.of(key)) { Entry.encode(side.rawValue, key, text, into: &$0) }
        }
      } catch let failure as ReadFailure {
        throw PipelineFailure(.input, "\(file.name): \(failure.message)")
      }
    }
  }

  /// Type and id; resources without an id are told apart by their content alone.
  private static func key(of resource: RecordResource) -> String {
    if let id = resource.tree.child(KnownNames.r4.id, of: resource.node) {
      return resource.type + "/" + resource.tree.string(at: id)
    }
    return resource.type + anonymous
  }

  /// No id has a space, and a key with one that does has a slash before it.
  private static let anonymous = " without id"

  // MARK: Comparing

  /// A resource as it was spilled: which set it is of, its key, and its text.
  private struct Entry {
    let side: Side
    let key: String
    let text: UnsafeRawBufferPointer
    var isMatched = false

    static func encode(_ side: UInt8, _ key: String, _ text: OutputBuffer, into bytes: inout [UInt8]) {
      bytes.append(side)
      withUnsafeBytes(of: UInt64(key.utf8.count)) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: key.utf8)
      text.withBytes { bytes.append(contentsOf: UnsafeRawBufferPointer($0)) }
    }

    init(_ bytes: UnsafeRawBufferPointer) {
      side = bytes[0] == Side.first.rawValue ? .first : .second
      let count = Int(bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
      key = String(decoding: bytes[9..<9 + count], as: UTF8.self)
      text = UnsafeRawBufferPointer(rebasing: bytes[(9 + count)...])
    }
  }

  private func compare(_ spill: SpillStore) throws -> CompareReport {
    let next = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
    let report = Mutex(CompareReport(limit: limit))
    WorkerThread.run(count: max(1, workers)) { _ in
      while failure.withLock({ $0 == nil }) {
        let partition = next.add(1, ordering: .relaxed).oldValue
        guard partition < spill.partitionCount else { break }
        do {
          let part = try compare(try spill.take(partition))
          report.withLock { $0.add(part) }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return report.withLock { $0 }
  }

  private func compare(_ records: SpillStore.Records) throws -> CompareReport {
    var report = CompareReport(limit: limit)
    try records.bytes.withUnsafeBytes { _ in
      var groups: [String: (first: [Entry], second: [Entry])] = [:]
      records.forEach { record in
        // The records' bytes stay where they are for as long as they are lent.
        let entry = record.withUnsafeBytes { Entry($0) }
        switch entry.side {
        case .first: groups[entry.key, default: ([], [])].first.append(entry)
        case .second: groups[entry.key, default: ([], [])].second.append(entry)
        }
      }
      for (key, group) in groups {
        if key.hasSuffix(CompareRun.anonymous), !key.contains("/") {
          try compareAnonymous(key, group.first, group.second, &report)
        } else {
          try compare(key, group.first, group.second, &report)
        }
      }
    }
    return report
  }

  /// Compares the resources of one type and id.
  private func compare(
    _ key: String, _ first: [Entry], _ second: [Entry], _ report: inout CompareReport
  ) throws {
    guard !second.isEmpty else { return report.onlyInFirst.add(key) }
    guard !first.isEmpty else { return second.forEach { _ in report.onlyInSecond.add(key) } }
    var first = first
    // What is the same text is equal.
    let known = Dictionary(first.indices.map { (NameHash.of(first[$0].text), $0) }) { place, _ in place }
    var trees: [Int: ResourceTree] = [:]
    for entry in second {
      if let place = known[NameHash.of(entry.text)], first[place].text.elementsEqual(entry.text) {
        first[place].isMatched = true
        report.equal += 1
        continue
      }
      let tree = try tree(entry)
      var closest: TreeComparison.Difference?
      let match = try first.indices.first { place in
        let other = try trees[place] ?? self.tree(first[place])
        trees[place] = other
        let difference = CompareRun.comparison.difference(other, at: 0, tree, at: 0)
        closest = closest ?? difference
        return difference == nil
      }
      first[match ?? 0].isMatched = true
      if match != nil {
        report.equal += 1
      } else {
        report.different.add(key, closest.map(\.description) ?? "")
      }
    }
    report.superseded += first.count { !$0.isMatched }
    report.repeated += max(0, second.count - first.count)
  }

  /// Compares resources of one type that have no id: each is another resource.
  private func compareAnonymous(
    _ key: String, _ first: [Entry], _ second: [Entry], _ report: inout CompareReport
  ) throws {
    var known: [UInt64: [Int]] = [:]
    for place in first.indices.reversed() { known[NameHash.of(first[place].text), default: []].append(place) }
    var left = Set(first.indices)
    var others: [Entry] = []
    for entry in second {
      if let place = known[NameHash.of(entry.text)]?.popLast() {
        left.remove(place)
        report.equal += 1
      } else {
        others.append(entry)
      }
    }
    var unmatched = try left.sorted().map { try tree(first[$0]) }
    var strangers: [ResourceTree] = []
    for entry in others {
      let tree = try tree(entry)
      let match = unmatched.firstIndex {
        CompareRun.comparison.difference($0, at: 0, tree, at: 0) == nil
      }
      guard let match else {
        strangers.append(tree)
        continue
      }
      unmatched.remove(at: match)
      report.equal += 1
    }
    // Of what is left nobody can tell which was meant to be which.
    for (a, b) in zip(unmatched, strangers) {
      let difference = CompareRun.comparison.difference(a, at: 0, b, at: 0)
      report.different.add(key, difference.map(\.description) ?? "")
    }
    for _ in unmatched.dropFirst(strangers.count) { report.onlyInFirst.add(key) }
    for _ in strangers.dropFirst(unmatched.count) { report.onlyInSecond.add(key) }
  }

  private static var comparison: TreeComparison { TreeComparison { XHTMLComparison.equal($0, $1) } }

  private func tree(_ entry: Entry) throws -> ResourceTree {
    // What was written was within the limits; a level more makes no difference.
    let record = JSONDocument.read(
      SourceChunk(copying: entry.text), maximumDepth: 1000, maximumElements: .max)
    guard record.content != .unreadable else {
      throw PipelineFailure(.input, "\(entry.key): a resource cannot be compared")
    }
    return record.tree
  }
}
