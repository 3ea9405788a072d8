/// The work of `fhirline quarantine list`: what was set aside, grouped by reason.
package struct QuarantineList: Sendable {
  /// How many lines and sources are named of a group.
  private static let shown = 5
  /// How many sources of a group are counted one by one.
  private static let mostSources = 1000

  private struct Key: Hashable {
    let rule: String
    let expression: String
    let type: String
  }

  private struct Group {
    var message = ""
    var count = 0
    var sources: [String: Int] = [:]
    var otherSources = 0
    var lines: [(file: String, line: Int)] = []
  }

  private var groups: [Key: Group] = [:]
  private var files: [(path: String, count: Int)] = []
  /// Lines that are no entries.
  private var strangers = 0

  /// Reads quarantine files.
  package init(_ paths: [String]) throws {
    for path in paths {
      var count = 0
      try QuarantineFile.forEachLine(of: path) { line, bytes in
        guard let entry = QuarantineEntry(bytes) else {
          if !bytes.isEmpty { strangers += 1 }
          return
        }
        count += 1
        add(entry, type: entry.kind(in: bytes), file: path, line: line)
      }
      files.append((path, count))
    }
  }

  private mutating func add(_ entry: QuarantineEntry, type: String, file: String, line: Int) {
    let reason = entry.reason
    let key = Key(
      rule: reason?.rule ?? "unknown",
      expression: QuarantineList.place(of: reason?.expression ?? "", type: type), type: type)
    var group = groups.removeValue(forKey: key) ?? Group()
    group.count += 1
    if group.message.isEmpty { group.message = reason?.message ?? "no reason is noted" }
    if group.sources[entry.source] != nil || group.sources.count < QuarantineList.mostSources {
      group.sources[entry.source, default: 0] += 1
    } else {
      group.otherSources += 1
    }
    if group.lines.count < QuarantineList.shown { group.lines.append((file, line)) }
    groups[key] = group
  }

  /// `Patient.name[0].given[1]` and `Bundle.entry[3].resource.name[0].given[1]` as `Patient.name.given`.
  private static func place(of expression: String, type: String) -> String {
    var isInside = false
    let path = String(
      expression.filter { letter in
        if letter == "[" { isInside = true }
        defer { if letter == "]" { isInside = false } }
        return !isInside
      })
    let entry = "Bundle.entry.resource"
    guard path == entry || path.hasPrefix(entry + "."), type != "unreadable" else { return path }
    return type + path.dropFirst(entry.count)
  }

  private static let longestPlace = 100

  /// A path as a line has room for it: where it begins, and where it ends.
  private static func short(_ path: String) -> String {
    guard path.count > longestPlace else { return path }
    let steps = path.split(separator: ".", omittingEmptySubsequences: false)
    var (head, tail) = (steps[..<min(2, steps.count)], steps[steps.count...])
    func text() -> String { (head + ["…"] + tail).joined(separator: ".") }
    while tail.startIndex > head.endIndex {
      tail = steps[(tail.startIndex - 1)...]
      if text().count > longestPlace {
        tail = tail.dropFirst()
        break
      }
    }
    // A step may be long by itself.
    let short = text()
    return short.count > longestPlace
      ? path.prefix(longestPlace / 2) + "…" + path.suffix(longestPlace / 2) : short
  }

  package var count: Int { files.reduce(0) { $0 + $1.count } }

  private var sorted: [(key: Key, value: Group)] {
    groups.sorted {
      ($1.value.count, $0.key.rule, $0.key.expression, $0.key.type)
        < ($0.value.count, $1.key.rule, $1.key.expression, $1.key.type)
    }
  }

  /// For people.
  package func lines(colours: Bool) -> [String] {
    var lines = files.map { "\($0.path): \(Amount.of($0.count, "resource")) set aside" }
    for (key, group) in sorted {
      let place = QuarantineList.short(key.expression.isEmpty ? key.type : key.expression)
      lines.append(
        "  \(Amount.grouped(group.count)) × "
          + Terminal.styled("\(place): \(key.rule)", .bold, when: colours)
          + (key.expression.isEmpty || key.expression.hasPrefix(key.type) ? "" : " (\(key.type))"))
      lines.append("      such as: \(group.message)")
      var sources = group.sources.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.key) (\(Amount.grouped($0.value)))" }
      if sources.count > QuarantineList.shown {
        sources = Array(sources.prefix(QuarantineList.shown)) + ["and others"]
      }
      lines.append("      read from: " + sources.joined(separator: ", "))
      let places = group.lines.map { files.count == 1 ? "\($0.line)" : "\($0.file):\($0.line)" }
      lines.append(
        "      show: " + places.joined(separator: ", ") + (group.count > group.lines.count ? ", …" : ""))
    }
    if strangers > 0 { lines.append("  \(Amount.of(strangers, "line")) that cannot be read as entries") }
    return lines
  }

  /// One JSON object.
  package var json: String {
    JSONText.object([
      ("count", String(count)),
      (
        "files",
        JSONText.array(
          files.map { JSONText.object([("path", JSONText.quoted($0.path)), ("count", String($0.count))]) })
      ),
      ("unreadableLines", String(strangers)),
      (
        "groups",
        JSONText.array(
          sorted.map { key, group in
            JSONText.object([
              ("rule", JSONText.quoted(key.rule)), ("expression", JSONText.quoted(key.expression)),
              ("type", JSONText.quoted(key.type)), ("count", String(group.count)),
              ("message", JSONText.quoted(group.message)),
              (
                "sources",
                JSONText.object(
                  group.sources.sorted { $0.key < $1.key }.map { ($0.key, String($0.value)) })
              ),
              ("otherSources", String(group.otherSources)),
              (
                "lines",
                JSONText.array(
                  group.lines.map {
                    JSONText.object([("file", JSONText.quoted($0.file)), ("line", String($0.line))])
                  })
              ),
            ])
          })
      ),
    ])
  }
}
