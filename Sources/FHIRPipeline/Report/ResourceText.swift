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
  private let entries: BundleXMLWriter

  init(format: Format, pretty: Bool, buffer: OutputBuffer) {
    self.format = format
    self.buffer = buffer
    json = JSONWriter(to: buffer, layout: pretty ? .pretty : .compact)
    xml = XMLWriter(to: buffer, layout: pretty ? .pretty : .compact)
    entries = BundleXMLWriter(to: buffer)
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

  /// Writes a resource as an entry of a Bundle that is being written.
  func writeEntry(_ tree: ResourceTree, fullURL: String?) -> [Issue] {
    switch format {
    case .json:
      buffer.append(fullURL.map { "{\"fullUrl\":\(JSONText.quoted($0)),\"resource\":" } ?? "{\"resource\":")
      json.write(tree)
      buffer.append("}")
      return []
    case .xml: return entries.add(tree, fullURL: fullURL)
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
