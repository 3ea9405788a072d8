import FHIRModel

/// Which entries of a quarantine file were one transaction Bundle: they are replayed as one, all or nothing.
struct ReplayTransactions {
  /// The lines of each, by the last of them.
  private(set) var members: [Int: [Int]] = [:]
  /// By line: the last line of its Bundle.
  private(set) var lastLines: [Int: Int] = [:]

  /// Lines of those whose file broke off: not all of it is here, and what is may not be loaded without the rest.
  private(set) var unfinished: Set<Int> = []

  /// What only entries of transactions are set aside for.
  private static let rules: Set<String> = [Rule.transactionRefused.code, Rule.transactionTwice.code]

  init() {}

  /// Reads through a file.
  ///
  /// - Parameter honoured: whether transactions are all or nothing.
  init(of path: String, honoured: Bool) throws {
    var lines: [String: [Int]] = [:]
    var refused: Set<String> = []
    var brokenOff: Set<String> = []
    try QuarantineFile.forEachLine(of: path) { line, bytes in
      guard let entry = QuarantineEntry(bytes), entry.isRequest(in: bytes) else { return }
      // A file of JSON or XML is one Bundle, a line of NDJSON another than the next.
      let rules = ReplayTransactions.rules
      let key =
        ReplayTransactions.isOfLines(entry.source) ? "\(entry.line ?? 0) \(entry.source)" : entry.source
      lines[key, default: []].append(line)
      if entry.reasons.contains(where: { rules.contains($0.rule) }) { refused.insert(key) }
      if entry.reasons.contains(where: { $0.rule == Rule.transactionUnfinished.code }) {
        brokenOff.insert(key)
      }
    }
    if honoured {
      for key in brokenOff { unfinished.formUnion(lines[key] ?? []) }
      refused.subtract(brokenOff)
    } else {
      refused.formUnion(brokenOff)
    }
    for key in refused {
      guard let own = lines[key], let last = own.last else { continue }
      members[last] = own
      for line in own { lastLines[line] = last }
    }
  }

  private static func isOfLines(_ source: String) -> Bool {
    let name = source.lowercased()
    return [".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"].contains { name.hasSuffix($0) }
  }

  /// Entries as one transaction Bundle, on one line.
  static func bundle(_ entries: [[UInt8]]) -> [UInt8] {
    var line = Array(#"{"resourceType":"Bundle","type":"transaction","entry":["#.utf8)
    line += entries.joined(separator: [UInt8(ascii: ",")])
    return line + Array("]}".utf8)
  }
}

extension QuarantineEntry {
  /// Whether it is a Bundle's entry that asks for something.
  func isRequest(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard case .resource(let range) = content else { return false }
    let names = JSONMembers.of(UnsafeBufferPointer(rebasing: bytes[range]))?.map(\.name) ?? []
    return names.contains("request") && !names.contains("resourceType")
  }
}
