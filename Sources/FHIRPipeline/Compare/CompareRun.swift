import BSON
package import FHIRFormats
import FHIRModel
import Foundation
import Synchronization

/// The work of `fhirline compare`: two sets of FHIR files, resource by resource, as trees.
///
/// JSON and XML, Bundles, bulk data and single files may be compared with each other. Resources go as text to a ``SpillStore``, by
/// their type and id, and are compared partition by partition; large ones wait in a file. Memory grows neither with the sets nor with
/// their resources.
package struct CompareRun: Sendable {
  package var reading = ReadOptions()
  /// How many resources are named of each kind of difference.
  package var limit = 50
  package var workers = 2

  package init() {}

  /// The smaller or the larger of two sets, by the order in which they were named.
  private enum Side: UInt8 { case first, second }

  package func run(_ first: [InputFile], _ second: [InputFile]) throws -> CompareReport {
    var content = Content(
      SpillStore(
        expectedBytes: (first + second).reduce(0) { $0 + CompareRun.expectedBytes($1) },
        folder: NSTemporaryDirectory()))
    var report = CompareReport(limit: limit)
    try read(first, .first, into: &content, &report)
    try read(second, .second, into: &content, &report)
    report.add(try compare(content))
    return report
  }

  /// About how many bytes of resources a file has.
  private static func expectedBytes(_ file: InputFile) -> Int {
    file.name.hasSuffix(".gz") ? file.size * 10 : file.size
  }

  // MARK: Reading

  /// What was read of both sets.
  private struct Content {
    let spill: SpillStore
    let texts = ComparedTexts()
    /// Resources without an id, which are told apart by their content alone, and their types.
    var unnamed = FiledArray<UnnamedResource>()
    var types: [String] = []
    private var numbers: [String: Int] = [:]

    init(_ spill: SpillStore) { self.spill = spill }

    mutating func number(ofType type: String) -> Int {
      if let number = numbers[type] { return number }
      numbers[type] = types.count
      types.append(type)
      return types.count - 1
    }
  }

  private func read(
    _ files: [InputFile], _ side: Side, into content: inout Content, _ report: inout CompareReport
  ) throws {
    let unreadable = report.unreadable.count
    var hasRead = false
    let texts = content.texts
    /// Where the text stands that is being written, of which so much is in the file.
    var filed: Range<Int>?
    let text = OutputBuffer(threshold: ComparedTexts.large) { bytes in
      let range = try texts.append(bytes)
      filed = (filed?.lowerBound ?? range.lowerBound)..<range.upperBound
    }
    let writer = JSONWriter(to: text)
    for file in files {
      do {
        let reader = try file.open(options: reading)
        while let record = try reader.next() {
          if record.content == .unreadable {
            let issue = record.issues.first
            report.unreadable.add(
              issue.map { FindingText.place($0, source: file.name) } ?? file.name,
              issue?.message ?? "it is no FHIR")
            continue
          }
          guard let resource = RecordResource(record, keepsMessages: true) else { continue }
          hasRead = true
          filed = nil
          writer.write(resource.tree, at: resource.node)
          let id = resource.tree.child(KnownNames.r4.id, of: resource.node)
          if filed != nil || id == nil { try text.flush() }
          if let id {
            let key = resource.type + "/" + resource.tree.string(at: id)
            try content.spill.append(key: NameHash.of(key)) {
              Entry.encode(side, key, text, filed, into: &$0)
            }
          } else if let filed {
            content.unnamed.append(
              UnnamedResource(
                type: content.number(ofType: resource.type), place: content.unnamed.count,
                isFirst: side == .first, start: filed.lowerBound, end: filed.upperBound))
          }
          text.removeAll()
        }
      } catch let failure as ReadFailure {
        report.unreadable.add(file.name, failure.message)
      }
    }
    if !hasRead, report.unreadable.count > unreadable { report.isOfNothing = true }
  }

  static func unnamed(_ type: String) -> String { type + " without id" }

  // MARK: Comparing

  /// A resource as it was spilled: which set it is of, its key, and its text, or where that stands.
  private struct Entry {
    let side: Side
    let text: ComparedText
    var isMatched = false

    static func encode(
      _ side: Side, _ key: String, _ text: OutputBuffer, _ filed: Range<Int>?, into bytes: inout [UInt8]
    ) {
      bytes.append(side.rawValue)
      withUnsafeBytes(of: UInt64(key.utf8.count)) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: key.utf8)
      bytes.append(filed == nil ? 0 : 1)
      if let filed {
        withUnsafeBytes(of: (filed.lowerBound, filed.upperBound)) { bytes.append(contentsOf: $0) }
      } else {
        text.withBytes { bytes.append(contentsOf: UnsafeRawBufferPointer($0)) }
      }
    }

    static func key(_ bytes: UnsafeRawBufferPointer) -> String {
      String(decoding: bytes[9..<9 + keyCount(bytes)], as: UTF8.self)
    }

    private static func keyCount(_ bytes: UnsafeRawBufferPointer) -> Int {
      Int(bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    }

    init(_ bytes: UnsafeRawBufferPointer) {
      side = bytes[0] == Side.first.rawValue ? .first : .second
      let start = 9 + Entry.keyCount(bytes) + 1
      if bytes[start - 1] == 0 {
        text = .lent(UnsafeRawBufferPointer(rebasing: bytes[start...]))
      } else {
        let (lower, upper) = bytes.loadUnaligned(fromByteOffset: start, as: (Int, Int).self)
        text = .filed(lower..<upper)
      }
    }
  }

  private func compare(_ content: Content) throws -> CompareReport {
    let report = Mutex(CompareReport(limit: limit))
    let workers = WorkerGroup(count: workers)
    let spill = content.spill
    try workers.forEach(0..<spill.partitionCount) { partition in
      let part = try compare(try records(spill, partition), content.texts)
      report.withLock { $0.add(part) }
    }
    let unnamed = try UnnamedComparison(
      resources: content.unnamed, types: content.types, texts: content.texts,
      comparison: CompareRun.comparison, workers: workers, limit: limit
    ).run()
    return report.withLock { report in
      report.add(unnamed)
      return report
    }
  }

  /// A partition's records; in a file where they are many, as those of one id may be.
  private func records(_ spill: SpillStore, _ partition: Int) throws -> SpillStore.Records {
    let size = spill.size(of: partition)
    guard size > CompareRun.largePartition else { return try spill.take(partition) }
    return SpillStore.Records(bytes: SharedBytes(try spill.takeMapped(partition), 0..<size))
  }

  /// Bytes of a partition that is not to be in memory as a whole.
  private static let largePartition = 16 << 20

  private func compare(_ records: SpillStore.Records, _ texts: ComparedTexts) throws -> CompareReport {
    var report = CompareReport(limit: limit)
    let pages = Pages(records.bytes.mapped)
    try records.bytes.withUnsafeBytes { _ in
      var groups: [String: (first: [Entry], second: [Entry])] = [:]
      records.forEach { record in
        pages.touch()
        // The records' bytes stay where they are for as long as they are lent.
        let (key, entry) = record.withUnsafeBytes { (Entry.key($0), Entry($0)) }
        switch entry.side {
        case .first: groups[key, default: ([], [])].first.append(entry)
        case .second: groups[key, default: ([], [])].second.append(entry)
        }
      }
      for (key, group) in groups {
        texts.takeTurn(for: (group.first + group.second).lazy.map(\.text))
        defer { texts.giveTurnBack() }
        try compare(key, group.first, group.second, texts, pages, &report)
      }
    }
    return report
  }

  /// The memory of a partition that stands in a file: it is let go of every so often.
  private final class Pages {
    private let mapped: MappedBytes?
    private var count = 0

    init(_ mapped: MappedBytes?) { self.mapped = mapped }

    /// Something is about to be touched.
    func touch() {
      count += 1
      if count % MappedBytes.touches == 0 { mapped?.release() }
    }
  }

  /// Compares the resources of one type and id.
  private func compare(
    _ key: String, _ first: [Entry], _ second: [Entry], _ texts: ComparedTexts, _ pages: Pages,
    _ report: inout CompareReport
  ) throws {
    guard !second.isEmpty else { return report.onlyInFirst.add(key) }
    guard !first.isEmpty else { return second.forEach { _ in report.onlyInSecond.add(key) } }
    var first = first
    func tree(_ entry: Entry) throws -> ResourceTree {
      pages.touch()
      return try texts.tree(entry.text)
    }
    // What is the same text is equal.
    let known = Dictionary(
      first.indices.compactMap { place in
        pages.touch()
        return CompareRun.hash(first[place].text).map { ($0, place) }
      }
    ) { place, _ in place }
    // Of several, those that may be equal are found by their digests.
    var digests: [UInt64: [Int]]?
    func candidates(_ other: ResourceTree) throws -> [Int] {
      if first.count == 1 { return [0] }
      let known = try digests ?? Dictionary(grouping: first.indices) { TreeDigest.of(try tree(first[$0])) }
      digests = known
      return known[TreeDigest.of(other)] ?? []
    }
    for entry in second {
      pages.touch()
      if let place = CompareRun.hash(entry.text).flatMap({ known[$0] }),
        CompareRun.areSame(first[place].text, entry.text)
      {
        first[place].isMatched = true
        report.equal += 1
        continue
      }
      let other = try tree(entry)
      var closest: TreeComparison.Difference?
      let match = try candidates(other).first { place in
        let difference = CompareRun.comparison.difference(try tree(first[place]), other)
        if place == 0 { closest = difference }
        return difference == nil
      }
      first[match ?? 0].isMatched = true
      if match != nil {
        report.equal += 1
      } else {
        let difference = try closest ?? CompareRun.comparison.difference(try tree(first[0]), other)
        report.different.add(key, difference.map(\.description) ?? "")
      }
    }
    report.superseded += first.count { !$0.isMatched }
    report.repeated += max(0, second.count - first.count)
  }

  private static func hash(_ text: ComparedText) -> UInt64? {
    if case .lent(let bytes) = text { NameHash.of(bytes) } else { nil }
  }

  private static func areSame(_ a: ComparedText, _ b: ComparedText) -> Bool {
    if case .lent(let a) = a, case .lent(let b) = b { a.elementsEqual(b) } else { false }
  }

  private static var comparison: TreeComparison { TreeComparison { XHTMLComparison.canonical($0) } }
}
