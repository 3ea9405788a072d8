extension Decimal128 {
  /// No text of a decimal128 is longer: sign, 34 digits, point, "E", sign, four digits of exponent.
  package static let maximumTextLength = 42

  /// The text of the number, as the decimal128 specification writes it: trailing zeros kept, "1E+5", "NaN".
  package var canonicalText: String {
    withCanonicalText { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the text of the number, without allocating.
  package func withCanonicalText<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    withUnsafeTemporaryAllocation(byteCount: Decimal128.maximumTextLength, alignment: 8) { buffer in
      // The allocation is not empty, so that it has an address.
      let length = writeText(to: buffer.baseAddress.unsafelyUnwrapped)
      return body(UnsafeRawBufferPointer(start: buffer.baseAddress, count: length))
    }
  }

  /// Writes the text of the number, at most `maximumTextLength` bytes, and says how many.
  ///
  /// Follows to-scientific-string of the General Decimal Arithmetic Specification, as the BSON specification asks.
  package func writeText(to place: UnsafeMutableRawPointer) -> Int {
    var out = TextSink(place: place)
    guard isFinite else {
      if isNaN {
        out.append("NaN")
      } else {
        out.append(isNegative ? "-Infinity" : "Infinity")
      }
      return out.count
    }
    if isNegative { out.append(UInt8(ascii: "-")) }
    let (coefficient, exponent) = parts
    withUnsafeTemporaryAllocation(byteCount: 40, alignment: 8) { scratch in
      let digits = UnsafeRawBufferPointer(
        start: scratch.baseAddress,
        count: writeCoefficient(coefficient, to: scratch.baseAddress.unsafelyUnwrapped))
      let scientific = digits.count - 1 + exponent
      if exponent <= 0 && scientific >= -6 {
        out.appendPlain(digits, fraction: -exponent)
      } else {
        out.appendScientific(digits, exponent: scientific)
      }
    }
    return out.count
  }

  /// Writes the digits of a coefficient: in one word if it fits, else in two halves of 17 digits.
  private func writeCoefficient(_ coefficient: UInt128, to place: UnsafeMutableRawPointer) -> Int {
    if let word = UInt64(exactly: coefficient) { return writeDigits(word, to: place) }
    let (upper, lower) = coefficient.quotientAndRemainder(dividingBy: 100_000_000_000_000_000)
    let length = writeDigits(UInt64(truncatingIfNeeded: upper), to: place)
    writeDigits(UInt64(truncatingIfNeeded: lower), count: 17, to: place + length)
    return length + 17
  }
}

private struct TextSink {
  let place: UnsafeMutableRawPointer
  var count = 0

  init(place: UnsafeMutableRawPointer) { self.place = place }

  mutating func append(_ byte: UInt8) {
    place.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  mutating func append(_ bytes: some Collection<UInt8>) {
    for byte in bytes { append(byte) }
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Digits with a point before the last `fraction` of them, and zeros where digits are wanting.
  mutating func appendPlain(_ digits: UnsafeRawBufferPointer, fraction: Int) {
    let whole = digits.count - fraction
    if whole > 0 {
      append(digits[..<whole])
    } else {
      append(UInt8(ascii: "0"))
    }
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    if whole < 0 { append(repeatElement(UInt8(ascii: "0"), count: -whole)) }
    append(digits[max(whole, 0)...])
  }

  mutating func appendScientific(_ digits: UnsafeRawBufferPointer, exponent: Int) {
    append(digits[0])
    if digits.count > 1 {
      append(UInt8(ascii: "."))
      append(digits[1...])
    }
    append(UInt8(ascii: "E"))
    append(UInt8(ascii: exponent < 0 ? "-" : "+"))
    count += writeDigits(UInt64(exponent.magnitude), to: place + count)
  }
}
