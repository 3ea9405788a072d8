import FHIRModel

extension JSONScanner {
  /// Objects with more keys than this have them in a set.
  private static let manyKeys = 40

  /// Reads the member name whose opening quote is at `start` into `key`; the index of the colon's place, or -1.
  @inline(__always)
  mutating func readKey(_ start: Int, _ frame: UnsafeMutablePointer<Frame>) -> Int {
    let first = start &+ 1
    var flags = NodeFlags()
    let close = readString(first, &flags)
    if close < 0 { return -1 }
    if !flags.contains(.escaped), let name = lookup.find(bytes + first, close &- first) {
      key = Key(name: name)
    } else if !readUnknownKey(first, close, isEscaped: flags.contains(.escaped)) {
      return -1
    }
    let number = UInt32(key.name.rawValue) | (key.isCompanion ? 0x1_0000 : 0)
    let bit: UInt64 = 1 &<< (UInt64(number ^ number >> 6) & 63)
    if frame.pointee.seen & bit == 0 {
      frame.pointee.seen |= bit
    } else if isRepeated(number, frame) {
      key.isRepeated = true
      note(.error, .jsonDuplicateKey, at: start, "this name stands twice in the same object")
    }
    pushKey(number)
    return skipBlanks(close &+ 1)
  }

  /// Finds out what a name stands for that is not in the table as it is written: a companion's, an unknown one, or one
  /// with escapes.
  @inline(never)
  private mutating func readUnknownKey(_ first: Int, _ close: Int, isEscaped: Bool) -> Bool {
    var text = Array(UnsafeBufferPointer(start: bytes + first, count: close - first))
    if isEscaped {
      let decoded = TextBuffer(capacity: text.count)
      guard text.withUnsafeBufferPointer({ JSONEscapes.decode($0, into: decoded) }) else {
        _ = fail(at: first, rule: .encodingSurrogate, "half of a surrogate pair in a member's name")
        return false
      }
      text = Array(UnsafeBufferPointer(start: decoded.bytes, count: decoded.count))
    }
    if isUnusable, String(validating: text, as: UTF8.self) == nil {
      withdraw(.encodingUTF8, from: first)
      _ = fail(at: first, rule: .encodingUTF8, "a member's name that is no UTF-8")
      return false
    }
    let isCompanion = text.count > 1 && text[0] == UInt8(ascii: "_")
    if isCompanion { text.removeFirst() }
    // The name index reads whole words.
    let padded = text + [UInt8](repeating: 0, count: 16)
    let known = padded.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { names.find($0, text.count) }
    }
    guard let name = known ?? intern(text) else {
      _ = tooManyNames(at: first)
      return false
    }
    if isCompanion && name == NameIndex.noElement {
      // `resourceType` is no element here, so that it has no companion.
      guard let unknown = intern(Array("_resourceType".utf8)) else { return tooManyNames(at: first) >= 0 }
      key = Key(name: unknown)
      return true
    }
    key = Key(name: name, isCompanion: isCompanion)
    return true
  }

  /// Whether a key stands in the object already, given that its bit is set.
  @inline(never)
  private mutating func isRepeated(_ number: UInt32, _ frame: UnsafeMutablePointer<Frame>) -> Bool {
    if frame.pointee.marks.contains(.manyKeys) { return !keySets[keySets.count - 1].insert(number).inserted }
    let firstKey = Int(frame.pointee.firstKey)
    let mine = UnsafeBufferPointer(start: keys + firstKey, count: keyCount - firstKey)
    let isRepeated = mine.contains(number)
    if mine.count > JSONScanner.manyKeys {
      keySets.append(Set(mine).union([number]))
      frame.pointee.marks.formUnion(.manyKeys)
      // From here on every key is looked up.
      frame.pointee.seen = ~0
    }
    return isRepeated
  }
}
