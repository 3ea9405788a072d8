package import FHIRModel

/// Writes resources as FHIR's XML.
///
/// Elements are written in the order of their definition, whatever the tree's; elements that R4 does not know stay
/// behind the one they stood behind. What XML cannot say is reported and written as near as can be:
///
/// - A character that XML 1.0 forbids (control characters, lone surrogates) becomes U+FFFD.
/// - A narrative that is not well-formed is written as a value, `<div value="…"/>`, which reads back as it was.
/// - An element whose name is no XML name, an empty array: left out.
///
/// What this program's own reader would refuse for its size is written, and reported.
///
/// See http://hl7.org/fhir/R4/xml.html
package final class XMLWriter {
  package enum Layout: Sendable {
    /// No white space between elements.
    case compact
    /// An element a line, indented by two spaces. A narrative's markup stays as it is.
    case pretty
  }

  private let writer: XMLElementWriter

  /// - Parameter reading: how much those read for whom it is written.
  package init(
    to output: OutputBuffer, table: DefinitionTable = .r4, layout: Layout = .compact,
    reading: ReadOptions = ReadOptions()
  ) {
    writer = XMLElementWriter(output, table: table, layout: layout, reading: reading)
  }

  /// Writes a resource as a document of its own: the root, or another node such as an entry's resource.
  ///
  /// - Returns: what could not be written as it is.
  package func write(_ tree: ResourceTree, at node: Int = 0) -> [Issue] {
    writer.begin(tree)
    writer.declaration()
    writer.root(node)
    writer.endDocument()
    return writer.finish()
  }
}

/// Writes a Bundle entry by entry, so that it may be of any size.
package final class BundleXMLWriter {
  private let writer: XMLElementWriter
  private var members: ResourceTree?

  /// - Parameter reading: how much those read for whom it is written.
  package init(
    to output: OutputBuffer, table: DefinitionTable = .r4, layout: XMLWriter.Layout = .compact,
    reading: ReadOptions = ReadOptions()
  ) {
    writer = XMLElementWriter(output, table: table, layout: layout, reading: reading)
  }

  /// Begins the Bundle with those of its members that stand before the entries.
  ///
  /// - Parameter bundle: the Bundle's members without its entries, as a record `.bundle` has them.
  package func begin(_ bundle: ResourceTree) -> [Issue] {
    members = bundle
    writer.begin(bundle)
    writer.declaration()
    writer.beginBundle()
    return writer.finish()
  }

  /// Writes an entry, as a record `.entry` has it, or a resource as an entry of its own.
  ///
  /// - Parameter fullURL: of a resource.
  package func add(_ tree: ResourceTree, fullURL: String? = nil) -> [Issue] {
    writer.begin(tree)
    writer.entry(fullURL: fullURL)
    return writer.finish()
  }

  /// Ends the Bundle with the members that stand behind the entries, such as its signature.
  package func end() -> [Issue] {
    guard let members else { preconditionFailure("a Bundle was ended that was never begun") }
    writer.begin(members)
    writer.endBundle()
    writer.endDocument()
    return writer.finish()
  }
}
