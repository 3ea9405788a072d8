import BSON

/// What a transform does, as `fhirline mapping explain` tells it.
struct TransformWords: Sendable {
  /// The kind of value that the field holds: `a text`.
  let value: String
  /// What becomes of the element on import.
  let read: String
  /// What becomes of the value on export.
  let write: String
  /// What else a document may hold.
  var accepts: [String] = []
}

private let wholeNumbers = "a whole number, as its digits"

extension TextTransform {
  var words: TransformWords {
    TransformWords(value: "a text", read: "as it stands", write: "as it stands", accepts: [wholeNumbers])
  }

  var samples: [BSONValue] {
    if let codes { return codes.sorted().prefix(2).map { .string($0) } }
    switch type {
    case "string", "markdown", "code": return ["sample", "two words"]
    case "id": return ["sample", "a-b.9"]
    case "oid": return ["urn:oid:2.999", "urn:oid:1.2.840"]
    case "uuid": return ["urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"]
    default: return ["http://example.org/a", "http://example.org/b"]
    }
  }
}

extension PhoneTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text", read: "as it stands", write: "as it stands",
      accepts: [wholeNumbers, "nine bare digits, which get the leading zero back that they lost"])
  }

  var samples: [BSONValue] { ["555-0100", "0412345678"] }
}

extension NPITransform {
  var words: TransformWords {
    TransformWords(
      value: "a text of ten digits, the last of them a check digit", read: "as it stands",
      write: "as it stands", accepts: [wholeNumbers, "what is no NPI: it is carried as it is, and told"])
  }

  var samples: [BSONValue] { ["1234567893"] }
}

extension ICD10Transform {
  var words: TransformWords {
    TransformWords(
      value: "a text, a code such as E11.9", read: "as it stands", write: "as it stands",
      accepts: [
        "lower case", "a code without its full stop: E119", "several codes in one text: E11.9, I10",
        "what is no such code: it is carried as it is, and told",
      ])
  }

  var samples: [BSONValue] { ["E11.9", "I10"] }
}

extension DateTransform {
  var words: TransformWords {
    let isDay = type == "date"
    return TransformWords(
      value: "a date",
      read: isDay
        ? "as midnight UTC of the first day that it names"
        : "as the first moment that it names; without a zone, UTC's",
      write: isDay
        ? "as its day; where the element named that day's month or year, it stays"
        : type == "instant"
          ? "as the moment"
          : "as the moment, in the zone that stood there; midnight UTC as a day, unless a time stood there",
      accepts: ["a text such as 1980-12-31" + (isDay ? "" : " or 2024-03-01T09:00:00-05:00")])
  }

  var samples: [BSONValue] { [.date(347_068_800_000)] + (type == "date" ? [] : [.date(1_709_301_600_000)]) }
}

extension CodeTransform {
  var words: TransformWords {
    let pairs = table.sorted { $0.key < $1.key }
    let read = pairs.map { $0.key == $0.value ? $0.key : "\($0.key) as \($0.value)" }
    let others = otherwise.sorted { $0.key < $1.key }.map {
      "\($0.key) as \($0.value), the word kept beside it"
    }
    return TransformWords(
      value: "a word", read: read.joined(separator: ", "),
      write: (["each word as its code"] + others + ["any other word as \(fallback), the word kept beside it"])
        .joined(separator: "; "),
      accepts: ["any case"] + accepted.sorted { $0.key < $1.key }.map { "\($0.key), for \($0.value)" })
  }

  var samples: [BSONValue] { (codes.keys.sorted() + otherwise.keys.sorted()).map { .string($0) } }
}

extension QuantityTransform {
  var words: TransformWords {
    let unit = conversion.unit.code
    let mole = conversion.molarMass.map { "; moles by \(JSONNumber.text(of: $0) ?? "") g/mol" } ?? ""
    return TransformWords(
      value: "a number of \(unit)",
      read: "converted by UCUM to \(unit)\(mole), and then rounded to \(conversion.decimals) decimals;"
        + " not where it has a comparator or a unit that measures something else",
      write: "in the unit that stood there, where that says it exactly; else in \(unit)",
      accepts: ["a text of a number"])
  }

  var samples: [BSONValue] { [.double(70), .double(172.25)] }
}

extension BloodPressureTransform {
  var words: TransformWords {
    let unit = conversion.unit.code
    return TransformWords(
      value: "a text, systolic/diastolic in \(unit)",
      read: "from the components \(systolic) and \(diastolic), converted to \(unit)",
      write:
        "into those components, in the unit that stood there where that says it exactly; else in \(unit)",
      accepts: ["the unit behind it: 120/80 mmHg"])
  }

  var samples: [BSONValue] { ["120/80", "117.5/79"] }
}

extension HumanNameTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text, the whole name", read: "as its text; else prefix, given, family and suffix joined",
      write:
        "taken apart into prefix, given, family and suffix; where these do not say it exactly, as text too")
  }

  var samples: [BSONValue] { ["Ann Li", "Dr. Ann B. Li Jr.", "Cher"] }
}

extension AddressTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text of lines",
      read: "its lines; then city, state postalCode; then the country; else its text",
      write: "taken apart into line, city, state, postalCode and country; what does not fit, as lines",
      accepts: ["all on one line, with commas", "military addresses: APO AE 09021"])
  }

  var samples: [BSONValue] {
    ["1 Main St\nSpringfield, IL 62701", "PSC 3 Box 4120\nAPO AE 09021", "Somewhere"]
  }
}

extension ConceptTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text", read: "as its text; else the first display; else the first code",
      write: "as its text; codes of something else go", accepts: [wholeNumbers])
  }

  var samples: [BSONValue] { ["sample", "two words"] }
}

extension CodingTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text", read: "as its display; else its code",
      write: "as its display; the code of something else goes",
      accepts: [wholeNumbers])
  }

  var samples: [BSONValue] { ["sample", "two words"] }
}

extension LanguageTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text, a BCP-47 tag", read: "as its tag; where there is none, as its text",
      write: "as a coding of \(LanguageTransform.system)",
      accepts: ["an English name, such as Spanish", "any other name: kept as text, and told"])
  }

  var samples: [BSONValue] { ["en", "pt-BR", "Klingon"] }
}

extension ReferenceTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text, an id", read: "the id of the \(prefix.dropLast()) that it refers to",
      write: "as \(prefix) and the id; what it said of somebody else goes",
      accepts: [wholeNumbers, "an ObjectId, as its hexadecimal digits"])
  }

  var samples: [BSONValue] { ["42", "a-b.c"] }
}

extension AttachmentTextTransform {
  var words: TransformWords {
    TransformWords(
      value: "a text", read: "the text in its data, if it is text/plain",
      write: "as base64 in its data; size, hash and url of another text go")
  }

  var samples: [BSONValue] { ["A note.\nTwo lines.", "é"] }
}
