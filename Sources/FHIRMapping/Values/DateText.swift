import FHIRModel

/// A FHIR date, dateTime or instant taken apart.
///
/// See http://hl7.org/fhir/R4/datatypes.html#dateTime
struct DateText {
  enum Precision: Int, Comparable {
    case year, month, day, time

    static func < (a: Precision, b: Precision) -> Bool { a.rawValue < b.rawValue }
  }

  var precision: Precision
  /// The first moment of what the text names; without a zone, UTC's.
  var instant: Instant
  var offsetMinutes: Int?
  /// The zone was written as Z.
  var isZulu: Bool

  init?(_ text: String) {
    var text = text
    let parsed = text.withUTF8 { DateText($0) }
    guard let parsed else { return nil }
    self = parsed
  }

  init?(_ text: UnsafeBufferPointer<UInt8>) {
    var reader = DigitReader(text: text)
    guard let year = reader.number(4) else { return nil }
    var month = 1
    var day = 1
    precision = .year
    if reader.skip("-") {
      guard let value = reader.number(2) else { return nil }
      month = value
      precision = .month
      if reader.skip("-") {
        guard let value = reader.number(2) else { return nil }
        day = value
        precision = .day
      }
    }
    guard let date = CalendarDay(year: year, month: month, day: day) else { return nil }
    var milliseconds = Int64(date.dayNumber) * 86_400_000
    offsetMinutes = nil
    isZulu = false
    // A blank between date and time is what databases write; FHIR wants a T.
    if precision == .day, reader.skip("T") || reader.skip(" ") {
      guard let time = reader.time() else { return nil }
      milliseconds += time
      precision = .time
      if reader.skip("Z") {
        isZulu = true
        offsetMinutes = 0
      } else if let offset = reader.offset() {
        offsetMinutes = offset
        milliseconds -= Int64(offset) * 60_000
      }
    }
    guard reader.isAtEnd else { return nil }
    instant = Instant(milliseconds: milliseconds)
  }
}

private struct DigitReader {
  let text: UnsafeBufferPointer<UInt8>
  var at = 0

  init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

  var isAtEnd: Bool { at == text.count }

  mutating func skip(_ letter: Unicode.Scalar) -> Bool {
    guard at < text.count, text[at] == UInt8(truncatingIfNeeded: letter.value) else { return false }
    at += 1
    return true
  }

  mutating func number(_ digits: Int) -> Int? {
    guard at + digits <= text.count else { return nil }
    var value = 0
    for place in at..<at + digits {
      guard text[place] &- 0x30 <= 9 else { return nil }
      value = value * 10 + Int(text[place] &- 0x30)
    }
    at += digits
    return value
  }

  /// `hh:mm[:ss[.fraction]]` in milliseconds; digits behind the third of the fraction are dropped.
  mutating func time() -> Int64? {
    guard let hour = number(2), hour <= 24, skip(":"), let minute = number(2), minute <= 59 else {
      return nil
    }
    var milliseconds = Int64(hour) * 3_600_000 + Int64(minute) * 60_000
    guard skip(":") else { return milliseconds }
    guard let second = number(2), second <= 60 else { return nil }
    milliseconds += Int64(second) * 1000
    guard skip(".") else { return milliseconds }
    var scale: Int64 = 100
    let start = at
    while at < text.count, text[at] &- 0x30 <= 9 {
      milliseconds += Int64(text[at] &- 0x30) * scale
      scale /= 10
      at += 1
    }
    return at > start ? milliseconds : nil
  }

  /// `+hh:mm` or `-hh:mm` in minutes.
  mutating func offset() -> Int? {
    let start = at
    let isNegative = skip("-")
    guard isNegative || skip("+"), let hours = number(2), skip(":"), let minutes = number(2), hours <= 14,
      minutes <= 59
    else {
      at = start
      return nil
    }
    return (isNegative ? -1 : 1) * (hours * 60 + minutes)
  }
}
