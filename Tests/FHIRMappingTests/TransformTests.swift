import BSON
import FHIRModel
import Testing

@testable import FHIRMapping

/// Each transform: what it reads, what it writes, and that the one undoes the other.
@Suite struct TransformTests {
  private func transform(_ yaml: String, on type: String) throws -> any FieldTransform {
    let node = try MappingNode(parsing: "transform: \(yaml)", file: "test.yml")
    return try TransformTable.make(try node.entries()[0].value, elementType: type)
  }

  private func value(_ json: String) throws -> BSONValue {
    try encoded(#"{"resourceType":"Basic","x":\#(json)}"#).fields()["x"] ?? .null
  }

  @Test(arguments: [
    ("E11.9", "E11.9"), ("e11.9", "E11.9"), ("E119", "E11.9"), (" i10 ", "I10"), ("c4a.0", "C4A.0"),
    ("T360X1A", "T36.0X1A"), ("U07.1", "U07.1"), ("E11.", nil), ("11.9", nil), ("E1", nil),
    ("E11.12345", nil),
    ("E11..9", nil), ("E11.9-", nil), ("not a code", nil), ("E11.9 - Type 2", nil), ("E11.9, I10", nil),
  ])
  func `a code of ICD-10 is understood however it is written`(_ text: String, _ code: String?) throws {
    let transform = try transform("icd_10", on: "code")
    let accepted = transform.accept(.string(text))
    if let code {
      #expect(accepted == .value(.string(code)))
    } else {
      guard case .doubtful(.string(text), _) = accepted else {
        Testing.Issue.record("\(text): \(accepted)")
        return
      }
    }
  }

  @Test(arguments: [
    (#"{"text":"Dr. Ann Li"}"#, "Dr. Ann Li"),
    (#"{"family":"Li","given":["Ann","B."],"prefix":["Dr."],"suffix":["MD"]}"#, "Dr. Ann B. Li MD"),
    (#"{"use":"official","family":"van der Berg","given":["Jan"]}"#, "Jan van der Berg"),
    (#"{"given":["Cher"]}"#, "Cher"),
  ])
  func `a name is read whole`(_ name: String, _ text: String) throws {
    let transform = try transform("human_name", on: "HumanName")
    let name = try value(name)
    #expect(transform.read(name) == .string(text))
    #expect(transform.write(.string(text), over: name) == name)
  }

  @Test(arguments: [
    ("Dr. Jane Q. Doe Jr.", #"{"family":"Doe","given":["Jane","Q."],"prefix":["Dr."],"suffix":["Jr."]}"#),
    ("Madonna", #"{"family":"Madonna"}"#),
    ("Doe, Jane", #"{"text":"Doe, Jane","family":"Doe","given":["Jane"]}"#),
    (
      "van der Berg, Dr. Jan",
      #"{"text":"van der Berg, Dr. Jan","family":"van der Berg","given":["Jan"],"prefix":["Dr."]}"#
    ),
    (
      "Smith Jr., John Q.",
      #"{"text":"Smith Jr., John Q.","family":"Smith","given":["John","Q."],"suffix":["Jr."]}"#
    ),
    ("Doe, Jane, MD", #"{"text":"Doe, Jane, MD","family":"Doe","given":["Jane"],"suffix":["MD"]}"#),
    ("Jane Doe, MD", #"{"text":"Jane Doe, MD","family":"Doe","given":["Jane"],"suffix":["MD"]}"#),
  ])
  func `a whole name is taken apart`(_ text: String, _ name: String) throws {
    let transform = try transform("human_name", on: "HumanName")
    let written = try #require(transform.write(.string(text), over: nil))
    #expect(transform.read(written) == .string(text))
    #expect(written.hasSameContent(as: try value(name)))
  }

  @Test func `a corrected name keeps what the text does not say`() throws {
    let transform = try transform("human_name", on: "HumanName")
    let name = try value(
      #"{"use":"official","family":"van der Berg","given":["Jon"],"period":{"start":"2000"},"_family":{"id":"f"}}"#
    )
    let written = try #require(transform.write("John van der Berg", over: name))
    #expect(
      written
        == (try value(
          #"{"use":"official","family":"van der Berg","_family":{"id":"f"},"given":["John"],"period":{"start":"2000"}}"#
        )))
  }

  @Test(arguments: [
    ("1 Main St\nSpringfield, IL 62701", ["1 Main St"], "Springfield", "IL", "62701"),
    ("1 Main St, Springfield, IL 62701", ["1 Main St"], "Springfield", "IL", "62701"),
    ("PSC 3 Box 4120\nAPO AE 09021", ["PSC 3 Box 4120"], "APO", "AE", "09021"),
    ("PSC 3 Box 4120, APO AE 09021", ["PSC 3 Box 4120"], "APO", "AE", "09021"),
    ("Unit 4\nSuite 5\nFPO, AP 96345-1234", ["Unit 4", "Suite 5"], "FPO", "AP", "96345-1234"),
    ("1 Main St\nSt. Louis, Missouri 63101\nUSA", ["1 Main St"], "St. Louis", "Missouri", "63101"),
    (
      "1 Main St, Apt 2, Springfield, IL 62701-0001, USA", ["1 Main St, Apt 2"], "Springfield", "IL",
      "62701-0001"
    ),
    ("1 Main St, Springfield IL 62701", ["1 Main St"], "Springfield", "IL", "62701"),
    ("Unit 4, dpo, aa 34020", ["Unit 4"], "DPO", "AA", "34020"),
  ])
  func `an address is taken apart`(
    _ text: String, _ lines: [String], _ city: String, _ state: String, _ code: String
  ) throws {
    let transform = try transform("address", on: "Address")
    guard case .value(let accepted) = transform.accept(.string(text)) else {
      Issue.record("not accepted")
      return
    }
    let address = try #require(transform.write(accepted, over: nil))
    #expect(address["city"] == .string(city))
    #expect(address["state"] == .string(state))
    #expect(address["postalCode"] == .string(code))
    #expect(address["line"] == .array(lines.map { .string($0) }))
    #expect(transform.read(address) == accepted)
    // What is read is understood as it stands.
    #expect(transform.accept(accepted) == .value(accepted))
  }

  @Test(arguments: ["no place at all", "12", "a, b, c, d", "City, ST", "x\n\ny"])
  func `any address is said again`(_ text: String) throws {
    let transform = try transform("address", on: "Address")
    guard case .value(let accepted) = transform.accept(.string(text)) else {
      Issue.record("not accepted")
      return
    }
    let address = try #require(transform.write(accepted, over: nil))
    #expect(transform.read(address) == accepted)
  }

  @Test(arguments: [
    ("date", "1980-02-29", "1980-02-29"), ("date", "1980", "1980"), ("dateTime", "2015-02-07", "2015-02-07"),
    ("dateTime", "2015-02-07T13:28:17-05:00", "2015-02-07T13:28:17-05:00"),
    ("instant", "2015-02-07T13:28:17.239+02:00", "2015-02-07T13:28:17.239+02:00"),
  ])
  func `a date is a date and comes back`(_ type: String, _ text: String, _ back: String) throws {
    let transform = try transform("date", on: type)
    let date = try #require(transform.read(.string(text)))
    #expect(transform.write(date, over: .string(text)) == .string(back))
    let fresh = try #require(transform.write(date, over: nil))
    #expect(transform.read(fresh) == date)
  }

  @Test(arguments: [
    ("date", "1980-02", "1980-02", false), ("date", "1980", "1980", false),
    ("date", "1980-12-31T23:00:00-05:00", "1980-12-31", true),
    ("dateTime", "2024-03", "2024-03", false), ("dateTime", "2024-03-01", "2024-03-01", false),
    ("dateTime", "2024-03-01 09:00", "2024-03-01T09:00:00Z", true),
    ("instant", "2024-03-01T09:00:00.123456Z", "2024-03-01T09:00:00.123456Z", false),
    ("instant", "2024-03-01 09:00 -0500", "2024-03-01T09:00:00-05:00", false),
    ("instant", "2024-03-01", "2024-03-01T00:00:00Z", true),
    ("instant", "2023-12-31T24:00:00Z", "2024-01-01T00:00:00Z", false),
  ])
  func `a text of a date is written as what is known, and what was assumed or left out is told`(
    _ type: String, _ text: String, _ written: String, _ isDoubtful: Bool
  ) throws {
    let transform = try transform("date", on: type)
    switch transform.accept(.string(text)) {
    case .value(let value):
      #expect(transform.write(value, over: nil) == .string(written) && !isDoubtful)
      #expect(transform.write(value, over: .string(written)) == .string(written))
    case .doubtful(let value, _): #expect(transform.write(value, over: nil) == .string(written) && isDoubtful)
    case let other: Issue.record("\(other)")
    }
  }

  @Test(arguments: [
    (BSONValue.string("72.50"), "72.50"), (.string("+5"), "5"), (.string("072.5"), "72.5"),
    (.int32(70), "70"),
    (.double(70), "70"), (.int64(9_007_199_254_740_993), "9007199254740993"), (.string("1e5"), "100000"),
    (.string("0.10"), "0.10"),
  ])
  func `a number keeps the digits that it was given`(_ stored: BSONValue, _ text: String) throws {
    let number = stored.text.flatMap { SaidNumber($0) } ?? SaidNumber(stored)
    #expect(number?.text == text)
    #expect(number.map { SaidNumber($0.stored)?.text } == text)
    #expect(SaidNumber("0x10")?.text == nil)
  }

  @Test func `a moved visit keeps its zone`() throws {
    let transform = try transform("date", on: "instant")
    let written = transform.write(.date(1_423_333_800_000), over: "2015-02-07T13:28:17-05:00")
    #expect(written == "2015-02-07T13:30:00-05:00")
  }

  @Test(arguments: [
    ("1980-12-31", Optional(347_068_800_000)), ("31.12.1980", 347_068_800_000), ("03.04.1980", nil),
    ("1981-02-29", nil),
  ])
  func `texts are accepted as dates of birth`(_ text: String, _ milliseconds: Int?) throws {
    let accepted = try transform("date", on: "date").accept(.string(text))
    if let milliseconds {
      #expect(accepted == .value(.date(Int64(milliseconds))))
    } else {
      guard case .refused = accepted else {
        Issue.record("\(accepted)")
        return
      }
    }
  }

  @Test(arguments: [
    (#"{"value":170,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}"#, 66.93),
    (#"{"value":1.7,"code":"m"}"#, 66.93), (#"{"value":70.123,"code":"[in_i]"}"#, 70.123),
    (#"{"value":5.5,"unit":"ft"}"#, 66.0),
  ])
  func `a length is inches`(_ quantity: String, _ inches: Double) throws {
    let transform = try transform("{ quantity: { unit: '[in_i]', decimals: 2 } }", on: "Quantity")
    let quantity = try value(quantity)
    #expect(transform.read(quantity) == .double(inches))
    #expect(transform.write(.double(inches), over: quantity) == quantity)
  }

  @Test func `an edited length is written in the unit that was there, with few digits`() throws {
    let transform = try transform("{ quantity: { unit: '[in_i]', decimals: 2 } }", on: "Quantity")
    let written = transform.write(.double(70), over: try value(#"{"value":170,"unit":"cm","code":"cm"}"#))
    #expect(written?["value"]?.number == 177.8)
    #expect(written?["code"] == "cm")
  }

  @Test func `sugar is converted by its molar mass`() throws {
    let transform = try transform(
      "{ quantity: { unit: mg/dL, decimals: 2, molar_mass: 180.16 } }", on: "Quantity")
    #expect(transform.read(try value(#"{"value":5,"code":"mmol/L"}"#)) == .double(90.08))
    #expect(transform.read(try value(#"{"value":5,"code":"kg"}"#)) == nil)
    #expect(transform.read(try value(#"{"value":5,"comparator":"<","code":"mg/dL"}"#)) == nil)
  }

  @Test(arguments: [("1234567893", true), ("1234567890", false), ("123456789", false), ("12345678A3", false)])
  func `an NPI passes the Luhn check`(_ text: String, _ isValid: Bool) {
    #expect(NPITransform.isValid(text) == isValid)
  }

  @Test(arguments: [
    (BSONValue.int32(412_345_678), "0412345678"), ("412345678", "0412345678"),
    (.int64(5_551_234_567), "5551234567"),
    ("+1 555 0100", "+1 555 0100"), (.double(5_551_234_567), "5551234567"),
  ])
  func `a telephone number gets its zero back`(_ stored: BSONValue, _ text: String) throws {
    #expect(try transform("phone", on: "string").accept(stored) == .value(.string(text)))
  }

  @Test(arguments: [
    ("Spanish", "es"), ("ENGLISH", "en"), ("pt-BR", "pt-BR"), ("American Sign Language", "ase"), ("fr", "fr"),
  ])
  func `names of languages are accepted`(_ stored: String, _ code: String) throws {
    #expect(try transform("language", on: "CodeableConcept").accept(.string(stored)) == .value(.string(code)))
  }

  @Test func `pressure is read and written in its components`() throws {
    let transform = try transform(
      "{ blood_pressure: { system: http://loinc.org, systolic: 8480-6, diastolic: 8462-4, unit: 'mm[Hg]' } }",
      on: "Observation")
    let made = try #require(transform.write("120/80", over: nil))
    #expect(transform.read(made) == "120/80")
    let edited = try #require(transform.write("125/80", over: made))
    #expect(transform.read(edited) == "125/80")
    #expect(edited["component"]?.elements?.last == made["component"]?.elements?.last)
    #expect(transform.accept("120 / 80 mmHg") == .value("120/80"))
    #expect(transform.write("high", over: nil) == nil)
  }

  @Test func `plain text is read out of an attachment`() throws {
    let transform = try transform("attachment_text", on: "Attachment")
    let attachment = try value(#"{"contentType":"text/plain; charset=utf-8","data":"w4kgb3V0","size":6}"#)
    #expect(transform.read(attachment) == "É out")
    let written = try #require(transform.write("new", over: attachment))
    #expect(written == (try value(#"{"contentType":"text/plain; charset=utf-8","data":"bmV3"}"#)))
    #expect(transform.read(try value(#"{"contentType":"application/pdf","data":"w4kgb3V0"}"#)) == nil)
  }

  @Test(arguments: [
    ("2000/12/31", "2000-12-31"), ("2000-1-5", "2000-01-05"), ("20001231", "2000-12-31"),
    ("Dec 31, 2000", "2000-12-31"), ("31 December 2000", "2000-12-31"), ("31-Dec-2000", "2000-12-31"),
    ("12/31/2000", "2000-12-31"), ("31.12.2000", "2000-12-31"), ("05/05/2000", "2000-05-05"),
    ("2000-12-31T23:30:00-0500", "2000-12-31"), ("03/04/2000", nil), ("13/13/2000", nil), ("31.02.2000", nil),
    ("0000-00-00", nil), ("soon 1, 2000", nil), ("1/2/3", nil), ("99999999", nil),
  ])
  func `dates as people write them are accepted where they can mean but one`(_ text: String, _ day: String?) {
    #expect(DateText(drift: text)?.day == day)
  }

  @Test(arguments: [
    ("2024-03-01 09:00:00 UTC", "2024-03-01T09:00:00Z"), ("2024-03-01T09:00:00+0200", "2024-03-01T07:00:00Z"),
    ("3/15/2024 9:05", "2024-03-15T09:05:00Z"), ("2024-03-01 09:00 -05", "2024-03-01T14:00:00Z"),
    ("2024-03-01 25:00", nil), ("2024-03-01 09:00 PM", nil),
  ])
  func `so are times of day`(_ text: String, _ instant: String?) {
    #expect(DateText(drift: text)?.instant.text == instant)
  }

  @Test(arguments: [
    ("178 cm", 70.08), ("70 in", 70), ("5'10\"", 70), ("5' 10", 70), ("6'", 72), ("5.5 ft.", 66),
    ("70 kg", nil), ("-3 cm", nil), ("70 x", nil), ("cm", nil), ("1.2.3 cm", nil), ("'", nil),
  ])
  func `lengths with a unit behind them are accepted`(_ text: String, _ inches: Double?) throws {
    let field = try #require(try Lens().mappings.plan(.chart)?.fields.first { $0.name == "height_in" })
    #expect(field.understand(.string(text)).value == inches.map { .double($0) })
  }

  @Test func `a list of several stands for one value only where it says one`() throws {
    let plan = try #require(try Lens().mappings.plan(.patient))
    func understood(_ name: String, _ value: BSONValue) throws -> FieldPlan.Stored {
      try #require(plan.fields.first { $0.name == name }).understand(value)
    }
    #expect(try understood("email", ["a@example.org", .null, "a@example.org"]).value == "a@example.org")
    let several = try understood("email", ["a@example.org", "b@example.org"])
    #expect(several.isRefused && several.doubts == ["expected one value, found a list of 2"])
    let lines: BSONValue = ["1 Main St", "Springfield, IL 62701"]
    #expect(try understood("address", lines).value == "1 Main St\nSpringfield, IL 62701")
  }
}

extension DateText {
  /// The day that was written, in its own zone.
  fileprivate var day: String {
    let local = instant.milliseconds + Int64(offsetMinutes ?? 0) * 60_000
    return CalendarDay(dayNumber: Int(local.dividedFloor(by: 86_400_000))).text
  }
}
