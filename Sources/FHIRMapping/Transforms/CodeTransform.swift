import BSON
import FHIRModel

/// A code as the platform's word for it, by a table in the mapping file.
///
/// `codes` pairs each code with one word; `accept` names other spellings of words; `otherwise` gives words that no
/// code says exactly a code to stand for them (the field keeps the word beside it); `default` is for all others.
struct CodeTransform: FieldTransform {
  static let name = "code"
  static let types = ["code"]

  /// Code to word.
  let table: [String: String]
  /// Word to code.
  let codes: [String: String]
  let accepted: [String: String]
  let otherwise: [String: String]
  let fallback: String
  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) {
    let values = try arguments.values(
      allowed: ["codes", "accept", "otherwise", "default"], required: ["codes", "default"])
    var words: [String: String] = [:]
    var codes: [String: String] = [:]
    for (code, word) in try values["codes"]?.entries() ?? [] {
      let (codeText, wordText) = (try code.string(), try word.string())
      if let other = codes[wordText] {
        throw word.error(
          .notInvertible, "the word \(wordText) stands for \(other) and \(codeText): it cannot be turned back"
        )
      }
      words[codeText] = wordText
      codes[wordText] = codeText
    }
    var otherwise: [String: String] = [:]
    for (word, code) in try values["otherwise"]?.entries() ?? [] {
      let (wordText, codeText) = (try word.string(), try code.string())
      guard codes[wordText] == nil else {
        throw word.error(.conflict, "the word \(wordText) stands in the table of codes as well")
      }
      guard words[codeText] != nil else {
        throw code.error(.wrongValue, "the code \(codeText) does not stand in the table of codes")
      }
      otherwise[wordText] = codeText
    }
    var accepted: [String: String] = [:]
    for (spelling, word) in try values["accept"]?.entries() ?? [] {
      let wordText = try word.string()
      guard codes[wordText] != nil || otherwise[wordText] != nil else {
        let known = codes.keys.sorted() + otherwise.keys.sorted()
        throw word.error(
          .wrongValue,
          "the word \(wordText) stands in no table"
            + (closest(to: wordText, among: known).map { ": did you mean \($0)?" } ?? ""))
      }
      // Compared in small letters.
      let text = try spelling.string().lowercased()
      guard accepted[text] == nil, codes[text] == nil, otherwise[text] == nil else {
        throw spelling.error(.conflict, "\(text) is a word already, or accepted as one: it cannot mean two")
      }
      accepted[text] = wordText
    }
    guard let fallbackNode = values["default"] else {
      throw arguments.place.error(.missingKey, "default is missing")
    }
    fallback = try fallbackNode.string()
    guard words[fallback] != nil else {
      throw fallbackNode.error(.wrongValue, "the code \(fallback) does not stand in the table of codes")
    }
    table = words
    self.codes = codes
    self.otherwise = otherwise
    self.accepted = accepted
  }

  func read(_ element: BSONValue) -> BSONValue? {
    guard let code = element.text else { return nil }
    return .string(table[code] ?? code)
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let word = value.text else { return nil }
    if let code = codes[word] ?? otherwise[word] { return .string(code) }
    // A code that the table does not know was its own word.
    if let element, element.text == word { return element }
    return .string(fallback)
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    guard stored != .null else { return .absent }
    guard case .string = stored else { return .refused("expected a word") }
    guard let text = stored.trimmedText else { return .absent }
    if codes[text] != nil || otherwise[text] != nil { return .value(.string(text)) }
    let lower = text.lowercased()
    for word in codes.keys.sorted() + otherwise.keys.sorted() where word.lowercased() == lower {
      return .value(.string(word))
    }
    if let word = accepted[lower] { return .value(.string(word)) }
    return .doubtful(
      .string(text), "no code stands for this word: \(fallback) is used and the word kept beside it")
  }
}
