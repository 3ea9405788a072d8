import FHIRFormats
import FHIRModel

/// Writes resources as JSON or XML into one buffer.
final class ResourceText {
  enum Format {
    case json, xml
  }

  private let format: Format
  private let buffer: OutputBuffer
  private let json: JSONWriter
  private let xml: XMLWriter
  private let jsonBundle: BundleJSONWriter
  private let xmlBundle: BundleXMLWriter

  init(format: Format, pretty: Bool, buffer: OutputBuffer) {
    self.format = format
    self.buffer = buffer
    json = JSONWriter(to: buffer, layout: pretty ? .pretty : .compact)
    xml = XMLWriter(to: buffer, layout: pretty ? .pretty : .compact)
    jsonBundle = BundleJSONWriter(to: buffer, layout: pretty ? .pretty : .compact)
    xmlBundle = BundleXMLWriter(to: buffer, layout: pretty ? .pretty : .compact)
  }

  /// Writes a tree's resource as a document of its own; returns what could not be written as it is.
  func write(_ tree: ResourceTree, at node: Int = 0) -> [Issue] {
    switch format {
    case .json:
      json.write(tree, at: node)
      return []
    case .xml: return xml.write(tree, at: node)
    }
  }

  /// Begins a Bundle with its members but for the entries.
  func beginBundle(_ members: ResourceTree) -> [Issue] {
    switch format {
    case .json:
      jsonBundle.begin(members)
      return []
    case .xml: return xmlBundle.begin(members)
    }
  }

  /// Writes an entry, or a resource as an entry of its own, into the Bundle begun.
  func addEntry(_ tree: ResourceTree) -> [Issue] {
    switch format {
    case .json:
      jsonBundle.add(tree)
      return []
    case .xml: return xmlBundle.add(tree)
    }
  }

  /// Ends the Bundle begun.
  func endBundle() -> [Issue] {
    switch format {
    case .json:
      jsonBundle.end()
      return []
    case .xml: return xmlBundle.end()
    }
  }

  /// Writes a resource as an entry, to be put among others later.
  func writeEntry(_ tree: ResourceTree, fullURL: String?) -> [Issue] {
    switch format {
    case .json:
      buffer.append(fullURL.map { "{\"fullUrl\":\(JSONText.quoted($0)),\"resource\":" } ?? "{\"resource\":")
      json.write(tree)
      buffer.append("}")
      return []
    case .xml: return xmlBundle.add(tree, fullURL: fullURL)
    }
  }

  /// Writes a resource as the one entry of a Bundle.
  func writeWrapped(_ tree: ResourceTree, fullURL: String?) -> [Issue] {
    buffer.append(CollectionText.start(format, hasEntries: true))
    let issues = writeEntry(tree, fullURL: fullURL)
    buffer.append(CollectionText.end(format, hasEntries: true))
    return issues
  }
}

/// What stands before and after the entries of a Bundle of type collection.
enum CollectionText {
  static func start(_ format: ResourceText.Format, hasEntries: Bool) -> String {
    switch format {
    case .json: #"{"resourceType":"Bundle","type":"collection""# + (hasEntries ? #","entry":["# : "")
    case .xml:
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <Bundle xmlns="http://hl7.org/fhir">
      <type value="collection"/>

      """
    }
  }

  static func end(_ format: ResourceText.Format, hasEntries: Bool) -> String {
    switch format {
    case .json: hasEntries ? "]}" : "}"
    case .xml: "</Bundle>"
    }
  }
}

extension JSONText {
  /// A tree's JSON, on one line.
  static func of(_ tree: ResourceTree) -> String {
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(tree)
    return String(decoding: buffer.array, as: UTF8.self)
  }
}
