import FHIRModel
import Foundation
import Glibc

/// Files of what was set aside, read line by line.
package enum QuarantineFile {
  /// A line may be as long as a resource may be, and its reasons.
  private static let longestLine = (1 << 30) + (64 << 20)

  /// The quarantine file and those that later imports wrote beside it (`quarantine-2.ndjson`, …), where there are any.
  package static func find(_ wanted: String) -> [String] {
    let stem = wanted.hasSuffix(".ndjson") ? String(wanted.dropLast(7)) : wanted
    let folder = Path.folder(of: wanted)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    let own = stem.split(separator: "/").last.map(String.init) ?? stem
    let numbers = names.compactMap { name -> Int? in
      guard name.hasPrefix(own + "-"), name.hasSuffix(".ndjson") else { return nil }
      return Int(name.dropFirst(own.count + 1).dropLast(7))
    }
    let later = numbers.sorted().map { "\(stem)-\($0).ndjson" }
    return (FileManager.default.fileExists(atPath: wanted) ? [wanted] : []) + later
  }

  /// Hands every line over with its number from 1, less its line feed.
  static func forEachLine(
    of path: String, _ body: (Int, UnsafeBufferPointer<UInt8>) throws -> Void
  ) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var capacity = 1 << 20
    var room = GrowingMemory<UInt8>.allocate(capacity)
    defer { GrowingMemory.free(room) }
    var filled = 0
    var number = 0
    while true {
      if filled == capacity {
        guard capacity < longestLine else {
          throw PipelineFailure(.input, "\(path):\(number + 1): this line is too long to be an entry")
        }
        capacity = min(capacity * 2, longestLine)
        room = GrowingMemory.resize(room, to: capacity)
      }
      let count = read(descriptor, room + filled, capacity - filled)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      filled += count
      var start = 0
      let bytes = UnsafeBufferPointer(start: room, count: filled)
      // Of a line that is not whole, the beginning was gone through.
      var next = filled - count
      while let end = bytes[next...].firstIndex(of: 0x0A) {
        number += 1
        try body(number, UnsafeBufferPointer(rebasing: bytes[start..<end]))
        start = end + 1
        next = start
      }
      if count == 0, start < filled {
        number += 1
        try body(number, UnsafeBufferPointer(rebasing: bytes[start...]))
      }
      if count == 0 { return }
      if start > 0 {
        room.update(from: room + start, count: filled - start)
        filled -= start
      }
    }
  }

  private static func unreadable(_ path: String) -> PipelineFailure {
    PipelineFailure(.input, "\(path): this file cannot be read: \(String(cString: strerror(errno)))")
  }

  /// What tells that a file is still the one that was read: its place, its size, and when it was last written.
  static func state(of path: String) throws -> [Int] {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PipelineFailure(.input, "\(path): this is no file")
    }
    return [
      Int(status.st_dev), Int(status.st_ino), Int(status.st_size), Int(status.st_mtim.tv_sec),
      Int(status.st_mtim.tv_nsec),
    ]
  }
}

/// A line of a quarantine file, taken apart.
struct QuarantineEntry {
  struct Reason: Decodable {
    var severity: String
    var rule: String
    var expression: String
    var message: String
  }

  /// What was set aside.
  enum Content {
    case resource(Range<Int>)
    /// Text that could not be read as JSON, as a JSON string.
    case raw(Range<Int>)
    /// The same, but no more than the beginning of what was too large to be read.
    case beginning(Range<Int>)
  }

  /// Where it was read.
  let source: String
  let line: Int?
  let column: Int?
  let reasons: [Reason]
  let content: Content
  /// What the U+FFFD of raw text stand for (``RepairedText``).
  let replaced: Range<Int>?
  /// The members before the content but for the reasons, as they stand.
  let place: [(name: String, value: Range<Int>)]

