import BSON

@testable import FHIRMapping

/// What an application may do to a field, and what is meant by it.
struct LawEdit {
  enum Meaning {
    /// The field says one of these; the first where nothing else was said before.
    case value([BSONValue])
    /// The field says nothing.
    case nothing
    /// Nobody can tell: it must be told, and FHIR's own value, or none, stays.
    case refused
  }

  let name: String
  /// nil takes the field away.
  let stored: BSONValue?
  let meaning: Meaning

  init(_ name: String, _ stored: BSONValue?, _ meaning: Meaning) {
    self.name = name
    self.stored = stored
    self.meaning = meaning
  }

  /// Edits of a field that says something now, or nothing.
  static func all(of field: FieldPlan, now: BSONValue?) -> [LawEdit] {
    guard let transform = field.transform else { return [] }
    let samples = transform.samples
    var edits: [LawEdit] = []
    if field.isList {
      let items = now?.listItems ?? []
      let lists: [(String, [BSONValue])] = [
        ("one", [samples[0]]), ("all samples", samples), ("one more", items + [samples[0]]),
        ("one in front", [samples[0]] + items), ("reversed", items.reversed()),
        ("one less", Array(items.dropFirst())),
        ("last gone", Array(items.dropLast())), ("first other", [samples[0]] + items.dropFirst()),
        ("twice the same", [samples[0], samples[0]]),
      ]
      for (name, list) in lists where list != items {
        edits.append(LawEdit(name, .array(list), list.isEmpty ? .nothing : .value([.array(list)])))
      }
      edits.append(LawEdit("no list", samples[0], .value([.array([samples[0]])])))
      edits.append(
        LawEdit("with nothing between", .array([.null, samples[0], ""]), .value([.array([samples[0]])])))
    } else {
      for (number, sample) in samples.enumerated() where sample != now {
        edits.append(LawEdit("sample \(number)", sample, .value([sample])))
      }
      edits.append(LawEdit("list of one", .array([samples[0]]), .value([samples[0]])))
      edits.append(LawEdit("list of none", .array([]), .nothing))
      if let drift = samples.first, !(transform is AddressTransform) {
        edits.append(LawEdit("list of two", .array([drift, "another thing"]), .refused))
      }
    }
    edits += [
      LawEdit("taken away", nil, .nothing), LawEdit("null", .null, .nothing), LawEdit("empty", "", .nothing),
      LawEdit("empty list", .array([]), .nothing), LawEdit("an object", ["a": 1], .refused),
      LawEdit("true", true, .refused),
    ]
    if !(transform is AttachmentTextTransform) { edits.append(LawEdit("blank", "  ", .nothing)) }
    for (name, stored, meant) in drift(of: transform) {
      let wrapped = meant.map { values in values.map { field.isList ? .array([$0]) : $0 } }
      edits.append(LawEdit(name, stored, wrapped.map { .value($0) } ?? .refused))
    }
    return edits
  }

