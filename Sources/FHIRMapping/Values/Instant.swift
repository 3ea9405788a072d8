import FHIRModel

/// A moment in milliseconds since 1970-01-01T00:00:00Z, and what FHIR's and MongoDB's texts make of it.
///
/// Dates are those of the proleptic Gregorian calendar, years 0001 to 9999.
struct Instant: Equatable, Comparable {
  var milliseconds: Int64

  static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

  /// As FHIR writes an instant: UTC, with milliseconds where there are any.
  var text: String { text(offsetMinutes: 0) }

  /// The last moment that FHIR can write in a zone, whose years have four digits.
  static func last(offsetMinutes: Int) -> Int64 { 253_402_300_799_999 - Int64(offsetMinutes) * 60_000 }

  /// As FHIR writes it in a zone; `Z` for UTC itself.
  func text(offsetMinutes: Int, isZulu: Bool = true) -> String {
    let local = milliseconds + Int64(offsetMinutes) * 60_000
    let (day, rest) = local.flooredDivision(by: 86_400_000)
    let date = CalendarDay(dayNumber: Int(day))
    var text = "\(date.text)T\(pad(rest / 3_600_000)):\(pad(rest / 60_000 % 60)):\(pad(rest / 1000 % 60))"
    if rest % 1000 != 0 { text += "." + pad(rest % 1000, 3) }
    if offsetMinutes == 0 && isZulu { return text + "Z" }
    let minutes = abs(offsetMinutes)
    return text + (offsetMinutes < 0 ? "-" : "+") + pad(minutes / 60) + ":" + pad(minutes % 60)
  }
}

extension CalendarDay {
  /// As FHIR writes a date.
  var text: String { "\(pad(year, 4))-\(pad(month))-\(pad(day))" }
}

/// A number with zeros before it.
func pad(_ number: Int, _ width: Int = 2) -> String {
  let digits = String(abs(number))
  return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
  func dividedFloor(by divisor: Int64) -> Int64 { flooredDivision(by: divisor).quotient }

  /// The remainder is never negative. Nothing overflows, whatever number it is.
  fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, Int(remainder + divisor)) : (quotient, Int(remainder))
  }
}
