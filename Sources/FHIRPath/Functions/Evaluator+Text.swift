import FHIRModel
import Patterns

/// Texts. Positions and lengths count Unicode scalars.
///
/// See https://hl7.org/fhirpath/N1/#string-manipulation
extension Evaluator {
  /// `startsWith`, `endsWith`, `contains`
  func textTest(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let text = try text(Int(operation.a), focus, for: index),
      let part = try self.text(argument(0, operation), focus, for: index)
    else { return nil }
    switch operation.function {
    case .startsWith: return text.utf8.starts(with: part.utf8)
    case .endsWith:
      return text.utf8.count >= part.utf8.count && text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
    default: return Evaluator.offset(of: part, in: text) != nil
    }
  }

  func textOfCall(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    if operation.function == .join { return try joined(index, operation, focus) }
    guard let text = try text(Int(operation.a), focus, for: index) else { return nil }
    switch operation.function {
    case .upper: return .string(text.uppercased())
    case .lower: return .string(text.lowercased())
    case .length: return .integer(Int64(text.unicodeScalars.count))
    case .trim: return .string(Evaluator.trimmed(text))
    case .substring: return try substring(of: text, operation, focus).map { .string($0) }
    default: break
    }
    guard let argument = try self.text(argument(0, operation), focus, for: index) else { return nil }
    switch operation.function {
    case .indexOf, .lastIndexOf:
      let isLast = operation.function == .lastIndexOf
      let bytes =
        isLast ? Evaluator.lastOffset(of: argument, in: text) : Evaluator.offset(of: argument, in: text)
      guard let bytes else { return .integer(-1) }
      let scalars = text.utf8.prefix(bytes).reduce(into: 0) { if $1 & 0xC0 != 0x80 { $0 += 1 } }
      return .integer(Int64(scalars))
    case .encode: return TextEncoding(rawValue: argument)?.encode(text).map { .string($0) }
    case .decode: return TextEncoding(rawValue: argument)?.decode(text).map { .string($0) }
    case .escape: return TextEscape(rawValue: argument)?.escape(text).map { .string($0) }
    case .unescape: return TextEscape(rawValue: argument)?.unescape(text).map { .string($0) }
    default: break
    }
    guard let replacement = try self.text(self.argument(1, operation), focus, for: index) else { return nil }
    if operation.function == .replace {
      return .string(Evaluator.replace(argument, in: text, with: replacement))
    }
    if argument.isEmpty { return .string(text) }
    let pattern = try pattern(argument, operation, index)
    do throws(PatternError) {
      return .string(try pattern.replacing(in: text, with: replacement))
    } catch {
      throw failure(index, error.message)
    }
  }

  private func substring(of text: String, _ operation: Operation, _ focus: borrowing Focus) throws -> String?
  {
    guard let start = try integer(argument(0, operation), focus), start >= 0 else { return nil }
    let scalars = text.unicodeScalars
    guard let first = scalars.index(scalars.startIndex, offsetBy: start, limitedBy: scalars.endIndex),
      first < scalars.endIndex
    else { return nil }
    var end = scalars.endIndex
    if operation.count > 1, let length = try integer(argument(1, operation), focus) {
      guard length > 0 else { return "" }
      end = scalars.index(first, offsetBy: length, limitedBy: scalars.endIndex) ?? end
    }
    return String(scalars[first..<end])
  }

