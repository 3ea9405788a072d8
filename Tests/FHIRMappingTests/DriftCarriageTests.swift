import BSON
import FHIRModel
import TestSupport
import Testing

@testable import FHIRMapping

/// Of everything that a document holds in a field, drifted as it may be, each word and each digit stands in what is exported, or it is
/// told that it does not.
@Suite struct DriftCarriageTests {
  private let lens: Lens

  init() throws { lens = try Lens() }

  @Test(arguments: DocumentKind.mapped)
  func `every shape of every field is carried or told`(_ kind: DocumentKind) throws {
    let plan = try #require(lens.mappings.plan(kind))
    let derived = Set(plan.fields.filter { $0.derived != nil }.map(\.name))
    var count = 0
    for (name, shapes) in DriftGenerator.shapes(kind) where !derived.contains(name) {
      let others = name.contains("date") ? [] : DriftGenerator.days
      for value in shapes + DriftGenerator.nonsense + DriftGenerator.strange + others {
        var fields: BSONFields = ["_id": "d"]
        fields[name] = value
        count += 1
        try check(fields, name, kind)
      }
    }
    #expect(count > 250, "\(count)")
  }

  private func check(_ fields: BSONFields, _ name: String, _ kind: DocumentKind) throws {
    let plan = lens.mappings.plan(kind)
    let (resources, notes) = try lens.export([try BSONDocument(fields)], kind: kind)
    if notes.contains(where: { $0.hasPrefix(name + ":") }) { return }
    var exported = Exported()
    for tree in resources.values { exported.add(tree) }
    if plan?.fields.first(where: { $0.name == name })?.transform is ReferenceTransform {
      // Whatever it is: it names somebody.
      let value = fields[name] ?? .null
      let said = try BSONDocument(["id": value]).withView { try $0.find("id").flatMap(StoredID.text) }
      guard let said, BSONValue.string(said).trimmedText != nil else { return }
      #expect(exported.texts.contains(DocumentID.fhirID(said)), "\(kind) \(name): \(value)")
      return
    }
    for leaf in Self.leaves(fields[name] ?? .null)
    where !Self.meanings(of: leaf, exported).contains(where: exported.has) {
      Issue.record("\(kind) \(name): \(leaf) is not in \(exported.texts.filter { !$0.contains("://") })")
    }
  }

  /// What a resource says, as texts, words and numbers.
  private struct Exported {
    private(set) var texts: Set<String> = []
    private(set) var words: Set<String> = []

    mutating func add(_ tree: ResourceTree) {
      for index in 0..<tree.count where tree.nodes[index].textLength > 0 {
        var text = tree.string(at: index)
        if text.count > 40, let bytes = Base64.decode(text.utf8) {
          add(String(decoding: bytes, as: UTF8.self))
        }
        if let bytes = Base64.decode(text.utf8), let note = String(validating: bytes, as: UTF8.self) {
          add(note)
        }
        if let slash = text.lastIndex(of: "/"), text.hasPrefix("P") {
          text = String(text[text.index(after: slash)...])
        }
        add(text)
      }
    }

    private mutating func add(_ text: String) {
      texts.insert(text)
      words.formUnion(DriftCarriageTests.words(text))
    }

    /// Whether all of a text's words stand there.
    func has(_ text: String) -> Bool {
      texts.contains(text) || DriftCarriageTests.words(text).allSatisfy(words.contains)
    }
  }

  private static func words(_ text: String) -> [String] {
    text.split { $0.isWhitespace || $0 == "," || $0 == ";" || $0 == "/" }.map(String.init)
  }

  private static func leaves(_ value: BSONValue) -> [BSONValue] {
    switch value {
    case .array(let items): items.flatMap { leaves($0) }
    case .document(let fields): fields.fields.flatMap { leaves($0.value) }
    case .null: []
    case .string(let text): text.allSatisfy { $0.isWhitespace || $0 == "," } ? [] : [value]
    default: [value]
    }
  }

  /// How a value may be said: any of the texts, all words of it.
  private static func meanings(of leaf: BSONValue, _ exported: Exported) -> [String] {
    switch leaf {
    case .string(let text):
      let plain = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      var meant = [text, plain]
      if let other = understood[plain] {
        // A day, where the element has no more.
        meant += [other] + (other.hasSuffix("T00:00:00Z") ? [String(other.prefix(10))] : [])
      }
      if plain.count == 9, plain.allSatisfy(\.isNumber) { meant.append("0" + plain) }
      // 072.50 is 72.50, and 120.50/080 mmHg two such numbers.
      let numbers = plain.split(separator: "/").map { part in
        part.split(separator: " ").first.map { digits(String($0)) } ?? ""
      }
      meant.append(numbers.joined(separator: " "))
      return meant
    case .int32(let number): return phones(String(number))
    case .int64(let number): return phones(String(number))
    case .double(let number):
      return number == number.rounded() && abs(number) < 1e15
        ? phones(String(Int64(number))) : [JSONNumber.text(of: number) ?? "?"]
    case .decimal128(let number):
      let text = number.canonicalText
      return [text, understood[text] ?? digits(text)]
    case .date(let milliseconds):
      let text = Instant(milliseconds: milliseconds).text
      return milliseconds % 86_400_000 == 0 ? [text, String(text.prefix(10))] : [text]
    case .objectID(let bytes): return [Hexadecimal.text(bytes)]
    case .binary(subtype: 4, _): return ["00010203-0405-0607-0809-0a0b0c0d0e0f"]
    case .bool(let value): return ["\(value)"]
    default: return []
    }
  }

  /// A number that lost its zero.
  private static func phones(_ digits: String) -> [String] {
    digits.count == 9 ? [digits, "0" + digits] : [digits]
  }

  /// The number at the beginning of a text, without zeros that say nothing.
  private static func digits(_ text: String) -> String {
    var text = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
    if text.hasPrefix("+") { text = text.dropFirst() }
    while text.hasPrefix("0"), text.dropFirst().first?.isNumber == true { text = text.dropFirst() }
    if text.hasPrefix(".") { return "0" + text }
    return text.hasSuffix(".") ? String(text.dropLast()) : String(text)
  }

  /// What is said in other words.
  private static let understood = [
    "12/31/1980": "1980-12-31", "31.12.1980": "1980-12-31", "Dec 31, 1980": "1980-12-31",
    "1980-12-31T00:00:00Z": "1980-12-31",
    "1980-12-31 10:00:00": "1980-12-31T10:00:00Z", "2024-03-01 09:00": "2024-03-01T09:00:00Z",
    "2024-03-01T09:00": "2024-03-01T09:00:00Z", "2023-12-31T24:00:00Z": "2024-01-01T00:00:00Z",
    "2024-03-01T09:00:00+0100": "2024-03-01T09:00:00+01:00",
    "English": "en", "english": "en", "Spanish": "es", "FRENCH": "fr",
    "pt_BR": "pt-BR", "5'10\"": "70", "5'10": "70", "1e5": "100000", "1E+3": "1000",
    "Completed": "completed", "COMPLETED": "completed", "Re-Scheduled": "rescheduled",
    "canceled": "cancelled",
    "No Show": "no-show", "noshow": "no-show", "missed": "no-show", "Billed": "billed",
  ]
}
