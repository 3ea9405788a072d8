import Testing

@testable import FHIRValidation

@Suite struct `Grammar of dates and times` {
  @Test(arguments: ["2024", "1800-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2023-04-30"])
  func `date takes`(text: String) { #expect(verdict(text, DateGrammar.date) == .valid) }

  @Test(arguments: [
    "2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-06-31", "2024-09-31", "2024-11-31",
    "2024-01-32",
    "2024-13-01", "2024-00-01", "2024-01-00", "2024-13", "2024-00",
  ])
  func `date finds days and months that do not exist`(text: String) {
    #expect(verdict(text, DateGrammar.date) == .noSuchDay)
  }

  @Test(arguments: [
    "24", "2024-1-1", "2024-01-1", "20240101", "2024/01/01", "2024-01-01T10:00:00Z", "01-01-2024", "2024-",
    "2024-01-",
    "-0001-01-01", "2O24", "2024-ab", " 2024",
  ])
  func `date refuses`(text: String) { #expect(verdict(text, DateGrammar.date) == .malformed) }

  @Test func `year 0000 is out of range`() {
    #expect(verdict("0000", DateGrammar.date) == .outOfRange)
    #expect(verdict("0000-01-01T12:32:45Z", DateGrammar.instant) == .outOfRange)
  }

  @Test(arguments: [
    "2024", "2024-02", "2024-02-29", "2015-02-07T13:28:17-05:00", "2015-02-07T13:28:17Z",
    "2015-02-07T13:28:17.239123456789+14:00", "2016-12-31T23:59:60Z", "2015-02-07T00:00:00-13:59",
  ])
  func `dateTime takes`(text: String) { #expect(verdict(text, DateGrammar.dateTime) == .valid) }

  @Test(arguments: [
    ("2015-02-07T13:28:17", PrimitiveVerdict.zoneMissing), ("1970-01-01T12:00:00.123", .zoneMissing),
    ("2015-02-07T13:28", .secondsMissing), ("2015-02-07T13:28Z", .secondsMissing),
    ("2015-02-07T13:28+01:00", .secondsMissing), ("2015-02-30T13:28:17Z", .noSuchDay),
    ("2015-02-07T24:00:00Z", .outOfRange), ("2015-02-07T23:60:00Z", .outOfRange),
    ("2015-02-07T23:00:61Z", .outOfRange), ("2015-02-07T23:00:00+14:01", .outOfRange),
    ("2015-02-07T23:00:00-15:00", .outOfRange), ("2015-02-07T23:00:00+01:60", .outOfRange),
    ("2015-02-07 13:28:17Z", .malformed), ("2015-02-07T13:28:17.Z", .malformed),
    ("2015-02-07T1:28:17Z", .malformed),
    ("2015-02-07T13:28:17z", .malformed), ("2015-02-07T13:28:17+0100", .malformed),
    ("2015-02-07T", .malformed),
    ("2013-01-01T12:32:45+13:33.00", .malformed), ("2015-02-07t13:28:17Z", .malformed),
    ("2015-02-07T13", .malformed),
    ("", .empty),
  ])
  func `dateTime judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, DateGrammar.dateTime) == expected)
  }

  @Test(arguments: ["2024", "2024-01", "2024-01-01"])
  func `instant refuses dates`(text: String) { #expect(verdict(text, DateGrammar.instant) == .malformed) }

  @Test(arguments: [
    ("10:00:00", PrimitiveVerdict.valid), ("23:59:60.5", .valid), ("24:00:00", .outOfRange),
    ("10:60:00", .outOfRange),
    ("10:00", .secondsMissing), ("10:00:00Z", .malformed), ("10:00:00+01:00", .malformed),
    ("1:00:00", .malformed),
    ("T10:00:00", .malformed), ("", .empty),
  ])
  func `time judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, DateGrammar.time) == expected)
  }
}
