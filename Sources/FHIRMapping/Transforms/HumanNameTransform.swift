import BSON

/// A HumanName as one text: its text, or prefix, given, family and suffix joined.
///
/// Written, a whole name is taken apart again; where the parts would not say it exactly, it is kept as text as well.
struct HumanNameTransform: FieldTransform {
  static let name = "human_name"
  static let types = ["HumanName"]

  private static let prefixes: Set<String> = [
    "dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "rev", "sir", "dame", "hon", "fr", "capt",
    "col", "lt",
    "sgt", "maj", "gen",
  ]
  private static let suffixes: Set<String> = [
    "jr", "sr", "ii", "iii", "iv", "v", "md", "do", "phd", "rn", "np", "pa", "pac", "dds", "dmd", "esq",
    "facp", "mph",
    "dnp", "psyd", "pharmd", "lcsw", "od", "dpm",
  ]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    if let text = element["text"]?.trimmedText { return .string(text) }
    let joined = HumanNameTransform.joined(element)
    return joined.isEmpty ? nil : .string(joined)
  }

  private static func joined(_ name: BSONValue) -> String {
    var words: [String] = []
    for member in ["prefix", "given", "family", "suffix"] {
      for item in name[member]?.listItems ?? [] { if let text = item.trimmedText { words.append(text) } }
    }
    return words.joined(separator: " ")
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    let before = element?.fields ?? [:]
    var fields = before
    let hadText = fields["text"] != nil
    let hadParts = ["prefix", "given", "family", "suffix"].contains { fields[$0] != nil }
    let family = fields["family"]?.text
    for part in ["text", "prefix", "given", "family", "suffix"] {
      fields[part] = nil
      fields["_" + part] = nil
    }
    if hadText && !hadParts {
      fields["text"] = .string(text)
      return .document(HumanNameTransform.ordered(fields))
    }
    let parts = HumanNameTransform.split(text, family: family)
    if !parts.family.isEmpty { fields["family"] = .string(parts.family) }
    for (name, words) in [("given", parts.given), ("prefix", parts.prefix), ("suffix", parts.suffix)]
    where !words.isEmpty {
      fields[name] = .array(words.map { .string($0) })
    }
    if hadText || HumanNameTransform.joined(.document(fields)) != text { fields["text"] = .string(text) }
    // What is said about a part stays with a part that stays.
    for part in ["family", "given", "prefix", "suffix"]
    where fields[part] != nil && fields[part] == before[part] {
      fields["_" + part] = before["_" + part]
    }
    return .document(HumanNameTransform.ordered(fields))
  }

  /// The members in the order of the definition.
  private static func ordered(_ fields: BSONFields) -> BSONFields {
    let order = ["id", "extension", "use", "text", "family", "given", "prefix", "suffix", "period"]
    func rank(_ key: String) -> Int {
      order.firstIndex(of: key.hasPrefix("_") ? String(key.dropFirst()) : key) ?? order.count
    }
    let sorted = fields.fields.enumerated().sorted {
      (rank($0.element.key), $0.offset) < (rank($1.element.key), $1.offset)
    }
    return BSONFields(sorted.map(\.element))
  }

  private struct Parts {
    var prefix: [String] = []
    var given: [String] = []
    var family = ""
    var suffix: [String] = []
  }

  /// Takes a whole name apart. A family name that was known before is kept whole where it still stands there.
  private static func split(_ text: String, family: String?) -> Parts {
    var words = words(of: text)
    var parts = Parts()
    while words.count > 1, let first = words.first, prefixes.contains(bare(first)) {
      parts.prefix.append(words.removeFirst())
    }
    while words.count > 1, let last = words.last, suffixes.contains(bare(last)) {
      parts.suffix.insert(words.removeLast(), at: 0)
    }
    // "Li Wu, MD": the comma belongs to what came behind it.
    if !parts.suffix.isEmpty, let last = words.last, hasComma(last) {
      words[words.count - 1] = String(last.dropLast())
    }
    if let comma = words.firstIndex(where: hasComma), comma < words.count - 1, comma < 4,
      !words[(comma + 1)...].contains(where: hasComma)
    {
      // "Doe, Jane": who writes a comma writes the family name first.
      var first = words[...comma].map { $0 }
      first[comma].removeLast()
      while first.count > 1, let last = first.last, suffixes.contains(bare(last)) {
        parts.suffix.insert(first.removeLast(), at: 0)
      }
      parts.family = first.joined(separator: " ")
      parts.given = Array(words[(comma + 1)...])
      while parts.given.count > 1, let title = parts.given.first, prefixes.contains(bare(title)) {
        parts.prefix.append(parts.given.removeFirst())
      }
      return parts
    }
    let known = self.words(of: family ?? "")
    if known.count > 1, words.count > known.count, Array(words.suffix(known.count)) == known {
      words.removeLast(known.count)
      parts.family = family ?? ""
    } else if let last = words.popLast() {
      parts.family = last
    }
    parts.given = words
    return parts
  }

  /// Whether a comma stands behind a word.
  private static func hasComma(_ word: String) -> Bool {
    word.utf8.last == UInt8(ascii: ",") && word.utf8.count > 1
  }

  /// The words of a text; of ASCII alone without a look at Unicode's tables.
  private static func words(of text: String) -> [String] {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
      return text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
    return text.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.map { String(Substring($0)) }
  }

  private static func bare(_ word: String) -> String {
    // No title is longer than `professor`, a comma and a full stop.
    if word.utf8.count > 11 { return word }
    return word.lowercased().filter { $0 != "." && $0 != "," && $0 != "-" }
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    if case .null = stored { return .absent }
    guard case .string = stored else { return .refused("expected a name") }
    return stored.trimmedText.map { .value(.string($0)) } ?? .absent
  }
}
