/// Base64 as RFC 4648 has it, without line breaks.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var iterator = bytes.makeIterator()
    while let first = iterator.next() {
      let second = iterator.next()
      let third = second == nil ? nil : iterator.next()
      text.append(alphabet[Int(first >> 2)])
      text.append(alphabet[Int(first & 3) << 4 | Int((second ?? 0) >> 4)])
      text.append(
        second == nil ? UInt8(ascii: "=") : alphabet[Int((second ?? 0) & 15) << 2 | Int((third ?? 0) >> 6)])
      text.append(third == nil ? UInt8(ascii: "=") : alphabet[Int((third ?? 0) & 63)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// nil for what is no base64; white space is passed over, as FHIR allows.
  static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var word: UInt32 = 0
    var count = 0
    var padding = 0
    for letter in text {
      if letter == 0x20 || (0x09...0x0D).contains(letter) { continue }
      var value: UInt32 = 0
      switch letter {
      case 0x41...0x5A: value = UInt32(letter) - 0x41
      case 0x61...0x7A: value = UInt32(letter) - 0x61 + 26
      case 0x30...0x39: value = UInt32(letter) - 0x30 + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="): padding += 1
      default: return nil
      }
      if padding > 0 && letter != UInt8(ascii: "=") || padding > 2 { return nil }
      word = word << 6 | value
      count += 1
      if count == 4 {
        bytes.append(UInt8(truncatingIfNeeded: word >> 16))
        if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
        if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: word)) }
        count = 0
        word = 0
      }
    }
    return count == 0 ? bytes : nil
  }
}

enum Hexadecimal {
  static func text(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  static func text(_ words: UInt64...) -> String {
    text(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } })
  }
}
