import BSON
import Foundation
import Testing

/// All documents of a database by collection and `_id`, of collections that have none as well.
struct DatabaseContents {
  private let collections: [String: [BSONFields]]

  /// Reads everything. What changes meanwhile may be seen in part: nobody else is to write.
  init(of workspace: Workspace) throws {
    let reply = try workspace.command(["listCollections": 1, "nameOnly": true])
    let names = (reply["cursor"]?.fields?["firstBatch"]?.elements ?? []).compactMap {
      $0.fields?["name"]?.text
    }
    var collections: [String: [BSONFields]] = [:]
    for name in names { collections[name] = try workspace.documents(in: name) }
    self.collections = collections
  }

  var names: [String] { collections.keys.sorted() }

  /// The `_id`s of all documents but the program's notes, by collection.
  var ids: [String: [String]] {
    collections.filter { !$0.key.hasPrefix("fhirline_") && !$0.value.isEmpty }
      .mapValues { DatabaseContents.byID($0).keys.sorted() }
  }

  /// What is other than it was, a line each: collection, `_id`, field and its two values.
  func differences(from before: DatabaseContents) -> [String] {
    var lines: [String] = []
    for name in Set(names + before.names).sorted() {
      guard let documents = collections[name] else {
        lines.append("\(name): this collection has gone")
        continue
      }
      guard let others = before.collections[name] else {
        lines.append("\(name): this collection is new, with \(documents.count) documents")
        continue
      }
      let now = DatabaseContents.byID(documents)
      let then = DatabaseContents.byID(others)
      for id in Set(now.keys).union(then.keys).sorted() {
        guard let document = now[id] else {
          lines.append("\(name) \(id): has gone")
          continue
        }
        guard let other = then[id] else {
          lines.append("\(name) \(id): is new: \(BSONValue.document(document).extendedJSON)")
          continue
        }
        lines += DatabaseContents.differences(of: document, from: other).map { "\(name) \(id): \($0)" }
      }
    }
    return lines
  }

  private static func differences(of document: BSONFields, from other: BSONFields) -> [String] {
    guard document != other else { return [] }
    var lines: [String] = []
    for key in Set(document.keys + other.keys).sorted() {
      let (now, then) = (document[key], other[key])
      if key == "patient_chart", let now = now?.fields, let then = then?.fields {
        // A document of its own.
        lines += differences(of: now, from: then).map { "patient_chart." + $0 }
      } else if now.map({ "\($0)" }) != then.map({ "\($0)" }) {
        lines.append(
          "\(key) was \(then?.extendedJSON ?? "not there"), is \(now?.extendedJSON ?? "not there")")
      }
    }
    if lines.isEmpty, document.keys != other.keys { lines = ["its fields stand in another order"] }
    return lines
  }

  private static func byID(_ documents: [BSONFields]) -> [String: BSONFields] {
    Dictionary(documents.map { ("\($0["_id"] ?? .null)", $0) }) { first, _ in first }
  }
}