  private func joined(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Item? {
    var separator = ""
    if operation.count > 0 {
      guard let given = try text(argument(0, operation), focus, for: index) else { return nil }
      separator = given
    }
    var result: String?
    _ = try each(Int(operation.a), focus) { item in
      guard let text = text(of: item) else {
        throw failure(index, "join() is for texts, and this is \(describe(item))")
      }
      result = result.map { $0 + separator + text } ?? text
      return true
    }
    return result.map { .string($0) }
  }

  func split(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    guard let text = try text(Int(operation.a), focus, for: index),
      let separator = try self.text(argument(0, operation), focus, for: index)
    else { return true }
    if separator.isEmpty {
      for scalar in text.unicodeScalars where try !body(.string(String(Character(scalar)))) { return false }
      return true
    }
    for part in Evaluator.parts(of: text, between: separator) where try !body(.string(part)) { return false }
    return true
  }

  // MARK: Patterns

  func matches(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let item = try single(Int(operation.a), focus) else { return nil }
    let pattern: Pattern
    if operation.pattern >= 0 {
      pattern = patterns[Int(operation.pattern)]
    } else {
      guard let text = try text(argument(0, operation), focus, for: index) else { return nil }
      pattern = try self.pattern(text, operation, index)
    }
    func test(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Bool {
      do throws(PatternError) {
        return operation.function == .matches
          ? try pattern.isFound(in: bytes) : try pattern.matchesWhole(bytes)
      } catch {
        throw failure(index, error.message)
      }
    }
    if case .node(let node) = item, hasText(node) { return try withText(node, scratch, test) }
    guard var text = text(of: item) else {
      if case .node(let node) = item, grammar(node) != 0 { return nil }
      throw failure(index, "a text is expected, and this is \(describe(item))")
    }
    return try text.withUTF8(test)
  }

  /// A pattern that is not known before the data are; the few that a run meets are kept.
  private func pattern(_ text: String, _ operation: Operation, _ index: Int) throws -> Pattern {
    if operation.pattern >= 0 { return patterns[Int(operation.pattern)] }
    if let known = knownPatterns[text] { return known }
    do throws(PatternError) {
      let pattern = try Pattern(text)
      if knownPatterns.count > 100 { knownPatterns.removeAll() }
      knownPatterns[text] = pattern
      return pattern
    } catch {
      throw failure(index, "the pattern cannot be used: \(error.message)")
    }
  }

  // MARK: Searching

  /// Where a text begins within another, in bytes.
  static func offset(of part: String, in text: String) -> Int? {
    var first: Int?
    eachOffset(of: part, in: text) {
      first = $0
      return false
    }
    return first
  }

  private static func lastOffset(of part: String, in text: String) -> Int? {
    var last: Int?
    eachOffset(of: part, in: text) {
      last = $0
      return true
    }
    return part.isEmpty ? text.utf8.count : last
  }

  /// Gives the offsets at which a text begins within another, overlapping ones too, until told to stop.
  ///
  /// Takes time in proportion to the lengths of both (Knuth, Morris, Pratt).
  private static func eachOffset(of part: String, in text: String, _ body: (Int) -> Bool) {
    var (part, text) = (part, text)
    text.withUTF8 { text in
      part.withUTF8 { part in
        guard !part.isEmpty else { return _ = body(0) }
        // How much of the part is matched still when its next byte does not match.
        var border = [Int](repeating: 0, count: part.count)
        var matched = 0
        for i in 1..<max(1, part.count) {
          while matched > 0, part[i] != part[matched] { matched = border[matched - 1] }
          if part[i] == part[matched] { matched += 1 }
          border[i] = matched
        }
        matched = 0
        for i in text.indices {
          while matched > 0, text[i] != part[matched] { matched = border[matched - 1] }
          if text[i] == part[matched] { matched += 1 }
          guard matched == part.count else { continue }
          if !body(i + 1 - matched) { return }
          matched = border[matched - 1]
        }
      }
    }
  }

  private static func parts(of text: String, between separator: String) -> [String] {
    var parts: [String] = []
    let bytes = Array(text.utf8)
    var from = 0
    eachOffset(of: separator, in: text) { next in
      guard next >= from else { return true }
      parts.append(String(decoding: bytes[from..<next], as: UTF8.self))
      from = next + separator.utf8.count
      return true
    }
    parts.append(String(decoding: bytes[from...], as: UTF8.self))
    return parts
  }

  private static func replace(_ part: String, in text: String, with replacement: String) -> String {
    guard part.isEmpty else { return parts(of: text, between: part).joined(separator: replacement) }
    return text.unicodeScalars.reduce(into: replacement) { $0 += String(Character($1)) + replacement }
  }

  static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