  /// nil for a line that is no entry.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let members = JSONMembers.of(bytes) else { return nil }
    func data(_ name: String) -> Data? {
      members.first { $0.name == name }.map { Data(bytes[$0.value]) }
    }
    guard let source = data("source").flatMap({ try? JSONDecoder().decode(String.self, from: $0) }) else {
      return nil
    }
    self.source = source
    line = data("line").flatMap { try? JSONDecoder().decode(Int.self, from: $0) }
    column = data("column").flatMap { try? JSONDecoder().decode(Int.self, from: $0) }
    reasons = data("issues").flatMap { try? JSONDecoder().decode([Reason].self, from: $0) } ?? []
    if let resource = members.first(where: { $0.name == "resource" }) {
      content = .resource(resource.value)
    } else if let raw = members.first(where: { $0.name == "raw" }) {
      content = .raw(raw.value)
    } else if let beginning = members.first(where: { $0.name == "beginning" }) {
      content = .beginning(beginning.value)
    } else {
      return nil
    }
    replaced = members.first { $0.name == RepairedText.member }?.value
    let kept = ["source", "line", "column", RepairedText.member]
    place = members.filter { kept.contains($0.name) }.map { ($0.name, $0.value) }
  }

  /// Why it was set aside: the first error.
  var reason: Reason? { reasons.first { $0.severity == "error" || $0.severity == "fatal" } ?? reasons.first }

  /// Type and id of the resource, where they can be told without reading it.
  func identity(in bytes: UnsafeBufferPointer<UInt8>) -> (type: String?, id: String?) {
    guard case .resource(var range) = content else { return (nil, nil) }
    var members = JSONMembers.of(UnsafeBufferPointer(rebasing: bytes[range])) ?? []
    if !members.contains(where: { $0.name == "resourceType" }),
      let inner = members.first(where: { $0.name == "resource" })
    {
      range = range.lowerBound + inner.value.lowerBound..<range.lowerBound + inner.value.upperBound
      members = JSONMembers.of(UnsafeBufferPointer(rebasing: bytes[range])) ?? []
    }
    func text(_ name: String) -> String? {
      members.first { $0.name == name }.flatMap { member in
        let value = Data(
          bytes[range.lowerBound + member.value.lowerBound..<range.lowerBound + member.value.upperBound])
        return try? JSONDecoder().decode(String.self, from: value)
      }
    }
    return (text("resourceType"), text("id"))
  }

  /// What it is, for people: a resource's type, or else what there is of one.
  func kind(in bytes: UnsafeBufferPointer<UInt8>) -> String {
    identity(in: bytes).type ?? (isRequest(in: bytes) ? "entry without a resource" : "unreadable")
  }

  /// What an import reads again, on one line: the resource; a Bundle's entry as a Bundle of its own, so that it keeps
  /// its `fullUrl`; text that could not be read as it came.
  func forEachPieceOfInput(
    in bytes: UnsafeBufferPointer<UInt8>, _ take: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) rethrows {
    switch content {
    case .beginning: break
    case .raw(let range):
      // What was no UTF-8 stands so in the file: to load it for what it was would be a loss unseen.
      let isRepaired = reasons.contains { $0.rule == Rule.encodingUTF8.code }
      let token = UnsafeBufferPointer(rebasing: bytes[range])
      var replaced = replaced.map { RepairedText.Replaced(UnsafeBufferPointer(rebasing: bytes[$0])) }
      // Who corrected some of the text has to correct all of it.
      if let known = replaced, known.count != QuarantineEntry.replacements(in: token) { replaced = nil }
      try QuarantineEntry.forEachPiece(ofString: token) { text in
        var input: [UInt8] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
          switch scalar {
          case "\n", "\r": input.append(0x20)
          case RepairedText.replacement where replaced != nil: input += replaced?.next() ?? [0xFF]
          case RepairedText.replacement where isRepaired: input.append(0xFF)
          default: input.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
          }
        }
        try input.withUnsafeBufferPointer(take)
      }
    case .resource(let range):
      let own = UnsafeBufferPointer(rebasing: bytes[range])
      let names = JSONMembers.of(own)?.map(\.name) ?? []
      let isEntry = names.contains("resource") || names.contains("request")
      guard !names.contains("resourceType"), isEntry else { return try takeAll(own, take) }
      // See the invariants bdl-2 to bdl-4: which members an entry may have goes with the Bundle's type.
      let type =
        switch (names.contains("request"), names.contains("response")) {
        case (true, true): "history"
        case (true, false): "batch"
        case (false, true): "batch-response"
        case (false, false): names.contains("search") ? "searchset" : "collection"
        }
      try Array(#"{"resourceType":"Bundle","type":"\#(type)","entry":["#.utf8).withUnsafeBufferPointer(take)
      try takeAll(own, take)
      try Array("]}".utf8).withUnsafeBufferPointer(take)
    }
  }

  private static func replacements(in token: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    forEachPiece(ofString: token) { text in
      count += String(decoding: text, as: UTF8.self).unicodeScalars.count { $0 == RepairedText.replacement }
    }
    return count
  }

  private static let pieceBytes = 64 << 10

  private func takeAll(
    _ bytes: UnsafeBufferPointer<UInt8>, _ take: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) rethrows {
    var rest = bytes[...]
    while !rest.isEmpty {
      try take(UnsafeBufferPointer(rebasing: rest.prefix(QuarantineEntry.pieceBytes)))
      rest = rest.dropFirst(QuarantineEntry.pieceBytes)
    }
  }

  /// Hands over what a JSON string's token says, in pieces; nothing for what is no string.
  private static func forEachPiece(
    ofString token: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) rethrows {
    guard token.count >= 2, token.first == UInt8(ascii: "\""), token.last == UInt8(ascii: "\"") else {
      return
    }
    let inside = token[1..<token.count - 1]
    let decoded = TextBuffer()
    var start = inside.startIndex
    while start < inside.endIndex {
      let end = cut(inside, from: start, atLeast: pieceBytes)
      decoded.count = 0
      _ = JSONEscapes.decode(UnsafeBufferPointer(rebasing: inside[start..<end]), into: decoded)
      try body(UnsafeBufferPointer(start: decoded.bytes, count: decoded.count))
      start = end
    }
  }

  /// A place within the inside of a string's token where neither an escape, nor a pair of them, nor a scalar is cut apart.
  private static func cut(
    _ inside: Slice<UnsafeBufferPointer<UInt8>>, from start: Int, atLeast least: Int
  ) -> Int {
    var at = start
    var isBehindHalf = false
    while at < inside.endIndex {
      let isEscape = inside[at] == UInt8(ascii: "\\")
      if at - start >= least, inside[at] & 0xC0 != 0x80, !(isBehindHalf && isEscape) { return at }
      guard isEscape, at + 1 < inside.endIndex else {
        isBehindHalf = false
        at += 1
        continue
      }
      let isUnicode = inside[at + 1] == UInt8(ascii: "u")
      isBehindHalf = isUnicode
      at += isUnicode ? 6 : 2
    }
    return inside.endIndex
  }
}
