import BSON
import FHIRMapping
import Synchronization

/// The copy of a chart within its patient's document, and whether an application changed it.
///
/// `_fhirline.copy` stands for all that a copy said when it was made. One that lacks it (an earlier release made it, or the doctor
/// repaired it) does not tell.
enum ChartCopy {
  /// A copy of a chart.
  static func make(of chart: BSONView) throws -> BSONDocument {
    let digest = try content(of: chart)
    var writer = BSONWriter(capacity: chart.bytes.count + 64)
    writer.beginDocument()
    var elements = chart.makeIterator()
    while let element = try elements.next() {
      guard element.hasKey("_fhirline"), let own = element.document else {
        writer.append(element: element)
        continue
      }
      writer.beginDocument("_fhirline")
      var members = own.makeIterator()
      while let member = try members.next() { writer.append(element: member) }
      writer.append("copy", int64: digest)
      writer.endDocument()
    }
    writer.endDocument()
    return try writer.finish()
  }

  /// Whether a copy says something else than when it was made; nil where it does not tell.
  static func isChanged(_ copy: BSONView) throws -> Bool? {
    guard let made = try copy.find("_fhirline")?.document?.find("copy")?.int64 else { return nil }
    return try made != content(of: copy)
  }

  /// Stands for all that a chart, or a copy of one, says.
  ///
  /// - Parameter others: fields that do not count: what is derived is nobody's word.
  static func content(of chart: BSONView, besides others: [String] = []) throws -> Int64 {
    var digest = ContentDigest()
    try chart.forEachElement { element in
      guard !element.hasKey("_id"), !element.hasKey("_fhirline") else { return }
      if others.contains(where: { element.key.elementsEqual($0.utf8) }) { return }
      digest.add(element.key)
      digest.add(element.value)
    }
    return Int64(bitPattern: digest.words.low)
  }
}

/// What charts said before an import changed them, by their patients.
final class FormerCharts: Sendable {
  private let contents: Mutex<[String: Int64]> = Mutex([:])
  /// Fields of charts that follow from appointments.
  let derived: [String]

  init(derived: [String]) { self.derived = derived }

  func note(_ id: String, _ chart: BSONDocument) throws {
    let content = try chart.withView { try ChartCopy.content(of: $0, besides: derived) }
    contents.withLock { $0[id] = content }
  }

  subscript(id: String) -> Int64? { contents.withLock { $0[id] } }
}
