import Testing

@testable import FHIRValidation

/// Texts are taken sixteen bytes at a time: a byte is judged alike wherever it stands, and whatever stands around it.
@Suite struct TextBlocksTests {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let idBytes = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.".utf8)

  private func verdict(
    _ bytes: [UInt8], _ grammar: (UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict
  ) -> PrimitiveVerdict {
    bytes.withUnsafeBufferPointer(grammar)
  }

  @Test func `base64Binary of every length is valid where its digits are whole groups`() {
    for count in 1...70 {
      let text = (0..<count).map { Self.digits[$0 * 7 % 64] }
      #expect(verdict(text, Base64Grammar.base64Binary) == (count % 4 == 0 ? .valid : .malformed), "\(count)")
    }
  }

  @Test func `every byte is told in base64Binary, at every place`() {
    for byte in UInt8.min...UInt8.max {
      for place in [0, 1, 15, 16, 17, 31, 32, 47] {
        var text = [UInt8](repeating: UInt8(ascii: "q"), count: 48)
        text[place] = byte
        // One white space less leaves groups that are not whole; padding stands at the end alone.
        let isDigit = Self.digits.contains(byte)
        let isPadding = byte == UInt8(ascii: "=") && place == 47
        #expect(
          (verdict(text, Base64Grammar.base64Binary) == .valid) == (isDigit || isPadding),
          "\(byte) at \(place)")
      }
    }
  }

  @Test func `every byte is told in an id, at every place`() {
    for byte in UInt8.min...UInt8.max {
      for place in [0, 14, 15, 16, 31, 32, 35] {
        var text = Array("0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0".utf8)
        text[place] = byte
        let expected: PrimitiveVerdict =
          Self.idBytes.contains(byte) ? .valid : byte == 0x20 ? .whitespace : .malformed
        #expect(verdict(text, TextGrammar.id) == expected, "\(byte) at \(place)")
      }
    }
  }

  @Test func `an id has at most 64 bytes`() {
    for count in [1, 15, 16, 17, 63, 64] {
      #expect(verdict([UInt8](repeating: 0x61, count: count), TextGrammar.id) == .valid)
    }
    #expect(verdict([UInt8](repeating: 0x61, count: 65), TextGrammar.id) == .tooLong)
  }
}
