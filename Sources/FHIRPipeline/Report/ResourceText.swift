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

  /// - Parameter reading: how much those read for whom it is written.
  init(format: Format, pretty: Bool, buffer: OutputBuffer, reading: ReadOptions) {
    self.format = format
    self.buffer = buffer
    json = JSONWriter(to: buffer, layout: pretty ? .pretty : .compact)
    xml = XMLWriter(to: buffer, layout: pretty ? .pretty : .compact, reading: reading)
    jsonBundle = BundleJSONWriter(to: buffer, layout: pretty ? .pretty : .compact)
    xmlBundle = BundleXMLWriter(to: buffer, layout: pretty ? .pretty : .compact, reading: reading)
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
}

extension JSONText {
  /// A tree's JSON, on one line.
  static func of(_ tree: ResourceTree) -> String {
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(tree)
    return String(decoding: buffer.array, as: UTF8.self)
  }
}
