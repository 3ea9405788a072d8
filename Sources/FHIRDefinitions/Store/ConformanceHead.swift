internal import FHIRFormats
internal import FHIRModel

/// What an index needs to know of a resource: found at the top of its JSON, without reading the rest.
struct ConformanceHead {
  let resourceType: String
  let url: String?
  let version: String
  /// The resource without its narrative, which nobody asks for and which is a third of many packages.
  let chunk: SourceChunk

  /// nil for JSON that is no resource, or is malformed before the end of what was looked at.
  init?(_ source: SourceChunk) {
    var texts: [String: String] = [:]
    var narrative: Range<Int>?
    let isWhole = JSONDocument.forEachMember(of: source) { member in
      let name = Self.text(member.name, of: source)
      switch name {
      case "resourceType", "url", "version":
        // The quotes are those of a string; else the member is of no use here.
        guard member.value.count >= 2, source.bytes[member.value.lowerBound] == UInt8(ascii: "\"") else {
          break
        }
        let inner = member.value.lowerBound + 1..<member.value.upperBound - 1
        if texts[name] == nil { texts[name] = Self.text(inner, of: source) }
      case "text": narrative = narrative ?? member.start..<member.next
      default: break
      }
      return texts.count < 3
    }
    guard isWhole, let resourceType = texts["resourceType"] else { return nil }
    self.resourceType = resourceType
    url = texts["url"]
    version = texts["version"] ?? ""
    // A narrative at the very end stays: a comma before it would be left over.
    if let narrative, source.bytes[narrative.upperBound] == UInt8(ascii: "\"") {
      chunk = Self.copy(source, without: narrative)
    } else {
      chunk = source
    }
  }

  private static func text(_ range: Range<Int>, of chunk: SourceChunk) -> String {
    String(
      decoding: UnsafeBufferPointer(start: chunk.bytes + range.lowerBound, count: range.count), as: UTF8.self)
  }

  private static func copy(_ source: SourceChunk, without range: Range<Int>) -> SourceChunk {
    let copy = SourceChunk(capacity: source.count - range.count)
    for part in [0..<range.lowerBound, range.upperBound..<source.count] {
      copy.fill { room in
        room.copyMemory(
          from: UnsafeRawBufferPointer(start: source.bytes + part.lowerBound, count: part.count))
        return part.count
      }
    }
    return copy
  }
}
