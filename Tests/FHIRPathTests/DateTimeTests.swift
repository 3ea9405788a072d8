import Testing

@testable import FHIRPath

/// See https://hl7.org/fhirpath/N1/#datetime-equality and #datetime-arithmetic
@Suite struct DateTimeTests {
  @Test(arguments: [
    ("@2015 = @2015", "true"), ("@2015 = @2016-01", "false"), ("@2015-01 < @2015-02-01", "true"),
    ("@2015-02-04T14:30:00 = @2015-02-04T14:30:00.0", "true"),
    ("@2015-02-04T14:30:00Z = @2015-02-04T16:30:00+02:00", "true"),
    ("@2015-02-04T23:30:00-02:00 < @2015-02-05T02:00:00+00:00", "true"),
    ("@2015-02-04T14:30:00Z < @2015-02-06T14:30:00", "true"), ("@T14:30 < @T14:31", "true"),
    ("@2015-02-04 ~ @2015-02", "false"), ("@2015-02-04 = @2015-02-04T", "true"), ("@T10:00 = @2015", "false"),
    ("@2015T = @2015", "true"),
  ])
  func `what is known is compared`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(arguments: [
    "@2015 = @2015-01", "@2015 < @2015-01-01", "@2015-02-04 = @2015-02-04T10", "@T14 = @T14:30",
    "@2015-02-04T14:30Z = @2015-02-04T14:30", "@2015-02-04T14:30Z < @2015-02-05T03:00",
  ])
  func `what is not known is empty`(_ text: String) throws {
    #expect(try Subject.values(text).isEmpty)
  }

  @Test(arguments: [
    ("@2015-01-31 + 1 month", "2015-02-28"), ("@2016-02-29 + 1 year", "2017-02-28"),
    ("@2015-12-31 + 1 day", "2016-01-01"), ("@2015 + 18 months", "2016"), ("@2015-02 + 30 days", "2015-03"),
    ("@2015-03-01 - 1 day", "2015-02-28"), ("@2015-03-01 + 1.9 days", "2015-03-02"),
    ("@2015-02-04T23:30:00Z + 45 minutes", "2015-02-05T00:15:00Z"), ("@2015-01-01 + 2 weeks", "2015-01-15"),
    ("@2015-02-04T10:00:00.5 + 1.25 seconds", "2015-02-04T10:00:01.75"), ("@T23:00:00 + 2 hours", "01:00:00"),
    ("@T00:00:00 - 1 minute", "23:59:00"), ("@2015-02-04T10 + 90 minutes", "2015-02-04T11"),
    ("@2015-01-01 + 48 hours", "2015-01-03"), ("@2015-02-04T10:00:00 + 500 'ms'", "2015-02-04T10:00:00.500"),
  ])
  func `dates move along the calendar`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test(arguments: ["@9999-12-31 + 1 day", "@0001-01-01 - 1 day", "@2015 + 99999999999.0 years"])
  func `what leaves the calendar is empty`(_ text: String) throws {
    #expect(try Subject.values(text).isEmpty)
  }

  @Test(arguments: [
    "@2015-13", "@2015-02-30", "@T25", "@T14:30Z", "@", "@2015-1", "@2015T10:00", "@2015-02-04T24",
  ])
  func `what is no date is no literal`(_ text: String) {
    #expect(Subject.error(text)?.code == .syntax)
  }

  @Test(arguments: [
    ("@2015.lowBoundary()", "2015-01-01"), ("@2015.highBoundary()", "2015-12-31"),
    ("@2016-02.highBoundary(8)", "2016-02-29"), ("@2015.lowBoundary(6)", "2015-01"),
    ("@2015-02-04T10:30:00Z.highBoundary(17)", "2015-02-04T10:30:00.999Z"),
    ("@2015-02-04T10:30.lowBoundary()", "2015-02-04T10:30:00.000+14:00"),
    ("@T10.highBoundary(9)", "10:59:59.999"), ("1.5.lowBoundary(2)", "1.45"), ("1.5.highBoundary(2)", "1.55"),
    ("1.highBoundary()", "1.50000000"), ("@2015-02.precision()", "6"), ("1.50.precision()", "2"),
    ("@T10:30:00.precision()", "6"), ("1 'mg'.lowBoundary(1)", "0.5 'mg'"),
  ])
  func `boundaries are how far a value's precision reaches`(_ text: String, _ expected: String) throws {
    #expect(try Subject.values(text) == [expected])
  }

  @Test func `one evaluation has one moment`() throws {
    #expect(
      try Subject.values("now() = now() and today() <= now().toDate() and timeOfDay() = timeOfDay()") == [
        "true"
      ])
    #expect(try Subject.values("now().toString().matches('[+-]\\\\d\\\\d:\\\\d\\\\d$|Z$')") == ["true"])
  }
}
