/// The files of a tar archive, one after another: ustar, with the long names of GNU and of POSIX (pax).
///
/// See POSIX.1-2017, pax, "ustar Interchange Format".
struct TarReader {
  /// A member of the archive. Folders, links and devices are passed over.
  struct Member {
    let name: String
    let size: Int
  }

  private static let block = 512
  /// A pax header or a long name beyond this is no honest one.
  private static let longestHeader = 1 << 20

  private let stream: ArchiveStream
  private let path: String
  /// Bytes of the current member that were not read, its padding included.
  private var pending = 0
  private var longName: String?
  private var longSize: Int?

  init(_ stream: ArchiveStream, path: String) {
    self.stream = stream
    self.path = path
  }

  /// The next regular file, or nil at the end of the archive.
  mutating func next() throws(DefinitionError) -> Member? {
    while true {
      guard try stream.skip(pending) else { throw cutOff() }
      pending = 0
      let header = try stream.read(Self.block)
      // Two blocks of zeros end an archive; many writers leave them out.
      if header.isEmpty || header.allSatisfy({ $0 == 0 }) {
        // The checksum of the compressed stream stands at its end.
        try stream.drain()
        return nil
      }
      // As which HL7 offers the definitions of guides, too.
      guard !header.starts(with: Array("PK\u{3}\u{4}".utf8)) else {
        throw DefinitionError(
          .notAPackage, package: path,
          "is a zip archive: unpack it and name the folder, or take the package's .tgz")
      }
      guard header.count == Self.block else { throw cutOff() }
      guard isIntact(header), let ownSize = number(header[124..<136]) else {
        throw DefinitionError(.damaged, package: path, "is no tar archive, or is damaged")
      }
      let kind = header[156]
      switch kind {
      case UInt8(ascii: "x"):
        try takeExtendedHeader(try readAll(ownSize))
      case UInt8(ascii: "L"):
        longName = text(try readAll(ownSize)[...])
      case UInt8(ascii: "0"), 0:
        let size = longSize ?? ownSize
        let name = longName ?? ustarName(header)
        (longName, longSize) = (nil, nil)
        pending = try padded(size)
        return Member(name: name, size: size)
      default:
        // Global pax headers ('g'), folders and links hold no file; only what their header announces is passed over.
        pending = try padded(longSize ?? ownSize)
        if kind != UInt8(ascii: "g"), kind != UInt8(ascii: "K") { (longName, longSize) = (nil, nil) }
      }
    }
  }

  /// The bytes of the member that `next()` gave.
  mutating func contents(of member: Member) throws(DefinitionError) -> [UInt8] {
    let bytes = try stream.read(member.size)
    guard bytes.count == member.size else { throw cutOff() }
    pending -= member.size
    return bytes
  }

  private mutating func readAll(_ size: Int) throws(DefinitionError) -> [UInt8] {
    guard size <= Self.longestHeader else {
      throw DefinitionError(.damaged, package: path, "a member's name is too long")
    }
    let bytes = try stream.read(size)
    guard bytes.count == size else { throw cutOff() }
    pending = try padded(size) - size
    return bytes
  }

  /// A pax header: records of `length key=value\n`, the length that of the whole record.
  private mutating func takeExtendedHeader(_ bytes: [UInt8]) throws(DefinitionError) {
    var rest = bytes[...]
    while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
      guard let length = Int(text(rest[..<space])), length > space - rest.startIndex, length <= rest.count
      else {
        throw DefinitionError(.damaged, package: path, "an extended header is malformed")
      }
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      rest = rest[(rest.startIndex + length)...]
      guard let sign = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = text(record[(sign + 1)...].dropLast())
      switch text(record[..<sign]) {
      case "path": longName = value
      case "size":
        guard let size = Int(value), size >= 0 else {
          throw DefinitionError(.damaged, package: path, "an extended header is malformed")
        }
        longSize = size
      default: break
      }
    }
  }

  private func padded(_ size: Int) throws(DefinitionError) -> Int {
    let (sum, overflow) = size.addingReportingOverflow(Self.block - 1)
    guard !overflow else { throw DefinitionError(.damaged, package: path, "a member's size is malformed") }
    return sum / Self.block * Self.block
  }

  private func ustarName(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    let isUstar = header[257..<262].elementsEqual("ustar".utf8) && header[262] == 0
    let prefix = isUstar ? text(header[345..<500]) : ""
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  /// Whether the header's checksum is right: the sum of its bytes, those of the checksum itself as blanks.
  private func isIntact(_ header: [UInt8]) -> Bool {
    var sum = 0
    for (i, byte) in header.enumerated() { sum += 148..<156 ~= i ? 0x20 : Int(byte) }
    return number(header[148..<156]) == sum
  }

  /// A number field: octal digits, or GNU's big-endian bytes where the top bit is set.
  private func number(_ field: ArraySlice<UInt8>) -> Int? {
    guard let first = field.first else { return nil }
    if first & 0x80 != 0 {
      guard first == 0x80 else { return nil }
      var value = 0
      for byte in field.dropFirst() {
        guard value < 1 << 47 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = text(field).filter { $0 != " " }
    return digits.isEmpty ? 0 : Int(digits, radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func cutOff() -> DefinitionError {
    DefinitionError(.damaged, package: path, "the archive ends in the middle of a file")
  }
}
