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
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var filled = 0
    var number = 0
    while true {
      if filled == room.count {
        guard room.count < longestLine else {
          throw PipelineFailure(.input, "\(path):\(number + 1): this line is too long to be an entry")
        }
        room.append(contentsOf: repeatElement(0, count: min(room.count, longestLine - room.count)))
      }
      let count = room.withUnsafeMutableBytes { bytes in
        // Not empty: it has a base.
        read(descriptor, bytes.baseAddress.unsafelyUnwrapped + filled, bytes.count - filled)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      filled += count
      var start = 0
      try room.withUnsafeBufferPointer { bytes in
        while let end = bytes[start..<filled].firstIndex(of: 0x0A) {
          number += 1
          try body(number, UnsafeBufferPointer(rebasing: bytes[start..<end]))
          start = end + 1
        }
        if count == 0, start < filled {
          number += 1
          try body(number, UnsafeBufferPointer(rebasing: bytes[start..<filled]))
        }
      }
      if count == 0 { return }
      if start > 0 {
        room.withUnsafeMutableBytes { bytes in
          bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<filled]))
        }
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
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
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
  }

  /// Where it was read.
  let source: String
  let line: Int?
  let column: Int?
  let reasons: [Reason]
  let content: Content
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
    } else {
      return nil
    }
    place = members.filter { ["source", "line", "column"].contains($0.name) }.map { ($0.name, $0.value) }
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

  /// What an import reads again, on one line: the resource; a Bundle's entry as a Bundle of its own, so that it keeps
  /// its `fullUrl`; text that could not be read as it came.
  func input(in bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    switch content {
    case .raw(let range):
      let text = (try? JSONDecoder().decode(String.self, from: Data(bytes[range]))) ?? ""
      let isRepaired = reasons.contains { $0.rule == Rule.encodingUTF8.code }
      var input: [UInt8] = []
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\n", "\r": input.append(0x20)
        // What was no UTF-8 stands so in the file: to load it for what it was would be a loss unseen.
        case "\u{FFFD}" where isRepaired: input.append(0xFF)
        default: input.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
      }
      return input
    case .resource(let range):
      let own = UnsafeBufferPointer(rebasing: bytes[range])
      let names = JSONMembers.of(own)?.map(\.name) ?? []
      let isEntry = names.contains("resource") || names.contains("request")
      guard !names.contains("resourceType"), isEntry else { return Array(own) }
      // See the invariants bdl-2 to bdl-4: which members an entry may have goes with the Bundle's type.
      let type =
        switch (names.contains("request"), names.contains("response")) {
        case (true, true): "history"
        case (true, false): "batch"
        case (false, true): "batch-response"
        case (false, false): names.contains("search") ? "searchset" : "collection"
        }
      return Array(#"{"resourceType":"Bundle","type":"\#(type)","entry":["#.utf8) + own + Array("]}".utf8)
    }
  }
}
