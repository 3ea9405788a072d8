import FHIRModel

/// A date, a point in time, or a time of day, as precise as it was written.
///
/// See https://hl7.org/fhirpath/N1/#date
package struct Temporal: Equatable, Sendable {
  package enum Kind: UInt8, Sendable { case date, dateTime, time }

  /// The last part that was given. Seconds and their fraction are one precision.
  package enum Precision: UInt8, Comparable, Sendable {
    case year, month, day, hour, minute, second

    package static func < (a: Precision, b: Precision) -> Bool { a.rawValue < b.rawValue }
  }

  package let kind: Kind
  package internal(set) var precision: Precision
  /// How many digits the seconds' fraction was written with; at most nine.
  var fractionDigits: UInt8 = 0
  var year: Int16 = 0
  var month: UInt8 = 1
  var day: UInt8 = 1
  var hour: UInt8 = 0
  var minute: UInt8 = 0
  var second: UInt8 = 0
  var nanosecond: Int32 = 0
  /// The zone in minutes east of Greenwich; nil if none was given.
  var offset: Int16?
  /// The zone was written as `Z`.
  var isZulu = false

  init(kind: Kind, precision: Precision) {
    self.kind = kind
    self.precision = precision
  }

  /// Reads what stands behind the `@` of a literal: `2015-02` is a date, `2015-02T` a point in time, `T14:30` a time.
  init?(literal text: String) {
    if text.hasPrefix("T") {
      self.init(time: String(text.dropFirst()))
    } else if text.contains("T") {
      self.init(dateTime: text)
    } else {
      self.init(date: text)
    }
  }

  package init?(date text: String) {
    guard let value = text.withBytes({ Temporal(date: $0) }) else { return nil }
    self = value
  }

  /// A date alone is a point in time of less precision; `T` may stand behind any part.
  package init?(dateTime text: String) {
    guard let value = text.withBytes({ Temporal(dateTime: $0) }) else { return nil }
    self = value
  }

  package init?(time text: String) {
    guard let value = text.withBytes({ Temporal(time: $0) }) else { return nil }
    self = value
  }

  init?(date text: UnsafeBufferPointer<UInt8>) {
    var scanner = Scanner(text)
    self.init(kind: .date, precision: .year)
    guard scanner.date(into: &self), scanner.isAtEnd else { return nil }
  }

  init?(dateTime text: UnsafeBufferPointer<UInt8>) {
    var scanner = Scanner(text)
    self.init(kind: .dateTime, precision: .year)
    guard scanner.date(into: &self) else { return nil }
    if scanner.take("T"), !scanner.isAtEnd {
      guard precision == .day, scanner.time(into: &self) else { return nil }
      if !scanner.isAtEnd { guard scanner.zone(into: &self) else { return nil } }
    }
    guard scanner.isAtEnd else { return nil }
  }

  init?(time text: UnsafeBufferPointer<UInt8>) {
    var scanner = Scanner(text)
    self.init(kind: .time, precision: .hour)
    guard scanner.time(into: &self), scanner.isAtEnd else { return nil }
  }

  /// The same day and time as a point in time.
  var asDateTime: Temporal {
    guard kind == .date else { return self }
    var copy = Temporal(kind: .dateTime, precision: precision)
    (copy.year, copy.month, copy.day) = (year, month, day)
    return copy
  }

  /// The day alone.
  var asDate: Temporal {
    guard kind == .dateTime else { return self }
    var copy = Temporal(kind: .date, precision: min(precision, .day))
    copy.year = year
    if copy.precision >= .month { copy.month = month }
    if copy.precision >= .day { copy.day = day }
    return copy
  }
}

extension Temporal {
  /// Reads parts of dates and times from ASCII.
  struct Scanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    /// A number of exactly so many digits.
    private mutating func digits(_ count: Int) -> Int? {
      guard at + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[at..<at + count] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      at += count
      return value
    }

    mutating func date(into value: inout Temporal) -> Bool {
      guard let year = digits(4), year > 0 else { return false }
      value.year = Int16(year)
      value.precision = .year
      guard take("-") else { return true }
      guard let month = digits(2), (1...12).contains(month) else { return false }
      value.month = UInt8(month)
      value.precision = .month
      guard take("-") else { return true }
      guard let day = digits(2), day >= 1, day <= CalendarDay.days(in: month, of: year) else { return false }
      value.day = UInt8(day)
      value.precision = .day
      return true
    }

    mutating func time(into value: inout Temporal) -> Bool {
      guard let hour = digits(2), hour <= 23 else { return false }
      value.hour = UInt8(hour)
      value.precision = .hour
      guard take(":") else { return true }
      guard let minute = digits(2), minute <= 59 else { return false }
      value.minute = UInt8(minute)
      value.precision = .minute
      guard take(":") else { return true }
      // FHIR allows 60 for leap seconds.
      guard let second = digits(2), second <= 60 else { return false }
      value.second = UInt8(second)
      value.precision = .second
      guard take(".") else { return true }
      var nanoseconds = 0
      var count = 0
      while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 {
        if count < 9 {
          nanoseconds = nanoseconds * 10 + Int(bytes[at] - 0x30)
          count += 1
        }
        at += 1
      }
      guard count > 0 else { return false }
      value.fractionDigits = UInt8(count)
      for _ in count..<9 { nanoseconds *= 10 }
      value.nanosecond = Int32(nanoseconds)
      return true
    }

    mutating func zone(into value: inout Temporal) -> Bool {
      if take("Z") {
        value.offset = 0
        value.isZulu = true
        return true
      }
      let isWest = take("-")
      guard isWest || take("+"), let hours = digits(2), hours <= 14, take(":"), let minutes = digits(2),
        minutes <= 59
      else { return false }
      value.offset = Int16((isWest ? -1 : 1) * (hours * 60 + minutes))
      return true
    }
  }
}

extension Temporal: CustomStringConvertible {
  /// As FHIR writes it: without the `@` of a literal, and without the `T` of a time.
  package var description: String {
    var text = ""
    func padded(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    if kind != .time {
      text = padded(Int(year), 4)
      if precision >= .month { text += "-" + padded(Int(month), 2) }
      if precision >= .day { text += "-" + padded(Int(day), 2) }
      guard precision >= .hour else { return text }
      text += "T"
    }
    text += padded(Int(hour), 2)
    if precision >= .minute { text += ":" + padded(Int(minute), 2) }
    if precision >= .second { text += ":" + padded(Int(second), 2) }
    if fractionDigits > 0 { text += "." + padded(Int(nanosecond), 9).prefix(Int(fractionDigits)) }
    guard let offset else { return text }
    if isZulu { return text + "Z" }
    let minutes = Int(offset.magnitude)
    return text + (offset < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2)
  }
}

extension String {
  fileprivate func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    var copy = self
    return copy.withUTF8(body)
  }
}
