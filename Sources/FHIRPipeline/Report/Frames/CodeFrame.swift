import FHIRModel

/// A line of a source with the place that a finding names, as compilers show it.
package struct CodeFrame: Hashable, Sendable {
  package let line: Int
  /// The line, or what of it lies around the place; one line, without control characters.
  package let text: String
  /// How many columns of a terminal stand before the place, and how many it takes.
  package let indent: Int
  package let width: Int

  /// What a line may take of a terminal.
  static let longest = 100

  /// - Parameters:
  ///   - cells: the line's scalars from the column `first` (from 1) on.
  ///   - isWhole: the line ends with the cells.
  init?(_ cells: [SourceCell], first: Int, isWhole: Bool, at position: SourcePosition) {
    let place = position.column - first
    guard !cells.isEmpty, place >= 0, place <= cells.count else { return nil }
    line = position.line
    var start = 0
    var end = cells.count
    if first > 1 || !isWhole || cells.count > CodeFrame.longest {
      start = max(0, place - 40)
      end = min(cells.count, start + CodeFrame.longest - 2)
    }
    var text = first + start > 1 ? "… " : ""
    var columns = text.isEmpty ? 0 : 2
    var indent = columns
    var width = 0
    let token = CodeFrame.token(cells, at: place)
    for index in start..<end {
      if index == place { indent = columns }
      let scalar = cells[index].printable
      text.unicodeScalars.append(scalar)
      let taken = CodeFrame.columns(of: scalar)
      columns += taken
      if token.contains(index) { width += taken }
    }
    if place == end { indent = columns }
    if end < cells.count || !isWhole { text += " …" }
    while text.last == " " { text.removeLast() }
    self.text = text
    self.indent = indent
    self.width = max(1, width)
  }

  /// The frame as lines for a terminal, each ended, with the number of the line before it.
  package func lines(colours: Bool) -> String {
    let number = String(line)
    let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number + " │ "
    let blank = String(repeating: " ", count: max(5, number.count)) + " │ "
    let mark = "^" + String(repeating: "~", count: width - 1)
    return Terminal.styled(gutter, .dim, when: colours) + text + "\n"
      + Terminal.styled(blank, .dim, when: colours) + String(repeating: " ", count: indent)
      + Terminal.styled(mark, .green, when: colours) + "\n"
  }

  /// The token that begins at a place: a string with its quotes, a tag, a name or a number.
  private static func token(_ cells: [SourceCell], at place: Int) -> Range<Int> {
    guard place < cells.count else { return place..<place }
    let quote = cells[place].scalar
    var end = place + 1
    if quote == 0x22 || quote == 0x27 {
      while end < cells.count, cells[end].scalar != quote {
        end += cells[end].scalar == 0x5C ? 2 : 1
      }
      return place..<min(end + 1, cells.count)
    }
    guard quote == 0x3C || isWord(quote) else { return place..<place + 1 }
    while end < cells.count, isWord(cells[end].scalar) { end += 1 }
    return place..<end
  }

  private static func isWord(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E, 0x3A, 0x2B, 0x80...: true
    default: false
    }
  }

  /// Columns of a terminal that a scalar takes, near enough to put a caret under it.
  ///
  /// See https://www.unicode.org/reports/tr11/
  static func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}

/// One scalar of a line, and whether it may be shown to whoever has not asked for values.
struct SourceCell {
  var scalar: UInt32
  var isShown: Bool

  /// What stands for it in a frame.
  var printable: Unicode.Scalar {
    guard isShown else { return "•" }
    switch scalar {
    case 0x09, 0x0D: return " "
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: return "\u{FFFD}"
    default: return Unicode.Scalar(scalar) ?? "\u{FFFD}"
    }
  }
}
