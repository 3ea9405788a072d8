import FHIRModel

/// See https://hl7.org/fhirpath/N1/#datetime-arithmetic
extension Temporal {
  /// The value so much later (earlier, for a negative amount); nil where it would leave the years 1 to 9999.
  ///
  /// An amount in units finer than the value's precision counts as far as it makes whole units of that precision. The
  /// fraction of an amount counts for seconds and milliseconds only.
  func adding(_ amount: Decimal, _ unit: CalendarUnit) -> Temporal? {
    switch unit {
    case .second, .millisecond:
      guard let seconds = unit == .second ? amount : amount.divided(by: Decimal(1_000)),
        let nanoseconds = seconds.multiplied(by: Decimal(1_000_000_000))?.rounded(to: 0, .towardZero).integer,
        nanoseconds.magnitude < 400_000_000_000_000_000_0
      else { return nil }
      return adding(
        nanoseconds: Int(nanoseconds), digits: max(Int(seconds.trimmed.scale), unit == .millisecond ? 3 : 0))
    default: break
    }
    guard let whole = amount.rounded(to: 0, .towardZero).integer, whole.magnitude < 1_000_000_000_000 else {
      return nil
    }
    let count = Int(whole)
    switch unit {
    case .year: return adding(months: count * 12)
    case .month: return adding(months: count)
    case .week: return adding(minutes: count * 7 * 1_440)
    case .day: return adding(minutes: count * 1_440)
    case .hour: return adding(minutes: count * 60)
    default: return adding(minutes: count)
    }
  }

  private func adding(months: Int) -> Temporal? {
    guard kind != .time else { return nil }
    // A value of years alone takes whole years only.
    let months = precision == .year ? months / 12 * 12 : months
    let total = Int(year) * 12 + Int(month) - 1 + months
    let newYear = Temporal.floorDivide(total, 12)
    guard (1...9999).contains(newYear) else { return nil }
    var copy = self
    copy.year = Int16(newYear)
    copy.month = UInt8(total - newYear * 12 + 1)
    // 31 January and a month is the last of February.
    copy.day = UInt8(min(Int(day), CalendarDay.days(in: Int(copy.month), of: newYear)))
    return copy
  }

  private func adding(minutes: Int) -> Temporal? {
    switch precision {
    case .year: return adding(months: minutes / (365 * 1_440) * 12)
    case .month: return adding(months: minutes / (30 * 1_440))
    case .day: return adding(days: minutes / 1_440)
    case .hour: return addingToClock(minutes: minutes / 60 * 60)
    case .minute, .second: return addingToClock(minutes: minutes)
    }
  }

  private func adding(days: Int) -> Temporal? {
    let number = CalendarDay.number(year: Int(year), month: Int(month), day: Int(day)) + days
    let date = CalendarDay(dayNumber: number)
    guard (1...9999).contains(date.year) else { return nil }
    var copy = self
    copy.year = Int16(date.year)
    copy.month = UInt8(date.month)
    copy.day = UInt8(date.day)
    return copy
  }

  /// A time of day goes round the clock.
  private func addingToClock(minutes: Int) -> Temporal? {
    let ofDay = Int(hour) * 60 + Int(minute) + minutes
    let days = Temporal.floorDivide(ofDay, 1_440)
    guard var copy = kind == .time ? self : adding(days: days) else { return nil }
    let rest = ofDay - days * 1_440
    copy.hour = UInt8(rest / 60)
    copy.minute = UInt8(rest % 60)
    return copy
  }

  private func adding(nanoseconds: Int, digits: Int) -> Temporal? {
    let perMinute = 60_000_000_000
    guard precision == .second else { return adding(minutes: nanoseconds / perMinute) }
    let total = Int(second) * 1_000_000_000 + Int(nanosecond) + nanoseconds
    let minutes = Temporal.floorDivide(total, perMinute)
    guard var copy = addingToClock(minutes: minutes) else { return nil }
    let rest = total - minutes * perMinute
    copy.second = UInt8(rest / 1_000_000_000)
    copy.nanosecond = Int32(rest % 1_000_000_000)
    if copy.nanosecond != 0 { copy.fractionDigits = max(copy.fractionDigits, UInt8(min(9, digits))) }
    return copy
  }
}
