import FHIRFormats
import FHIRModel
import Foundation
import Testing

/// Gives no more than so many bytes at a time, as a pipe may.
final class TricklingSource: ByteSource {
  private let source: MemorySource
  private let step: Int

  convenience init(_ text: String, step: Int) { self.init(Array(text.utf8), step: step) }

  init(_ bytes: [UInt8], step: Int) {
    source = MemorySource(bytes)
    self.step = step
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(step)))
  }
}

/// The records of a document.
func readXML(_ text: String, step: Int? = nil, options: ReadOptions = ReadOptions()) throws -> [Record] {
  try readXML(step.map { TricklingSource(text, step: $0) } ?? MemorySource(text), options: options)
}

func readXML(_ source: any ByteSource, options: ReadOptions = ReadOptions()) throws -> [Record] {
  let reader = try XMLResourceReader(source: source, name: "test.xml", options: options)
  var records: [Record] = []
  while let batch = try reader.nextBatch() {
    func keep(_ record: Record) { records.append(record) }
    batch.forEach(keep)
  }
  return records
}

/// A FHIR document around the content of a root element.
func fhir(_ type: String, _ content: String) -> String {
  "<\(type) xmlns=\"http://hl7.org/fhir\">\(content)</\(type)>"
}

/// A tree as text, a line a node: `name=value`, indented; attributes as `@name=value`.
func outline(_ tree: ResourceTree, positions: Bool = false) -> String {
  var lines: [String] = []
  func add(_ index: Int, _ indent: String) {
    let node = tree.nodes[index]
    var line = indent + (node.flags.contains(.attribute) ? "@" : "") + elementName(node.name, in: tree)
    let text = String(decoding: tree.rawText(index), as: UTF8.self)
    if node.flags.kind == .resource { line += "(\(text))" }
    if node.flags.contains(.hasValue) { line += "=\(text)" }
    if positions { line += " \(node.position):\(node.column)" }
    lines.append(line)
    for child in tree.children(of: index) { add(child, indent + "  ") }
  }
  add(0, "")
  return lines.joined(separator: "\n")
}

func elementName(_ id: NameID, in tree: ResourceTree) -> String {
  if id == .root { return "" }
  return id.isUnknown
    ? tree.unknownNames[Int(id.rawValue - NameID.unknown)] : DefinitionTable.r4.string(of: id)
}

/// Issues as `severity rule expression line:column`.
func summary(_ issues: [FHIRModel.Issue]) -> [String] {
  issues.map {
    let place = $0.position.map { "\($0.line):\($0.column)" } ?? "-"
    return "\($0.severity.rawValue) \($0.rule.code) \($0.expression) \(place)"
  }
}

/// The project's reference data; nil on machines that do not have it.
let xmlSharedFolder: String? = {
  let folder = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"] ?? "../shared"
  return FileManager.default.fileExists(atPath: folder + "/examples/xml") ? folder : nil
}()

func xmlSharedFiles(_ folder: String, suffix: String) throws -> [String] {
  let path = try #require(xmlSharedFolder) + "/" + folder
  return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(suffix) }.sorted()
    .map { "\(path)/\($0)" }
}

/// Where two trees differ, as FHIRPath; the order of elements of different names does not count.
///
/// - Parameter sameText: whether two different texts mean the same.
func differences(
  _ a: ResourceTree, _ b: ResourceTree, sameText: (_ path: String, _ a: String, _ b: String) -> Bool
) -> [String] {
  var found: [String] = []
  func hasText(_ flags: NodeFlags) -> Bool {
    switch flags.kind {
    case .none, .null, .emptyArray, .array: false
    case .string, .number, .boolean, .text, .resource: true
    }
  }
  func children(_ tree: ResourceTree, _ node: Int) -> [String: [Int]] {
    Dictionary(grouping: tree.children(of: node)) { elementName(tree.nodes[$0].name, in: tree) }
  }
  func compare(_ i: Int, _ j: Int) {
    let path = a.expression(of: i, table: .r4)
    if hasText(a.nodes[i].flags) != hasText(b.nodes[j].flags) {
      found.append("\(path): a value in one only")
    } else if hasText(a.nodes[i].flags) {
      let (first, second) = (a.string(at: i), b.string(at: j))
      // Strings whose code points differ are not the same text, though Swift may call them equal.
      let isSame = first.utf8.elementsEqual(second.utf8)
      if !isSame && !sameText(path, first, second) { found.append("\(path): \(first) | \(second)") }
    }
    let (first, second) = (children(a, i), children(b, j))
    for name in Set(first.keys).union(second.keys).sorted() {
      let (ours, theirs) = (first[name] ?? [], second[name] ?? [])
      if ours.count != theirs.count {
        found.append("\(path).\(name): \(ours.count) | \(theirs.count)")
      } else {
        for (x, y) in zip(ours, theirs) { compare(x, y) }
      }
    }
  }
  compare(0, 0)
  return found
}

/// Whether two texts are the same markup; those that are not well-formed are only if they are the same text.
func areSameMarkup(_ a: String, _ b: String, whitespace: XHTMLComparison.Whitespace = .exact) -> Bool {
  func form(_ text: String) -> FiledArray<UInt8>? {
    Array(text.utf8).withUnsafeBufferPointer { XHTMLComparison.canonical($0, whitespace: whitespace) }
  }
  guard a != b else { return true }
  guard let first = form(a), let second = form(b) else { return false }
  return first.elementsEqual(second)
}