  /// Values of other shapes: what is meant by them, nil where nobody can tell.
  private static func drift(of transform: any FieldTransform) -> [(String, BSONValue, [BSONValue]?)] {
    let number: [(String, BSONValue, [BSONValue]?)] = [
      ("int32", 4711, ["4711"]), ("int64", .int64(123_456_789_012), ["123456789012"]),
      ("whole double", .double(4711), ["4711"]), ("fraction", .double(1.5), nil), ("a date", .date(0), nil),
      ("spaces", "  two words ", ["two words", "  two words "]),
    ]
    switch transform {
    case is TextTransform, is ConceptTransform, is CodingTransform: return number
    case is PhoneTransform:
      return [
        ("zero lost", 412_345_678, ["0412345678"]), ("int64", .int64(4_155_550_123), ["4155550123"]),
        ("double", .double(4_155_550_123), ["4155550123"]),
        ("bare digits", "412345678", ["0412345678", "412345678"]), ("fraction", .double(1.5), nil),
        ("spaces", " 555 0100 ", ["555 0100", " 555 0100 "]),
      ]
    case is NPITransform:
      return [
        ("int32", 1_234_567_893, ["1234567893"]), ("int64", .int64(1_992_999_825), ["1992999825"]),
        ("zeros lost", 12_345_678, ["12345678"]), ("letters", "12345A", ["12345A"]),
        ("another", "1992999825", ["1992999825"]),
      ]
    case let date as DateTransform:
      let day: Int64 = 347_068_800_000
      let hour: Int64 = 3_600_000
      return [
        ("a text", "1980-12-31", [.date(day)]), ("an American text", "12/31/1980", [.date(day)]),
        ("a moment", .date(day + hour), [.date(date.type == "date" ? day : day + hour)]),
        ("before 1970", .date(-day), [.date(-day)]), ("no date", "yesterday", nil), ("a number", 1980, nil),
        ("no such day", "1980-02-30", nil), ("far off", .date(Int64.max), nil),
      ]
    case let code as CodeTransform:
      return code.codes.keys.sorted().map { ("word \($0)", .string($0), [.string($0)]) }
        + code.otherwise.keys.sorted().map { ("other word \($0)", .string($0), [.string($0)]) }
        + code.accepted.sorted { $0.key < $1.key }.map {
          ("spelling \($0.key)", .string($0.key.uppercased()), [.string($0.value)])
        }
        + [("no word of theirs", "lost in space", ["lost in space"]), ("a number", 3, nil)]
    case is QuantityTransform:
      return [
        ("int32", 70, [.double(70)]), ("int64", .int64(71), [.double(71)]), ("a text", "72", [.double(72)]),
        ("spaces", " 73.5 ", [.double(73.5)]), ("no number", "heavy", nil),
        ("not finite", .double(.nan), nil),
      ]
    case is BloodPressureTransform:
      return [
        ("with its unit", "121/82 mmHg", ["121/82"]), ("spaces", " 122 / 83 ", ["122/83"]),
        ("half", "120", nil),
        ("words", "high/low", nil), ("a number", 120, nil),
      ]
    case is HumanNameTransform:
      return [
        ("title", "Dr. Jane Q. Doe", ["Dr. Jane Q. Doe"]), ("one word", "Cher", ["Cher"]),
        ("spaces", "  Jane   Doe ", ["Jane   Doe"]), ("letters of elsewhere", "李 安", ["李 安"]),
        ("a number", 5, nil),
      ]
    case is AddressTransform:
      return [
        ("one line", "9 Elm St, Boston, MA 02118", ["9 Elm St\nBoston, MA 02118"]),
        ("military", "PSC 3 Box 4120, APO AE 09021", ["PSC 3 Box 4120\nAPO AE 09021"]),
        ("lines", ["9 Elm St", "Boston, MA 02118"], ["9 Elm St\nBoston, MA 02118"]), ("a number", 5, nil),
        ("anything", "the blue house", ["the blue house"]),
      ]
    case is LanguageTransform:
      return [
        ("a name", "Spanish", ["es"]), ("small letters", "french", ["fr"]),
        ("unknown", "Klingonese Dialect", ["Klingonese Dialect"]),
        ("a number", .double(1.5), nil),
      ]
    case is ReferenceTransform:
      return [
        ("int32", 4711, ["4711"]), ("int64", .int64(123_456_789_012), ["123456789012"]),
        ("an ObjectId", .objectID(Array(1...12)), ["0102030405060708090a0b0c"]),
        ("fraction", .double(1.5), nil),
      ]
    case is AttachmentTextTransform:
      return [
        ("spaces", "  a\n\n b ", ["  a\n\n b "]), ("a number", 5, nil),
        (
          "long", .string(String(repeating: "word ", count: 2000)),
          [.string(String(repeating: "word ", count: 2000))]
        ),
      ]
    default: return [("a transform that nobody said the drift of: add it to LawEdits", .double(1.5), [.null])]
    }
  }
}
