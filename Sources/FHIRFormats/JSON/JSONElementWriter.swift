import CDefinitions
import FHIRModel

/// Writes the nodes of one tree as JSON values.
struct JSONElementWriter {
  private let tree: ResourceTree
  private let output: OutputBuffer
  private let table: DefinitionTable
  private let isPretty: Bool
  /// The tree says itself what is an array and what a number. XML's does not.
  private let isTyped: Bool
  /// Texts are JSON's own, escapes and all.
  private let isRaw: Bool

  init(_ tree: ResourceTree, to output: OutputBuffer, table: DefinitionTable, isPretty: Bool) {
    self.tree = tree
    self.output = output
    self.table = table
    self.isPretty = isPretty
    switch tree.origin {
    case .chunk: (isTyped, isRaw) = (true, true)
    case .lines: (isTyped, isRaw) = (false, false)
    case .none: (isTyped, isRaw) = (true, false)
    }
  }

  // MARK: Types

  /// The type of what stands at a node, where it is needed to write the tree.
  func type(at node: Int) -> TypeID? {
    guard !isTyped else { return nil }
    if tree.nodes[node].flags.kind == .resource { return table.typeID(tree.rawText(node)) }
    // From the root down, as nodes know neither parent nor type.
    var type =
      tree.nodes[0].flags.kind == .resource ? table.typeID(tree.rawText(0)) : table.typeID("Bundle.entry")
    var parent = 0
    while parent != node {
      guard
        let next = tree.children(of: parent).first(where: { $0 <= node && node < Int(tree.nodes[$0].end) })
      else { return nil }
      type = type.flatMap { table.child(tree.nodes[next].name, of: $0) }.map { table.type(of: $0) }
      if tree.nodes[next].flags.kind == .resource { type = table.typeID(tree.rawText(next)) }
      parent = next
    }
    return type
  }

  // MARK: Values

  func value(_ node: Int, _ type: TypeID?, indent: Int) {
    let flags = tree.nodes[node].flags
    switch flags.kind {
    case .none, .resource: object(node, type, indent: indent)
    case .string: string(node)
    case .boolean: output.append(tree.rawText(node))
    case .number:
      let text = tree.rawText(node)
      // A number from elsewhere may be one that JSON cannot say.
      if isRaw || JSONValueText.isNumber(text) {
        output.append(text)
      } else {
        JSONValueText.append(text, to: output)
      }
    case .text:
      let text = tree.rawText(node)
      if JSONValueText.isLiteral(text, type, table) {
        output.append(text)
      } else {
        JSONValueText.append(text, to: output)
      }
    case .null: output.append("null")
    case .emptyArray: output.append("[]")
    case .array:
      output.append(JSONByte.openArray)
      var isFirst = true
      for item in tree.children(of: node) {
        separate(&isFirst, indent: indent + 1)
        value(item, type, indent: indent + 1)
      }
      if !isFirst { newline(indent) }
      output.append(JSONByte.closeArray)
    }
  }

  @inline(__always)
  private func string(_ node: Int) {
    let text = tree.rawText(node)
    guard isRaw || tree.nodes[node].flags.contains(.escaped) else {
      return JSONValueText.append(text, to: output)
    }
    if text.count > OutputBuffer.largest {
      output.append(JSONByte.quote)
      output.append(text)
      return output.append(JSONByte.quote)
    }
    let room = output.room(for: text.count &+ 2)
    room[0] = JSONByte.quote
    if let bytes = text.baseAddress { (room + 1).update(from: bytes, count: text.count) }
    room[text.count &+ 1] = JSONByte.quote
    output.count &+= text.count &+ 2
  }

  // MARK: Objects

  /// Writes a node's children, and of a resource its type, as an object.
  private func object(_ node: Int, _ type: TypeID?, indent: Int) {
    output.append(JSONByte.openObject)
    var isFirst = true
    var type = type
    if tree.nodes[node].flags.kind == .resource && !isTyped { type = table.typeID(tree.rawText(node)) }
    members(of: node, type, indent: indent + 1, includingType: true, isFirst: &isFirst)
    if !isFirst { newline(indent) }
    output.append(JSONByte.closeObject)
  }

  /// - Parameter isFirst: no member was written yet.
  func members(of node: Int, _ type: TypeID?, indent: Int, includingType: Bool, isFirst: inout Bool) {
    if includingType && tree.nodes[node].flags.kind == .resource {
      separate(&isFirst, indent: indent)
      output.append(isPretty ? "\"resourceType\": " : "\"resourceType\":")
      string(node)
    }
    var next = node + 1
    let end = Int(tree.nodes[node].end)
    while next < end {
      let run = run(from: next, to: end, type)
      member(run, indent: indent, isFirst: &isFirst)
      next = run.end
    }
  }

