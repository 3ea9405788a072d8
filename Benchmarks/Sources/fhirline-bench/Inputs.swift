import Foundation

/// A file to measure with.
struct Input {
  enum Kind: String, CaseIterable {
    case bundles = "JSON"
    case lines = "NDJSON"
    case xml = "XML"
  }

  let path: String
  let kind: Kind
  let size: Int

  var isZipped: Bool { path.hasSuffix(".gz") }

  /// Resources of these types belong to no patient; bulk data has them in files of their own.
  private static let sharedTypes: Set<Substring> = [
    "Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "HealthcareService",
  ]

  /// Whether the file holds what all patients share: `Practitioner.000.ndjson`.
  var isShared: Bool {
    let name = path.split(separator: "/").last ?? ""
    return kind == .lines && Input.sharedTypes.contains(name.prefix { $0 != "." })
  }

  func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// The FHIR files of a folder and below, in the order of their paths; or the one file named.
  static func find(_ path: String) throws -> [Input] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Program.Failure(description: "\(path): no such file or folder")
    }
    let paths =
      isFolder.boolValue
      ? try FileManager.default.subpathsOfDirectory(atPath: path).sorted().map { path + "/" + $0 } : [path]
    return paths.compactMap(Input.init)
  }

  init?(_ path: String) {
    let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    if name.hasSuffix("manifest.json") {
      return nil
    } else if name.hasSuffix(".json") {
      kind = .bundles
    } else if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") {
      kind = .lines
    } else if name.hasSuffix(".xml") {
      kind = .xml
    } else {
      return nil
    }
    self.path = path
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }
}

extension [Input] {
  var size: Int { reduce(0) { $0 + $1.size } }

  var paths: [String] { map(\.path) }
}

/// Larger inputs, made of the ones at hand by giving their resources new ids again and again.
struct LargerInputs {
  private let inputs: [Input]
  private var copies = Copies()
  private let folder: String

  /// - Parameter folder: where they are written.
  init(_ inputs: [Input], folder: String) throws {
    self.inputs = inputs.filter { !$0.isZipped }
    self.folder = folder
    for input in self.inputs { copies.learn(try input.bytes(), isShared: input.isShared) }
  }

  /// Copies of all files, each copy in a folder of its own, until they have so many bytes.
  ///
  /// Inputs that are large enough stay where they are.
  func folders(bytes wanted: Int) throws -> [Input] {
    guard inputs.size < wanted, !inputs.isEmpty else { return inputs }
    var made: [Input] = []
    var number = 0
    while made.size < wanted {
      for input in inputs where number == 0 || !input.isShared {
        let path = "\(folder)/copy\(number)/" + input.path.split(separator: "/").joined(separator: "_")
        try write(copies.copy(try input.bytes(), number: number), to: path)
        if let copy = Input(path) { made.append(copy) }
      }
      number += 1
    }
    return made
  }

  /// Bulk data of about so many bytes: a file for each one there is, its lines again and again under new ids.
  func bulkData(bytes wanted: Int) throws -> [Input] {
    let lines = inputs.filter { $0.kind == .lines }
    let shared = lines.filter(\.isShared).size
    guard lines.size > shared else { return [] }
    let count = max(1, (wanted - shared + (lines.size - shared) / 2) / (lines.size - shared))
    var made: [Input] = []
    for input in lines {
      let path = "\(folder)/bulk/" + input.path.split(separator: "/").joined(separator: "_")
      var original = try input.bytes()
      if original.last != UInt8(ascii: "\n") { original.append(UInt8(ascii: "\n")) }
      for number in 0..<(input.isShared ? 1 : count) {
        try write(copies.copy(original, number: number), to: path, appending: number > 0)
      }
      if let large = Input(path) { made.append(large) }
    }
    return made
  }

  /// One Bundle of at least so many bytes, of the entries of the Bundles at hand.
  func bundle(bytes wanted: Int) throws -> Input? {
    let bundles = try inputs.filter { $0.kind == .bundles }.map { try $0.bytes() }
      .compactMap { bytes in LargerInputs.entries(of: bytes).map { (bytes: bytes, entries: $0) } }
    guard let first = bundles.first else { return nil }
    let path = "\(folder)/bundle/large.json"
    try write(Array(first.bytes[..<first.entries.lowerBound]), to: path)
    var size = 0
    var number = 0
    // A transaction names a resource once: what several Bundles have, and what copies share, comes with the first of them.
    var seen: Set<[UInt8]> = []
    while size < wanted {
      for bundle in bundles {
        let copy = copies.copy(Array(bundle.bytes[bundle.entries]), number: number)
        var entries: [UInt8] = []
        for entry in LargerInputs.parts(of: copy)
        where seen.insert(LargerInputs.fullUrl(of: copy[entry])).inserted {
          if size + entries.count > 0 { entries.append(UInt8(ascii: ",")) }
          entries += copy[entry]
        }
        try write(entries, to: path, appending: true)
        size += entries.count
        if size >= wanted { break }
      }
      number += 1
    }
    try write(Array(first.bytes[first.entries.upperBound...]), to: path, appending: true)
    return Input(path)
  }

  /// The entries in the text between the brackets.
  private static func parts(of text: [UInt8]) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var depth = 0
    var isText = false
    var start = 0
    var at = 0
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "\\") where isText: at += 1
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "{") where !isText:
        if depth == 0 { start = at }
        depth += 1
      case UInt8(ascii: "}") where !isText:
        depth -= 1
        if depth == 0 { parts.append(start..<at + 1) }
      default: break
      }
      at += 1
    }
    return parts
  }

  /// What an entry is called; all of it where it has no name.
  private static func fullUrl(of entry: ArraySlice<UInt8>) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard let name = entry.firstRange(of: Array("\"fullUrl\"".utf8)),
      let open = entry[name.upperBound...].firstIndex(of: quote),
      let close = entry[(open + 1)...].firstIndex(of: quote)
    else { return Array(entry) }
    return Array(entry[open..<close])
  }

  /// Where the entries of a Bundle's text stand, between the brackets.
  private static func entries(of bytes: [UInt8]) -> Range<Int>? {
    var depth = 0
    var isText = false
    var start: Int?
    var at = 0
    var lastText = 0..<0
    var textStart = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\\") where isText: at += 1
      case UInt8(ascii: "\""):
        isText.toggle()
        if isText { textStart = at + 1 } else { lastText = textStart..<at }
      case UInt8(ascii: "{") where !isText: depth += 1
      case UInt8(ascii: "["):
        guard !isText else { break }
        depth += 1
        if depth == 2, bytes[lastText].elementsEqual("entry".utf8) { start = at + 1 }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard !isText else { break }
        if depth == 2, let start { return at > start ? start..<at : nil }
        depth -= 1
      default: break
      }
      at += 1
    }
    return nil
  }

  private func write(_ bytes: [UInt8], to path: String, appending: Bool = false) throws {
    let above = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
    guard let file = fopen(path, appending ? "a" : "w") else {
      throw Program.Failure(description: "\(path): cannot be written")
    }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw Program.Failure(description: "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}
