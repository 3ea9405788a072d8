package import FHIRModel

/// Writes resources as FHIR's JSON, every tree in one way only.
///
/// A tree from JSON or from documents is written as it was read, faults included. One from XML, which says neither
/// what repeats nor what is a number, is written as its definitions say; a value that does not fit its type (`abc`
/// where a number is due) becomes a string, so that it is not lost.
///
/// See http://hl7.org/fhir/R4/json.html
package final class JSONWriter {
  package enum Layout: Sendable {
    /// No white space at all; one line.
    case compact
    /// A member or item a line, indented by two spaces.
    case pretty
  }

  private let output: OutputBuffer
  private let table: DefinitionTable
  private let layout: Layout

  package init(to output: OutputBuffer, table: DefinitionTable = .r4, layout: Layout = .compact) {
    self.output = output
    self.table = table
    self.layout = layout
  }

  /// Writes an element with all that is below it: the root, or another node such as an entry's resource.
  package func write(_ tree: ResourceTree, at node: Int = 0) {
    withExtendedLifetime(tree) {
      let writer = JSONElementWriter(tree, to: output, table: table, isPretty: layout == .pretty)
      writer.value(node, writer.type(at: node), indent: 0)
    }
  }

  /// Writes an element as a document of its own, or as a line of NDJSON: with a line feed behind it.
  package func writeLine(_ tree: ResourceTree, at node: Int = 0) {
    write(tree, at: node)
    output.append(JSONByte.newline)
  }
}

/// Writes a Bundle entry by entry, so that it may be of any size.
package final class BundleJSONWriter {
  private let output: OutputBuffer
  private let table: DefinitionTable
  private let isPretty: Bool
  private var hasMembers = false
  private var hasEntries = false

  package init(to output: OutputBuffer, table: DefinitionTable = .r4, layout: JSONWriter.Layout = .compact) {
    self.output = output
    self.table = table
    isPretty = layout == .pretty
  }

  /// Begins the Bundle.
  ///
  /// - Parameter bundle: its members without its entries, as a record `.bundle` has them; nil if they come with ``end``.
  package func begin(_ bundle: ResourceTree?) {
    output.append(JSONByte.openObject)
    hasMembers = false
    hasEntries = false
    guard let bundle else {
      newline(1)
      output.append(isPretty ? "\"resourceType\": \"Bundle\"" : "\"resourceType\":\"Bundle\"")
      hasMembers = true
      return
    }
    members(of: bundle, includingType: true)
  }

  /// Writes an entry, as a record `.entry` has it, or a resource as an entry of its own.
  ///
  /// - Parameter fullURL: of a resource.
  package func add(_ tree: ResourceTree, fullURL: String? = nil) {
    if hasEntries {
      output.append(JSONByte.comma)
    } else {
      if hasMembers { output.append(JSONByte.comma) }
      newline(1)
      output.append(isPretty ? "\"entry\": [" : "\"entry\":[")
    }
    hasEntries = true
    newline(2)
    withExtendedLifetime(tree) {
      let writer = JSONElementWriter(tree, to: output, table: table, isPretty: isPretty)
      guard tree.nodes[0].flags.kind == .resource else {
        return writer.value(0, table.typeID("Bundle.entry"), indent: 2)
      }
      output.append(JSONByte.openObject)
      if let fullURL {
        newline(3)
        output.append(isPretty ? "\"fullUrl\": " : "\"fullUrl\":")
        var fullURL = fullURL
        fullURL.withUTF8 { JSONValueText.append($0, to: output) }
        output.append(JSONByte.comma)
      }
      newline(3)
      output.append(isPretty ? "\"resource\": " : "\"resource\":")
      writer.value(0, nil, indent: 3)
      newline(2)
      output.append(JSONByte.closeObject)
    }
  }

  /// Ends the Bundle.
  ///
  /// - Parameter bundle: its members without its entries, if ``begin(_:)`` was not given them.
  package func end(_ bundle: ResourceTree? = nil) {
    if hasEntries {
      newline(1)
      output.append(JSONByte.closeArray)
      hasMembers = true
    }
    if let bundle { members(of: bundle, includingType: false) }
    newline(0)
    output.append(JSONByte.closeObject)
    output.append(JSONByte.newline)
  }

  private func members(of bundle: ResourceTree, includingType: Bool) {
    withExtendedLifetime(bundle) {
      let writer = JSONElementWriter(bundle, to: output, table: table, isPretty: isPretty)
      writer.members(of: 0, writer.type(at: 0), indent: 1, includingType: includingType, isFirst: &isFirst)
    }
  }

  private var isFirst: Bool {
    get { !hasMembers }
    set { hasMembers = !newValue }
  }

  private func newline(_ indent: Int) {
    guard isPretty else { return }
    output.append(JSONByte.newline)
    output.append(0x20, times: indent * 2)
  }
}
