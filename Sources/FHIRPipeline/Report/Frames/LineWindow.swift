import FHIRModel

/// The part of one line that lies around the places looked for, scalar by scalar.
///
/// A line may be a Bundle of 60 MB: what lies far before the next place is looked at only to know what is a string and
/// what is not, and is not kept.
struct LineWindow {
  /// How many columns before a place are kept, and how many are read behind it. A key is told from a string by the
  /// colon behind it.
  static let before = 300
  static let behind = 300

  private(set) var cells: [SourceCell] = []
  /// Column of the first cell.
  private(set) var first = 1
  /// Column of the scalar that comes next.
  private(set) var column = 1
  private var mask: SourceMask
  private let syntax: SourceMask.Syntax
  private let showsValues: Bool

  // JSON: what is needed to tell keys from values.
  private var stringStart: Int?
  /// Where a number or a literal begins.
  private var wordStart: Int?
  private var lastString: Range<Int>?
  private var opener: UInt8 = 0
  private var lastStructure: UInt8 = UInt8(ascii: "{")
  private var isResourceType = false

  init(_ syntax: SourceMask.Syntax, mask: SourceMask, showsValues: Bool) {
    self.syntax = syntax
    self.mask = mask
    self.showsValues = showsValues
  }

  /// The mask as it stands behind what was taken.
  var endMask: SourceMask { mask }

  /// Takes a byte that no place is near to.
  mutating func skip(_ byte: UInt8) {
    _ = mask.isStructure(byte)
    guard byte & 0xC0 != 0x80 else { return }
    column += 1
    first = column
  }

  /// Takes the next byte of the line.
  mutating func take(_ byte: UInt8) {
    let wasInString = mask.isInString
    let isStructure = mask.isStructure(byte)
    if byte & 0xC0 == 0x80 {
      if !cells.isEmpty {
        cells[cells.count - 1].scalar = cells[cells.count - 1].scalar << 6 | UInt32(byte & 0x3F)
      }
      return
    }
    let bits: UInt8 = byte < 0x80 ? 0x7F : byte < 0xE0 ? 0x1F : byte < 0xF0 ? 0x0F : 0x07
    cells.append(SourceCell(scalar: UInt32(byte & bits), isShown: showsValues || isStructure))
    column += 1
    guard syntax == .json else { return }
    if isStructure {
      if let start = wordStart, text(start..<column - 1) == "null" { show(start..<column - 1) }
      wordStart = nil
      note(byte, closesString: wasInString)
    } else if !wasInString, wordStart == nil {
      wordStart = column - 1
    }
  }

  /// Lets go of what lies more than ``before`` columns before a place.
  mutating func forget(before place: Int) {
    let excess = min(place - LineWindow.before - first, cells.count)
    guard excess > 1000 else { return }
    cells.removeFirst(excess)
    first += excess
  }

  /// Begins anew where it is: the next place lies far behind.
  mutating func begin() {
    var fresh = LineWindow(syntax, mask: mask, showsValues: showsValues)
    fresh.column = column
    fresh.first = column
    self = fresh
  }

  /// Follows the structure of JSON: a string between `{` or `,` and `:` is a key.
  private mutating func note(_ byte: UInt8, closesString: Bool) {
    switch byte {
    case UInt8(ascii: "\""):
      guard closesString else {
        stringStart = column
        opener = lastStructure
        return
      }
      lastString = stringStart.map { $0..<(column - 1) }
      stringStart = nil
      if isResourceType, let range = lastString { show(range) }
      isResourceType = false
    case UInt8(ascii: ":"):
      isResourceType = false
      guard lastStructure != byte, let key = lastString,
        opener == UInt8(ascii: "{") || opener == UInt8(ascii: ",")
      else { break }
      show(key)
      isResourceType = text(key) == "resourceType"
      lastString = nil
      lastStructure = byte
    case 0x20, 0x09, 0x0D: break
    default:
      lastStructure = byte
      lastString = nil
      isResourceType = false
    }
  }

  /// Shows a string's inside where it could be the name of an element or a type.
  private mutating func show(_ columns: Range<Int>) {
    guard columns.lowerBound >= first, columns.count <= 64 else { return }
    let range = columns.lowerBound - first..<columns.upperBound - first
    let isName = cells[range].allSatisfy {
      switch $0.scalar {
      case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
      default: false
      }
    }
    guard isName else { return }
    for index in range { cells[index].isShown = true }
  }

  private func text(_ columns: Range<Int>) -> String {
    guard columns.lowerBound >= first, columns.count <= 64 else { return "" }
    var text = ""
    for index in columns.lowerBound - first..<columns.upperBound - first {
      text.unicodeScalars.append(Unicode.Scalar(cells[index].scalar) ?? "?")
    }
    return text
  }
}
