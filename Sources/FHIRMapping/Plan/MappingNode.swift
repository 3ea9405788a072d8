import FHIRPath
import Yams

/// A value of a mapping file with its place, read strictly: what is not expected is a mistake.
struct MappingNode {
  let node: Node
  let file: String

  /// The one document of a file.
  init(parsing text: String, file: String) throws(MappingError) {
    do {
      // What kind of value a plain text is, its reader knows; to find out by patterns takes Yams longer than all else here.
      guard let node = try compose(yaml: text, .basic) else {
        throw MappingError(
          .syntax, "the file is empty: expected a mapping with the key document", file: file, line: 1,
          column: 1)
      }
      self.init(node, file)
    } catch let error as MappingError {
      throw error
    } catch let error as YamlError {
      throw MappingNode.syntaxError(error, file)
    } catch {
      throw MappingError(.syntax, "this is not YAML", file: file, line: 1, column: 1)
    }
  }

  private init(_ node: Node, _ file: String) {
    self.node = node
    self.file = file
  }

  private static func syntaxError(_ error: YamlError, _ file: String) -> MappingError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return MappingError(
        .syntax, "this is not YAML: \(problem)", file: file, line: mark.line, column: mark.column)
    case .duplicatedKeysInMapping(let keys, let context):
      let mark = context.mark
      return MappingError(
        .syntax, "the key \(keys.map { "\($0)" }.joined(separator: ", ")) stands twice", file: file,
        line: mark.line, column: mark.column)
    default: return MappingError(.syntax, "this is not YAML", file: file, line: 1, column: 1)
    }
  }

  func error(_ code: MappingError.Code, _ message: String) -> MappingError {
    MappingError(code, message, file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }

  var place: MappingPlace {
    MappingPlace(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }

  // MARK: Scalars

  func string() throws(MappingError) -> String {
    guard let scalar = node.scalar else { throw error(.wrongValue, "expected a text") }
    guard !scalar.string.isEmpty else { throw error(.wrongValue, "expected a text that is not empty") }
    return scalar.string
  }

  func integer(_ range: ClosedRange<Int>) throws(MappingError) -> Int {
    guard let text = node.scalar?.string, let value = Int(text), range.contains(value) else {
      throw error(.wrongValue, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func boolean() throws(MappingError) -> Bool {
    switch node.scalar?.string {
    case "true": return true
    case "false": return false
    default: throw error(.wrongValue, "expected true or false")
    }
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(MappingError) -> Choice
  where Choice.RawValue == String {
    guard let choice = Choice(rawValue: try string()) else {
      throw error(
        .wrongValue,
        MappingNode.expected(node.scalar?.string ?? "", among: Choice.allCases.map(\.rawValue)))
    }
    return choice
  }

  /// A path from a type of R4; a mistake is placed within the text.
  func path(from root: String) throws(MappingError) -> InvertiblePath {
    let text = try string()
    do throws(FHIRPathError) {
      return try InvertiblePath(text, from: root)
    } catch {
      let isPlain = node.scalar?.style == .plain || node.scalar?.style == .any
      let column = (node.mark?.column ?? 1) + error.column - 1 + (isPlain ? 0 : 1)
      let code: MappingError.Code = error.code == .notInvertible ? .notInvertible : .path
      throw MappingError(code, error.message, file: file, line: node.mark?.line ?? 1, column: column)
    }
  }

  // MARK: Lists and mappings

  /// The items of a list; a single value counts as a list of one.
  var items: [MappingNode] {
    guard let sequence = node.sequence else { return [self] }
    return sequence.map { MappingNode($0, file) }
  }

  var isMapping: Bool { node.mapping != nil }
  var isList: Bool { node.sequence != nil }

  /// The entries of a mapping, in the order of the file.
  func entries() throws(MappingError) -> [(key: MappingNode, value: MappingNode)] {
    guard let mapping = node.mapping else { throw error(.wrongValue, "expected a mapping of keys to values") }
    return mapping.map { (MappingNode($0.key, file), MappingNode($0.value, file)) }
  }

  /// The values of a mapping that may have these keys and no others.
  func values(allowed: [String], required: [String] = []) throws(MappingError) -> [String: MappingNode] {
    var values: [String: MappingNode] = [:]
    for (key, value) in try entries() {
      let name = try key.string()
      guard allowed.contains(name) else {
        throw key.error(
          .unknownKey, "there is no key \(name) here: \(MappingNode.expected(name, among: allowed))")
      }
      values[name] = value
    }
    for name in required where values[name] == nil {
      throw error(.missingKey, "the key \(name) is missing here")
    }
    return values
  }

  /// Stands for keys and values in their order; comments and layout do not count.
  var fingerprint: UInt64 {
    var digest = ContentDigest()
    MappingNode.add(node, to: &digest)
    return digest.words.high
  }

  private static func add(_ node: Node, to digest: inout ContentDigest) {
    if let mapping = node.mapping {
      digest.add("{")
      for (key, value) in mapping {
        add(key, to: &digest)
        add(value, to: &digest)
      }
      digest.add("}")
    } else if let sequence = node.sequence {
      digest.add("[")
      for item in sequence { add(item, to: &digest) }
      digest.add("]")
    } else {
      digest.add(node.scalar?.string ?? "")
    }
  }
}
