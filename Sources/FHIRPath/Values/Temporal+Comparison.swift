import FHIRModel

/// See https://hl7.org/fhirpath/N1/#datetime-equality and https://hl7.org/fhirpath/N1/#comparison
extension Temporal {
  /// How two values of one kind, or a date and a point in time, stand to each other: negative, zero or positive.
  ///
  /// Nil where one is less precise than the other and they agree so far, or only one of them has a zone and the zone
  /// that the other lacks would decide.
  package func order(_ other: Temporal) -> Int? {
    var a = self
    var b = other
    if kind != .time, other.kind != .time, min(precision, other.precision) >= .hour {
      switch (offset, other.offset) {
      case (let x?, let y?) where x != y:
        a = shifted(byMinutes: -Int(x))
        b = other.shifted(byMinutes: -Int(y))
      case (nil, _?), (_?, nil):
        return orderOfUnknownZone(other)
      default: break
      }
    }
    return a.orderOfParts(b)
  }

  private func orderOfParts(_ other: Temporal) -> Int? {
    func compare(_ a: some BinaryInteger, _ b: some BinaryInteger) -> Int { a < b ? -1 : a == b ? 0 : 1 }
    let common = min(precision, other.precision)
    if kind != .time {
      let year = compare(year, other.year)
      if year != 0 { return year }
      if common >= .month {
        let month = compare(month, other.month)
        if month != 0 { return month }
      }
      if common >= .day {
        let day = compare(day, other.day)
        if day != 0 { return day }
      }
    }
    if common >= .hour {
      let hour = compare(hour, other.hour)
      if hour != 0 { return hour }
    }
    if common >= .minute {
      let minute = compare(minute, other.minute)
      if minute != 0 { return minute }
    }
    if common >= .second {
      let second = compare(second, other.second)
      if second != 0 { return second }
      return compare(nanosecond, other.nanosecond)
    }
    return precision == other.precision ? 0 : nil
  }

  /// A value without a zone may be up to 14 hours earlier or 12 hours later than if it were of Greenwich.
  private func orderOfUnknownZone(_ other: Temporal) -> Int? {
    let a = shifted(byMinutes: -Int(offset ?? 0))
    let b = other.shifted(byMinutes: -Int(other.offset ?? 0))
    let distance = a.minutesSinceEpoch - b.minutesSinceEpoch
    guard distance.magnitude > 14 * 60 + 1 else { return nil }
    return distance < 0 ? -1 : 1
  }

  /// `~`: as `=`, but another precision makes values different.
  func isEquivalent(to other: Temporal) -> Bool {
    guard kind == other.kind, precision == other.precision else { return false }
    return order(other) == 0
  }

  /// What values that `order` finds equal have in common: the zone is taken out, the last part stays.
  var hashed: Int {
    let moved = offset.map { shifted(byMinutes: -Int($0)) } ?? self
    return moved.minutesSinceEpoch &* 61 &+ Int(moved.second)
  }

  // MARK: The calendar

  static func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }

  var minutesSinceEpoch: Int {
    let days = kind == .time ? 0 : CalendarDay.number(year: Int(year), month: Int(month), day: Int(day))
    return days * 1_440 + Int(hour) * 60 + Int(minute)
  }

  func shifted(byMinutes minutes: Int) -> Temporal {
    guard minutes != 0, precision >= .hour else { return self }
    let total = minutesSinceEpoch + minutes
    var copy = self
    let days = Temporal.floorDivide(total, 1_440)
    let rest = total - days * 1_440
    copy.hour = UInt8(rest / 60)
    copy.minute = UInt8(rest % 60)
    guard kind != .time else { return copy }
    let date = CalendarDay(dayNumber: days)
    copy.year = Int16(clamping: date.year)
    copy.month = UInt8(date.month)
    copy.day = UInt8(date.day)
    return copy
  }
}
