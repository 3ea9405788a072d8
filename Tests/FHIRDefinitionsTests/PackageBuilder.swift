import FHIRDefinitions
import FoundationEssentials

/// Builds packages for tests: in memory, as tar, as gzip, on disk.
struct PackageBuilder {
  var files: [(name: String, text: String)] = []

  static let manifest = #"{"name": "test.package", "version": "1.2.3", "fhirVersions": ["4.0.1"]}"#

  init(_ files: [(String, String)], manifest: String = PackageBuilder.manifest) {
    self.files = [("package/package.json", manifest)] + files.map { ("package/" + $0.0, $0.1) }
  }

  init(verbatim files: [(String, String)]) { self.files = files.map { ($0.0, $0.1) } }

  // MARK: Bytes

  var tar: [UInt8] {
    files.flatMap { Self.member($0.name, Array($0.text.utf8)) } + [UInt8](repeating: 0, count: 1024)
  }

  var gzip: [UInt8] { Self.gzip(tar) }

  /// A member of a tar archive.
  static func member(_ name: String, _ bytes: [UInt8], kind: Character = "0", prefix: String = "") -> [UInt8]
  {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte }
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put("0000644", at: 100)
    put(octal(bytes.count, 11), at: 124)
    put(String(kind), at: 156)
    put("ustar\u{0}00", at: 257)
    put(prefix, at: 345)
    put("        ", at: 148)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
    return header + bytes + [UInt8](repeating: 0, count: -bytes.count & 511)
  }

  /// A gzip stream of stored blocks.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(0xFFFF)
      let count = UInt16(block.count)
      out.append(rest.isEmpty ? 1 : 0)
      for word in [count, ~count] { out += [UInt8(word & 0xFF), UInt8(word >> 8)] }
      out += block
    } while !rest.isEmpty
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    for word in [~crc, UInt32(bytes.count)] {
      for shift in [0, 8, 16, 24] { out.append(UInt8(word >> UInt32(shift) & 0xFF)) }
    }
    return out
  }

  // MARK: On disk

  func withTar<R>(_ body: (String) throws -> R) throws -> R { try Self.withFile(tar, body) }

  static func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.path + "/fhirline-\(UUID().uuidString).tgz"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let root = FileManager.default.temporaryDirectory.path + "/fhirline-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for file in files {
      let path = root + "/" + file.name
      let folder = path[..<(path.lastIndex(of: "/") ?? path.endIndex)]
      try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
      try Data(file.text.utf8).write(to: URL(filePath: path))
    }
    return try body(root)
  }

  /// What the package says, read from a tar archive.
  func read() throws -> DefinitionPackage { try withTar { try DefinitionPackage(PackageArchive(path: $0)) } }
}

/// The error that reading or compiling ends with, or nil.
func definitionError(_ body: () throws -> Void) -> DefinitionError? {
  do {
    try body()
    return nil
  } catch {
    return error as? DefinitionError
  }
}
