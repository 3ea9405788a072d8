import FHIRModel

extension JSONScanner {
  /// Reads a value with all that is in it; the index behind it, or -1 (see `failure`).
  mutating func readValue(at start: Int, _ rootName: NameID, _ isResource: Bool) -> Int {
    let bytes = self.bytes
    var i = skipBlanks(start)
    var name = rootName
    var flags = NodeFlags()
    /// Where the element begins: its key, or the item's first byte.
    var position = i
    var mayBeResource = isResource

    values: while true {
      var isObjectStart = false
      switch bytes[i] {
      case JSONByte.quote:
        var textFlags = flags.union(
          NodeFlags(rawValue: ValueKind.string.rawValue | NodeFlags.hasValue.rawValue))
        let close = readString(i &+ 1, &textFlags)
        if close < 0 { return -1 }
        if name == lookup.div && isNarrative { textFlags.formUnion(.xhtml) }
        append(name, textFlags, text: i &+ 1, length: close &- i &- 1, at: position)
        i = close &+ 1

      case JSONByte.openObject:
        let node = append(name, flags, at: position)
        if depth >= maximumDepth {
          i = skipDeep(i)
          if i < 0 { return -1 }
        } else {
          push(
            Frame(
              node: Int32(truncatingIfNeeded: node), firstKey: Int32(truncatingIfNeeded: keyCount),
              marks: mayBeResource ? .resource : Marks(rawValue: 0)))
          isObjectStart = true
          i &+= 1
        }

      case JSONByte.openArray:
        let isNested = depth == 0 || frames[depth &- 1].marks.contains(.array)
        if isNested || depth >= maximumDepth {
          // An array at the root or in an array has a node of its own; its items bear the same name.
          append(name, flags.union(NodeFlags(.array)), at: position)
        }
        if depth >= maximumDepth {
          i = skipDeep(i)
          if i < 0 { return -1 }
          break
        }
        let first = skipBlanks(i &+ 1)
        if !isNested && bytes[first] == JSONByte.closeArray {
          append(name, flags.union(NodeFlags(.emptyArray)), at: position)
          i = first &+ 1
          break
        }
        let itemFlags =
          isNested ? NodeFlags.item : flags.intersection(JSONScanner.pendingCompanion).union(.item)
        push(
          Frame(
            node: isNested ? Int32(truncatingIfNeeded: count &- 1) : frames[depth &- 1].node, name: name,
            itemFlags: itemFlags, marks: mayBeResource ? .array.union(.resource) : .array))
        i = first
        if bytes[i] != JSONByte.closeArray {
          // Only the first item tells that the name was written before.
          flags = itemFlags.union(isNested ? NodeFlags() : flags.intersection(.duplicate))
          position = i
          continue values
        }

      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        let close = readNumber(i)
        if close < 0 { return -1 }
        append(
          name, flags.union(NodeFlags(rawValue: ValueKind.number.rawValue | NodeFlags.hasValue.rawValue)),
          text: i, length: close &- i, at: position)
        i = close

      case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
        let close = readLiteral(i)
        if close < 0 { return -1 }
        if bytes[i] == UInt8(ascii: "n") {
          append(name, flags.union(NodeFlags(.null)), at: position)
        } else {
          append(
            name, flags.union(NodeFlags(rawValue: ValueKind.boolean.rawValue | NodeFlags.hasValue.rawValue)),
            text: i, length: close &- i, at: position)
        }
        i = close

      default:
        let isItem = depth > 0 && frames[depth &- 1].marks.contains(.array)
        return fail(at: i, JSONSyntaxFault.value(at: bytes + i, isItem: isItem))
      }

      // Behind a value, or an object's `{`: the innermost frame says what may follow.
      while true {
        if depth == 0 { return i }
        i = skipBlanks(i)
        let frame = frames + (depth &- 1)
        if frame.pointee.marks.contains(.array) {
          if bytes[i] == JSONByte.comma {
            i = skipBlanks(i &+ 1)
            name = frame.pointee.name
            flags = frame.pointee.itemFlags
            position = i
            mayBeResource = frame.pointee.marks.contains(.resource)
            continue values
          }
          guard bytes[i] == JSONByte.closeArray else {
            return fail(at: i, "a comma or the end of the array is expected here")
          }
          // A nested array has a node, which ends here.
          let node = Int(frame.pointee.node)
          if node >= 0 && nodes[node].flags.kind == .array {
            nodes[node].end = UInt32(truncatingIfNeeded: count)
          }
          depth &-= 1
          i &+= 1
          continue
        }

        if bytes[i] == JSONByte.closeObject {
          closeObject(frame)
          isObjectStart = false
          i &+= 1
          continue
        }
        if !isObjectStart {
          guard bytes[i] == JSONByte.comma else {
            return fail(at: i, "a comma or the end of the object is expected here")
          }
          i = skipBlanks(i &+ 1)
        }
        isObjectStart = false
        guard bytes[i] == JSONByte.quote else {
          return fail(at: i, JSONSyntaxFault.name(at: bytes + i))
        }
        position = i
        i = readKey(i, frame)
        if i < 0 { return -1 }
        guard bytes[i] == JSONByte.colon else { return fail(at: i, "a colon is expected here") }
        i = skipBlanks(i &+ 1)

        if key.name == lookup.resourceType {
          if frame.pointee.marks.contains(.resource) && !key.isRepeated && bytes[i] == JSONByte.quote {
            var textFlags = NodeFlags(.resource)
            let close = readString(i &+ 1, &textFlags)
            if close < 0 { return -1 }
            let node = nodes + Int(frame.pointee.node)
            node.pointee.flags.formUnion(textFlags)
            node.pointee.textStart = UInt32(truncatingIfNeeded: i &+ 1)
            node.pointee.textLength = UInt32(truncatingIfNeeded: close &- i &- 1)
            i = close &+ 1
            continue
          }
          if key.name == NameIndex.noElement {
            guard let interned = intern(Array("resourceType".utf8)) else { return tooManyNames(at: position) }
            key.name = interned
          }
        }
        name = key.name
        flags = NodeFlags()
        if key.isRepeated { flags.formUnion(.duplicate) }
        if key.isCompanion {
          flags.formUnion(JSONScanner.pendingCompanion)
          frame.pointee.marks.formUnion(.companions)
          mayBeResource = false
        } else {
          mayBeResource = lookup.holdsResource(name)
        }
        continue values
      }
    }
  }

