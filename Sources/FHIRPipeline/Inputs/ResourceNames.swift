import FHIRFormats
import FHIRModel

/// What resources of a file are called that say nothing of it themselves: in a Bundle that would be their `fullUrl`.
///
/// The manifest of an export tells it (``UnnamedResources``). Who changes a line takes its name: it may be another resource's by now. A
/// file's name stays with it.
struct ResourceNames: Sendable {
  struct Line: Sendable {
    let url: String
    let hash: String
  }

  /// By the number of the line.
  var lines: [Int: Line] = [:]
  /// Of a file with one resource.
  var whole: String?

  func url(of record: Record) -> String? {
    if let whole { return whole }
    guard let line = record.tree.line(of: 0), let known = lines[line], let raw = record.raw,
      raw.withBytes({ ResourceNames.hash(UnsafeRawBufferPointer($0)) }) == known.hash
    else { return nil }
    return known.url
  }

  /// Stands for what a line has.
  static func hash(_ line: UnsafeRawBufferPointer) -> String { ContentHash.hex(ContentHash.of(line)) }
}
