import FHIRModel
import BSON

/// A FHIR date, dateTime or instant as a BSON date.
///
/// Read: the first moment that the text names, UTC's where it has no zone. Written: as precise as the type and the
/// text that stands there; a dateTime's zone is kept. A text that a document holds in place of a date is written as it is where FHIR
/// lets it stand and a date would say something else: `1980-02`, a zone, microseconds.
struct DateTransform: FieldTransform {
  static let name = "date"
  static let types = ["date", "dateTime", "instant"]
  private static let day: Int64 = 86_400_000

  let type: String
  let shape = FieldShape.date

  init(_ arguments: TransformArguments) throws(MappingError) {
    try arguments.expectNone(of: Self.name)
    type = arguments.elementType
  }

  func read(_ element: BSONValue) -> BSONValue? {
    guard let text = element.text, let date = DateText(text) else { return nil }
    return .date(date.instant.milliseconds)
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    if let said = value.text.flatMap({ DateText($0) }) {
      guard let existing = element?.text.flatMap({ DateText($0) }), existing.instant == said.instant else {
        return value
      }
      // Where FHIR knows the time of a day's first moment, the day says nothing else.
      let isSame =
        existing.precision == said.precision || said.precision == .day && existing.precision == .time
      return isSame ? element : value
    }
    guard case .date(let milliseconds) = value, DateTransform.range.contains(milliseconds) else { return nil }
    let instant = Instant(milliseconds: milliseconds)
    let existing = element?.text.flatMap { DateText($0) }
    if let existing, existing.instant == instant, type != "date" || existing.precision < .time {
      return element
    }
    let isMidnight = milliseconds.dividedFloor(by: DateTransform.day) * DateTransform.day == milliseconds
    if type == "date" || type == "dateTime" && isMidnight && (existing?.precision ?? .day) < .time {
      return .string(CalendarDay(dayNumber: Int(milliseconds.dividedFloor(by: DateTransform.day))).text)
    }
    guard let offset = existing?.offsetMinutes else { return .string(instant.text) }
    return .string(instant.text(offsetMinutes: offset, isZulu: existing?.isZulu ?? true))
  }

  /// Drift: a text.
  func accept(_ stored: BSONValue) -> AcceptedValue {
    switch stored {
    case .null: return .absent
    case .date(let milliseconds):
      guard DateTransform.range.contains(milliseconds) else {
        return .refused("expected a date between the years 1 and 9999")
      }
      guard type == "date" else { return .value(stored) }
      let day = DateTransform.startOfDay(milliseconds)
      return day == milliseconds
        ? .value(stored)
        : .doubtful(
          .date(day), "has a time of day, and FHIR's element has none: the day that it is in UTC was taken")
    case .string:
      guard let text = stored.trimmedText else { return .absent }
      guard let said = DateText.written(drift: text), let date = DateText(said) else {
        return .refused("expected a date, or a text such as 1980-12-31")
      }
      return accept(date, said)
    case .document(let fields):
      // A date in Extended JSON that was stored as it was written.
      guard fields.fields.count == 1, let inner = fields["$date"], inner.fields == nil else {
        return .refused("expected a date")
      }
      return accept(inner)
    default: return .refused("expected a date")
    }
  }

  /// - Parameter text: the date as FHIR writes it, but for seconds and a zone that it may lack.
  private func accept(_ date: DateText, _ text: String) -> AcceptedValue {
    let milliseconds = date.instant.milliseconds
    switch (type, date.precision) {
    case ("date", .time):
      // The day that was written is meant, whatever its zone.
      let local = milliseconds + Int64(date.offsetMinutes ?? 0) * 60_000
      return .doubtful(
        .date(DateTransform.startOfDay(local)),
        "has a time of day, and FHIR's element has none: its day was taken")
    case ("instant", .year), ("instant", .month), ("instant", .day):
      return .doubtful(
        .date(milliseconds),
        "has no time of day, and FHIR's element wants one: the first moment of it in UTC was taken")
    case ("date", .day): return .value(.date(milliseconds))
    case (_, .year), (_, .month), (_, .day): return .value(.string(text))
    case (_, .time):
      let moment = DateTransform.completed(text, date)
      return date.offsetMinutes == nil
        ? .doubtful(moment, "has no zone, and FHIR wants one: UTC was taken") : .value(moment)
    }
  }

  /// A moment with seconds and a zone: as a date, unless that would be written otherwise.
  private static func completed(_ text: String, _ date: DateText) -> BSONValue {
    var text = text
    let time = text.dropFirst("yyyy-mm-ddT".count)
    if !time.dropFirst("hh:mm".count).hasPrefix(":") {
      text.insert(contentsOf: ":00", at: time.index(time.startIndex, offsetBy: "hh:mm".count))
    }
    if date.offsetMinutes == nil { text += "Z" }
    // FHIR's day ends before 24:00, and its zones at 14:00.
    let isFHIR = !time.hasPrefix("24") && abs(date.offsetMinutes ?? 0) <= 14 * 60
    return isFHIR && text != date.instant.text ? .string(text) : .date(date.instant.milliseconds)
  }

  private static func startOfDay(_ milliseconds: Int64) -> Int64 { milliseconds.dividedFloor(by: day) * day }

  /// 0001-01-01 to 9999-12-31.
  static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
}