  /// Whether the value at hand is in an object named `text`, as a narrative's `div` is.
  private var isNarrative: Bool {
    guard depth > 0, !frames[depth - 1].marks.contains(.array) else { return false }
    return nodes[Int(frames[depth - 1].node)].name == lookup.text
  }

  @inline(__always)
  private mutating func closeObject(_ frame: UnsafeMutablePointer<Frame>) {
    let node = Int(frame.pointee.node)
    if frame.pointee.marks.rawValue & Marks.special != 0 {
      if frame.pointee.marks.contains(.companions), !isOverfull { joinCompanions(of: node) }
      if frame.pointee.marks.contains(.manyKeys) { keySets.removeLast() }
    }
    nodes[node].end = UInt32(truncatingIfNeeded: count)
    keyCount = Int(frame.pointee.firstKey)
    depth &-= 1
  }

  /// Skips an object or array that lies too deep; the index behind it, or -1.
  private mutating func skipDeep(_ start: Int) -> Int {
    if !findings.contains(where: { $0.rule == .limitDepth }) {
      note(.fatal, .limitDepth, at: start, "nested deeper than \(maximumDepth) levels")
    }
    let close = JSONSkip.container(bytes, from: start, to: end, linewise: linewise)
    if close >= 0 { return close }
    let rest = UnsafeBufferPointer(start: bytes + start, count: end - start)
    let lineEnd = linewise ? rest.firstIndex(of: JSONByte.newline) : nil
    return fail(at: lineEnd.map { start + $0 } ?? end, "")
  }

  mutating func tooManyNames(at offset: Int) -> Int {
    fail(at: offset, rule: .limitSize, "more than 32,766 different unknown element names in one resource")
  }
}
