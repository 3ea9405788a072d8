import FHIRModel

/// The grammars of date, dateTime, instant and time.
///
/// See https://hl7.org/fhir/R4/datatypes.html#date. Beyond the published expressions, a day must exist in its
/// month.
enum DateGrammar {
  /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
  static func date(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard let p = text.baseAddress, text.count > 0 else { return .empty }
    return day(p, text.count)
  }

  /// A date, or a date with a time and its zone.
  static func dateTime(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard let p = text.baseAddress, text.count > 0 else { return .empty }
    guard text.count > 10 else { return day(p, text.count) }
    return moment(p, text.count)
  }

  /// A date with a time to the second at least, and its zone.
  static func instant(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard let p = text.baseAddress, text.count > 0 else { return .empty }
    guard text.count > 10 else { return .malformed }
    return moment(p, text.count)
  }

  /// `hh:mm:ss` with any fraction, without a zone.
  static func time(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard let p = text.baseAddress, text.count > 0 else { return .empty }
    var end = 0
    let verdict = clock(p, text.count, &end)
    guard verdict == .valid else { return verdict }
    return end == text.count ? .valid : .malformed
  }

  /// Two digits, or a number above 99 where they are none.
  @inline(__always)
  private static func two(_ p: UnsafePointer<UInt8>) -> Int {
    let a = p[0] &- UInt8(ascii: "0")
    let b = p[1] &- UInt8(ascii: "0")
    return a <= 9 && b <= 9 ? Int(a) &* 10 &+ Int(b) : 1000
  }

  @inline(__always)
  private static func day(_ p: UnsafePointer<UInt8>, _ count: Int) -> PrimitiveVerdict {
    guard count == 10 || count == 7 || count == 4 else { return .malformed }
    let century = two(p)
    let inCentury = two(p + 2)
    guard century < 100, inCentury < 100 else { return .malformed }
    let year = century * 100 + inCentury
    guard year > 0 else { return .outOfRange }
    guard count > 4 else { return .valid }
    guard p[4] == UInt8(ascii: "-") else { return .malformed }
    let month = two(p + 5)
    guard month < 100 else { return .malformed }
    guard month >= 1, month <= 12 else { return .noSuchDay }
    guard count > 7 else { return .valid }
    guard p[7] == UInt8(ascii: "-") else { return .malformed }
    let day = two(p + 8)
    guard day < 100 else { return .malformed }
    return day >= 1 && day <= CalendarDay.days(in: month, of: year) ? .valid : .noSuchDay
  }

  private static func moment(_ p: UnsafePointer<UInt8>, _ count: Int) -> PrimitiveVerdict {
    guard p[10] == UInt8(ascii: "T") else { return .malformed }
    let dayVerdict = day(p, 10)
    guard dayVerdict == .valid else { return dayVerdict }
    var used = 0
    let clockVerdict = clock(p + 11, count - 11, &used)
    guard clockVerdict == .valid else { return clockVerdict }
    let zone = p + 11 + used
    let left = count - 11 - used
    if left == 1 && zone[0] == UInt8(ascii: "Z") { return .valid }
    if left == 0 { return .zoneMissing }
    guard left == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
      zone[3] == UInt8(ascii: ":")
    else { return .malformed }
    let hours = two(zone + 1)
    let minutes = two(zone + 4)
    guard hours < 100, minutes < 100 else { return .malformed }
    return (hours < 14 && minutes < 60) || (hours == 14 && minutes == 0) ? .valid : .outOfRange
  }

  /// `hh:mm:ss(.f+)?`; second 60 is one that clocks show now and then, and FHIR's grammar takes it.
  @inline(__always)
  private static func clock(_ p: UnsafePointer<UInt8>, _ count: Int, _ used: inout Int) -> PrimitiveVerdict {
    guard count >= 5, p[2] == UInt8(ascii: ":") else { return .malformed }
    let hour = two(p)
    let minute = two(p + 3)
    guard hour < 100, minute < 100 else { return .malformed }
    guard hour < 24, minute < 60 else { return .outOfRange }
    guard count >= 8, p[5] == UInt8(ascii: ":") else {
      let ends =
        count == 5 || p[5] == UInt8(ascii: "Z") || p[5] == UInt8(ascii: "+") || p[5] == UInt8(ascii: "-")
      return ends ? .secondsMissing : .malformed
    }
    let second = two(p + 6)
    guard second < 100 else { return .malformed }
    guard second <= 60 else { return .outOfRange }
    used = 8
    if count > 8 && p[8] == UInt8(ascii: ".") {
      used = 9
      while used < count, p[used] &- UInt8(ascii: "0") <= 9 { used += 1 }
      guard used > 9 else { return .malformed }
    }
    return .valid
  }
}
