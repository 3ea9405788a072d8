import FHIRModel
import BSON

/// A FHIR date, dateTime or instant as a BSON date.
///
/// Read: the first moment that the text names, UTC's where it has no zone. Written: as precise as the type and the
/// text that stands there; a dateTime's zone is kept.
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

  /// Drift: a text. A date of birth's time of day means nothing and is dropped.
  func accept(_ stored: BSONValue) -> AcceptedValue {
    switch stored {
    case .null: return .absent
    case .date(let milliseconds):
      guard DateTransform.range.contains(milliseconds) else {
        return .refused("expected a date between the years 1 and 9999")
      }
      return .value(.date(type == "date" ? DateTransform.startOfDay(milliseconds) : milliseconds))
    case .string:
      guard let text = stored.trimmedText else { return .absent }
      guard let date = DateText(drift: text) else {
        return .refused("expected a date, or a text such as 1980-12-31")
      }
      let milliseconds = date.instant.milliseconds
      guard type == "date" else { return .value(.date(milliseconds)) }
      // The day that was written is meant, whatever its zone.
      let local = milliseconds + Int64(date.offsetMinutes ?? 0) * 60_000
      return .value(.date(DateTransform.startOfDay(local)))
    case .document(let fields):
      // A date in Extended JSON that was stored as it was written.
      guard fields.fields.count == 1, let inner = fields["$date"], inner.fields == nil else {
        return .refused("expected a date")
      }
      return accept(inner)
    default: return .refused("expected a date")
    }
  }

  private static func startOfDay(_ milliseconds: Int64) -> Int64 { milliseconds.dividedFloor(by: day) * day }

  /// 0001-01-01 to 9999-12-31.
  private static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
}
