package import BSON
package import FHIRMapping

/// Writes documents as the platform's years left them: every field in every shape that was ever found, and some that were not.
package struct DriftGenerator {
  private var random: SeededGenerator

  package init(seed: UInt64) { random = SeededGenerator(seed: seed &* 31 &+ 7) }

  private mutating func one(_ values: [BSONValue]) -> BSONValue {
    values.randomElement(using: &random) ?? .null
  }
  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  /// A document: most of its fields are there, each in one of its shapes.
  package mutating func document(_ kind: DocumentKind) -> BSONFields {
    var fields: BSONFields = ["_id": one(Self.ids)]
    for (name, shapes) in Self.shapes(kind) where chance(75) {
      fields[name] = chance(15) ? one(Self.nonsense) : one(shapes)
    }
    if chance(30) { fields["vip"] = one(Self.nonsense) }
    if chance(20) { fields["__v"] = 3 }
    return fields
  }

  package static let ids: [BSONValue] = [
    "p1", "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", 42, .int64(10_234_567_890), .double(7), "Clinic/North 7",
    "ü",
    .objectID([0x65, 0xE1, 0xF0, 0xC2, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18]),
    .string(String(repeating: "x", count: 70)), "a_b", "A.b-9", .int32(-5), "  spaced ",
    .binary(subtype: 4, Array(0..<16)),
  ]

  /// Shapes that no field is known to have.
  package static let nonsense: [BSONValue] = [
    .null, "", "   ", [], [.null], ["", "  "], [:], ["a": 1], true, false, .double(.nan), .double(.infinity),
    .double(12.5),
    .int64(.max), .int64(-1), .date(0), .date(.max), .date(.min), .binary(subtype: 0, [1, 2]), [["nested"]],
    ["a", 1, .null, true],
    "\u{1}control\u{7F}", "line\r\nbreak", "\u{FEFF}", "👩‍⚕️ é",
    .string(String(repeating: "long ", count: 5000)),
    "<script>alert(1)</script>", "N/A", "unknown", "null", "0", "\u{0}",
  ]

  /// Numbers as texts and texts as numbers, values within values.
  package static let strange: [BSONValue] = [
    "Y", "TRUE", .int64(12_345_678_901_234_567), decimal("72.50"), decimal("1E+3"), decimal("0.10"), "72.50",
    "072.50",
    "1,234.5", "+5", "-0", "-0.0", decimal("NaN"), 1980, 19_801_231, ["72.50"], [.double(72.5), 73],
    ["value": .double(72.5), "unit": "kg"], ["text": "x"], ["$date": "2024-03-01"], ["$numberLong": "5"],
    ["$oid": "5f0000000000000000000000"], "<b>x</b>", "a\tb", "a\u{A0}b",
    .string(String(repeating: "x", count: 300)),
  ]

  /// Types that hardly anybody writes, and the ends of those that everybody does.
  package static let rare: [BSONValue] = [
    .other(.regex, Array("^a.*z$\0i\0".utf8)), .other(.minKey, []), .other(.maxKey, []),
    .other(.timestamp, [1, 0, 0, 0, 2, 0, 0, 0]),
    .other(.javascript, [9, 0, 0, 0] + Array("return 1\0".utf8)),
    .int64(.min), .int64(.max), .int32(.min), .double(-.infinity), .double(.greatestFiniteMagnitude),
    .double(-0.0),
    decimal("NaN"), decimal("Infinity"), decimal("-1E-6176"),
    decimal("9.999999999999999999999999999999999E+6144"),
    .binary(subtype: 0, []), .binary(subtype: 4, [1]), .binary(subtype: 128, [1, 2, 3]), "\u{FFFD}",
    "a\u{FFFD}b",
    "\u{202E}abc", "e\u{301}", "\u{10FFFF}", ["$ref": "x"], ["": ""], ["a": ["b": ["c": [["d"]]]]],
    .date(-1), .date(253_402_300_800_000),
  ]

  private static func decimal(_ text: String) -> BSONValue {
    Decimal128(exactly: text).map { .decimal128($0) } ?? .string(text)
  }

  package static let texts: [BSONValue] = [
    "North Clinic", " padded ", 17, .int64(12_345_678_901), "a\u{2028}b", "tab\there",
  ]
  package static let names: [BSONValue] = [
    "Ann Li", "Dr. Ann Li", "dr ann li", "DR. ANN B. LI-WU, MD", "Cher", "van der Berg, Jan", "Li", "Mr.",
    "Prof. Dr. Eva Maria Ortiz",
    "Ann  Double   Space", "MD", "Dr.", "王秀英", "O'Neill Shaun III",
    "Doe, Jane, MD", "Jane (Janie) Doe", ["Jane Doe"], ["Jane Doe", "Jane Roe"],
    ["first": "Jane", "last": "Doe"],
  ]
  package static let days: [BSONValue] = [
    .date(347_068_800_000), .date(347_099_999_123), "1980-12-31", "1980-12-31T00:00:00Z",
    "1980-12-31T23:30:00-05:00",
    "1980-12-31 10:00:00", "12/31/1980", "1980", "1980-12", "yesterday", .date(-62_135_596_800_000),
    .date(253_402_300_799_999),
    "1980-02-30", .int64(347_068_800_000),
    "31.12.1980", "Dec 31, 1980", "Feb 1980", "02/1980", "1980-00-00", "0001-01-01", "10000-01-01",
    ["1980-12-31"],
    ["1980-12-31", "1981-12-31"], "circa 1980",
  ]
  package static let moments: [BSONValue] = [
    .date(1_709_301_600_000), .date(1_709_301_600_123), "2024-03-01", "2024-03-01T09:00:00-05:00",
    "2024-03-01T09:00:00Z",
    "2024-03-01 09:00", "2024-03-01T09:00", "2024-03-01T09:00:00.123456Z", "March 1st", "2024-13-01",
    .date(0), "2024-03",
    "2023-12-31T24:00:00Z", "2016-12-31T23:59:60Z",
    "2024-03-01T09:00:00+0100", "1/2/2024", "09:00", .int64(1_709_301_600_000), ["2024-03-01"],
  ]
  package static let addresses: [BSONValue] = [
    "1 Main St\nSpringfield, IL 62701", "1 Main St, Springfield, IL 62701", "1 Main St Springfield IL 62701",
    "1 Main St, Springfield IL 62701, USA", "PSC 3 Box 4120, APO AE 09021", "PSC 3 Box 4120\nAPO, AE 09021",
    "Unit 4 FPO AP 96345-1234",
    "USS Boat\r\nFPO AA 34099", "Somewhere", "10 Downing Street\nLondon SW1A 2AA\nUnited Kingdom", ",,,",
    "Springfield, IL", "62701",
    ["1 Main St", "Springfield, IL 62701"], ["line1": "1 Main St", "city": "X"], "1 Main St;Springfield;IL",
    "Hauptstr. 5\n10115 Berlin\nDeutschland",
  ]
  package static let phones: [BSONValue] = [
    "555-0100", ["555-0100", "555-0199"], 412_345_678, .int64(5_551_234_567), .double(5_551_234_567),
    "412345678",
    ["412345678", 412_345_679, .null, ""], "+1 (555) 010-0100 x9", ["555-0100", "555-0100"], ["a": "555"],
    "call me",
    ["home": "555"], [["type": "home", "number": "555"]], "5551234567 / 5551234568", "000", .int32(-5),
    .double(5.5),
  ]
  package static let languages: [BSONValue] = [
    ["en", "es"], ["English", "Spanish"], "Spanish", ["Klingon"], ["EN-us", "zh-Hans", "pt_BR"],
    ["english", "FRENCH "], ["en", "en"],
    "en,es", [1], ["Chinese (Mandarin)"], ["x-klingon"], ["not a tag!"],
    "English and Spanish", ["eng", "spa"], [["code": "en"]], ["en", .null, ""],
  ]
  package static let lists: [BSONValue] = [
    [], ["a1", "a1"], [1, 1, 7], ["nobody"], "a1", 7, [.null], [.objectID(Array(0..<12))],
  ]
  package static let npis: [BSONValue] = [
    "1234567893", .int64(1_234_567_893), 123_456_789, 12_345_678, "1234567890", "NPI1234567", "123456789A",
    " 1234567893 ",
    .double(1_234_567_893), ["1234567893"],
  ]
  package static let dispositions: [BSONValue] = [
    "completed", "Completed", "COMPLETED ", "rescheduled", "Re-Scheduled", "cancelled", "canceled", "no-show",
    "No Show", "noshow",
    "missed", "booked", "scheduled", "pending", "arrived", "checked-in", "entered-in-error", "waitlist",
    "lost in space", "proposed", 3,
  ]
  package static let devices: [BSONValue] = [
    "Zoom", "Skype", "smartphone", "zoom ", "tablet, laptop", ["Zoom"], 5,
  ]
  package static let pressures: [BSONValue] = [
    "120/80", "120 / 80 mmHg", "120/80 mm[Hg]", "120", "120/", "abc/def", "120.5/80", "-1/80", "120\\80",
    ["120/80"], 120,
    "1e400/80", "0120/080",
    "120-80", "120 over 80", "120/80/95", "120.50/80.0", ["systolic": 120, "diastolic": 80], "16.0/10.7 kPa",
    "120/80 (sitting)", ["120/80", "110/70"],
  ]
  package static let numbers: [BSONValue] = [
    70, .double(70.25), .int64(70), "70", "70.5 in", "5'10\"", .double(-1), 0,
    decimal("70.10"),
    .double(1e300), .double(Double.leastNonzeroMagnitude), "1e5", "0x10", "70,5", "nan", "inf", " 70 ",
    "70.50", "70.", ".5", "178 cm", "70.50 in", "180.50 lb", "180 lbs", "80 kg", "5'10", "5 ft 10 in",
    "5.5 mmol/L", "100.0 mg/dl",
    "<100", "100-110", .int64(9_007_199_254_740_993), "070.20 in", "1.0",
  ]
  package static let codes: [BSONValue] = [
    ["E11.9", "I10"], "E11.9", ["e11.9"], ["E11.9", "E11.9"], [""], ["not a code"], [250], ["E11.9", .null],
    "E11.9, I10",
    "E11.9;I10", ["E11.9 - Type 2 diabetes"], ["E119", "i10"], [["code": "E11.9"]], [" E11.9 "], ["I 10"],
  ]
  package static let notes: [BSONValue] = [
    "A note.", "Two\nlines", "", "é \u{1} x", 5, ["a", "b"], .string(String(repeating: "n", count: 100_000)),
  ]

  package static func shapes(_ kind: DocumentKind) -> [(String, [BSONValue])] {
    switch kind {
    case .patient:
      [
        ("name", names), ("date_of_birth", days), ("address", addresses), ("primary_phone", phones),
        (
          "email",
          [
            "a@example.org", "A@EXAMPLE.ORG ", "not an address", ["a@example.org"],
            ["a@example.org", "b@example.org"],
          ]
        ),
        ("medical_group", texts), ("insurance_id", [.int64(12_345_678_901), "W123", 123_456_789]),
        ("insurance_payer_id", [60_054, "60054", "AETNA"]), ("languages", languages), ("appointments", lists),
      ]
    case .chart:
      [
        ("height_in", numbers), ("weight", numbers), ("blood_pressure", pressures), ("blood_sugar", numbers),
        ("icd_10_codes", codes), ("notes", notes), ("last_appointment_id", ["a1", 7, "nobody"]),
      ]
    case .provider:
      [
        ("npi", npis), ("name", names), ("date_of_birth", days), ("email", ["d@example.org"]),
        ("primary_phone", phones),
        ("date_employed", days),
        ("credentialed_skills", [["Surgery"], "Surgery", ["Surgery", "Surgery", 5], ["MD", .null]]),
        ("appointments", lists), ("last_appointment", ["a1", 7]),
      ]
    default:
      [
        ("patient_id", ids + ["nobody"]), ("provider_id", ids), ("date_scheduled", moments),
        ("date_of_visit", moments),
        ("telehealth_device", devices), ("confirmed_phone", phones),
        ("confirmed_email", ["x@example.org", 5]),
        ("disposition", dispositions), ("billing_disposition", ["billed", "not billed", "Billed", 1, true]),
      ]
    }
  }
}