  /// The nodes that one member's array holds, or the one node that is its value.
  private struct Run {
    var first: Int
    var end: Int
    var isArray: Bool
    var type: TypeID?
    /// A node without children or value is a primitive's.
    var isPrimitive: Bool
    /// An item has an id or extensions beside its value.
    var hasCompanions = false
    /// An item has a value.
    var hasValues = false
  }

  private func run(from first: Int, to end: Int, _ type: TypeID?) -> Run {
    let name = tree.nodes[first].name
    let child = isTyped || name.isUnknown ? nil : type.flatMap { table.child(name, of: $0) }
    var run = Run(
      first: first, end: first, isArray: tree.nodes[first].flags.contains(.item),
      type: child.map { table.type(of: $0) }, isPrimitive: false)
    if let child, table.elements[child.element].max > 1 { run.isArray = true }
    if let type = run.type { run.isPrimitive = table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) }
    repeat {
      if isCompanion(run.end, run) {
        run.hasCompanions = true
        if tree.nodes[run.end].flags.kind != .none { run.hasValues = true }
      } else if tree.nodes[run.end].flags.kind != .null {
        run.hasValues = true
      }
      run.end = Int(tree.nodes[run.end].end)
    } while run.end < end && tree.nodes[run.end].name == name
      && !tree.nodes[run.end].flags.contains(.duplicate)
    if run.end > Int(tree.nodes[first].end) { run.isArray = true }
    // Nulls alone are values: nothing else would say that they were there.
    if !run.hasCompanions { run.hasValues = true }
    return run
  }

  /// Whether what stands below a node are a primitive's id and extensions.
  @inline(__always)
  private func isCompanion(_ node: Int, _ run: Run) -> Bool {
    let flags = tree.nodes[node].flags
    if flags.contains(.companion) { return true }
    guard Int(tree.nodes[node].end) > node + 1 else { return false }
    switch flags.kind {
    case .string, .number, .boolean, .text: return true
    case .none: return run.isPrimitive
    default: return false
    }
  }

  private func member(_ run: Run, indent: Int, isFirst: inout Bool) {
    if run.hasValues {
      separate(&isFirst, indent: indent)
      key(run.first, isCompanion: false)
      if !run.isArray {
        value(run.first, run.type, indent: indent)
      } else if tree.nodes[run.first].flags.kind == .emptyArray {
        output.append("[]")
      } else {
        array(run, indent: indent) { node in
          if isCompanion(node, run) && tree.nodes[node].flags.kind == .none {
            output.append("null")
          } else {
            value(node, run.type, indent: indent + 1)
          }
        }
      }
    }
    if run.hasCompanions {
      separate(&isFirst, indent: indent)
      key(run.first, isCompanion: true)
      if run.isArray {
        array(run, indent: indent) { node in
          if isCompanion(node, run) {
            object(node, run.type, indent: indent + 1)
          } else {
            output.append("null")
          }
        }
      } else {
        object(run.first, run.type, indent: indent)
      }
    }
  }

  private func array(_ run: Run, indent: Int, _ item: (Int) -> Void) {
    output.append(JSONByte.openArray)
    var node = run.first
    var isFirst = true
    while node < run.end {
      separate(&isFirst, indent: indent + 1)
      item(node)
      node = Int(tree.nodes[node].end)
    }
    newline(indent)
    output.append(JSONByte.closeArray)
  }

  // MARK: Punctuation

  @inline(__always)
  private func separate(_ isFirst: inout Bool, indent: Int) {
    if !isFirst { output.append(JSONByte.comma) }
    isFirst = false
    newline(indent)
  }

  @inline(__always)
  private func newline(_ indent: Int) {
    guard isPretty else { return }
    output.append(JSONByte.newline)
    output.append(0x20, times: indent * 2)
  }

  @inline(__always)
  private func key(_ node: Int, isCompanion: Bool) {
    let name = tree.nodes[node].name
    if name.isUnknown {
      unknownKey(name, isCompanion: isCompanion)
    } else {
      let text = table.bytes(of: name)
      output.append(JSONByte.quote)
      if isCompanion { output.append(UInt8(ascii: "_")) }
      output.append(text)
      output.append(JSONByte.quote)
    }
    output.append(JSONByte.colon)
    if isPretty { output.append(0x20) }
  }

  private func unknownKey(_ name: NameID, isCompanion: Bool) {
    var text = (isCompanion ? "_" : "") + tree.unknownNames[Int(name.rawValue - NameID.unknown)]
    text.withUTF8 { JSONValueText.append($0, to: output) }
  }
}
