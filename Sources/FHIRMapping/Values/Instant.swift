/// A moment in milliseconds since 1970-01-01T00:00:00Z, and what FHIR's and MongoDB's texts make of it.
///
/// Dates are those of the proleptic Gregorian calendar, years 0001 to 9999.
struct Instant: Equatable, Comparable {
  var milliseconds: Int64

  static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

  /// As FHIR writes an instant: UTC, with milliseconds where there are any.
  var text: String { text(offsetMinutes: 0) }

  /// As FHIR writes it in a zone; `Z` for UTC itself.
  func text(offsetMinutes: Int, isZulu: Bool = true) -> String {
    let local = milliseconds + Int64(offsetMinutes) * 60_000
    let day = Int64(local.dividedFloor(by: 86_400_000))
    let rest = Int(local - day * 86_400_000)
    let date = CalendarDay(dayNumber: Int(day))
    var text = "\(date.text)T\(pad(rest / 3_600_000)):\(pad(rest / 60_000 % 60)):\(pad(rest / 1000 % 60))"
    if rest % 1000 != 0 { text += "." + pad(rest % 1000, 3) }
    if offsetMinutes == 0 && isZulu { return text + "Z" }
    let minutes = abs(offsetMinutes)
    return text + (offsetMinutes < 0 ? "-" : "+") + pad(minutes / 60) + ":" + pad(minutes % 60)
  }
}

/// A day of the calendar.
struct CalendarDay: Equatable {
  var year: Int
  var month: Int
  var day: Int

  /// nil for a day that does not exist.
  init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= CalendarDay.days(in: month, of: year)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that lies so many days after 1970-01-01 (days_from_civil's inverse, by H. Hinnant).
  init(dayNumber: Int) {
    let shifted = dayNumber + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  var dayNumber: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  var text: String { "\(pad(year, 4))-\(pad(month))-\(pad(day))" }

  static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// A number with zeros before it.
func pad(_ number: Int, _ width: Int = 2) -> String {
  let digits = String(abs(number))
  return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
  func dividedFloor(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
