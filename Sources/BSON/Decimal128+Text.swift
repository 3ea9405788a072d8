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
    // Room for the 34 digits, from where they go to their places around the point.
    var scratch: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &scratch) { scratch in
      // A tuple has an address.
      let digits = scratch.baseAddress.unsafelyUnwrapped
      let length = writeCoefficient(coefficient, to: digits)
      let scientific = length - 1 + exponent
      if exponent <= 0 && scientific >= -6 {
        out.appendPlain(digits, count: length, fraction: -exponent)
      } else {
        out.appendScientific(digits, count: length, exponent: scientific)
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

  mutating func append(_ bytes: UnsafeRawPointer, count length: Int) {
    (place + count).copyMemory(from: bytes, byteCount: length)
    count += length
  }

  mutating func append(_ text: StaticString) { append(text.utf8Start, count: text.utf8CodeUnitCount) }

  /// Digits with a point before the last `fraction` of them, and zeros where digits are wanting.
  mutating func appendPlain(_ digits: UnsafeRawPointer, count length: Int, fraction: Int) {
    let whole = length - fraction
    if whole > 0 {
      append(digits, count: whole)
    } else {
      append(UInt8(ascii: "0"))
    }
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    for _ in 0..<max(0, -whole) { append(UInt8(ascii: "0")) }
    append(digits + max(whole, 0), count: length - max(whole, 0))
  }

  mutating func appendScientific(_ digits: UnsafeRawPointer, count length: Int, exponent: Int) {
    append(digits, count: 1)
    if length > 1 {
      append(UInt8(ascii: "."))
      append(digits + 1, count: length - 1)
    }
    append(UInt8(ascii: "E"))
    append(UInt8(ascii: exponent < 0 ? "-" : "+"))
    count += writeDigits(UInt64(exponent.magnitude), to: place + count)
  }
}
