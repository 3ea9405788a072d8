import Synchronization

/// One thing that is wrong with one document.
struct DoctorFinding: Sendable {
  var cause: DoctorCause
  var collection: String
  /// The field that it is about, if any.
  var field: String?
  /// What tells findings of one cause apart: types, reasons. Never a value.
  var detail = ""
  /// The document's `_id`.
  var document: String
  /// The `_id` of the other document concerned.
  var other: String?
  /// Whether `--fix` puts it right.
  var isDerived = false
}

/// What became of the repair of a document.
enum DoctorRepair: Sendable {
  /// It was not tried, or others changed the document meanwhile.
  case none
  case done
  /// MongoDB would not have it, for this reason.
  case refused(String)
}

/// Findings of one cause in one field, with the first documents in the order of their ids.
package struct DoctorGroup: Sendable {
  package struct Example: Sendable, Comparable {
    package var document: String
    package var other: String?

    package static func < (a: Example, b: Example) -> Bool {
      (a.document, a.other ?? "") < (b.document, b.other ?? "")
    }
  }

  package var cause: DoctorCause
  package var collection: String
  package var field: String?
  package var detail: String
  package var count = 0
  /// How many of them were put right.
  package var fixed = 0
  /// How many of them MongoDB did not let be put right.
  package var refused = 0
  /// Why, of one of these.
  package var refusal: String?
  package var isDerived = false
  package var examples: [Example] = []

  fileprivate mutating func keepFirst(_ limit: Int) {
    examples.sort()
    if examples.count > limit { examples.removeLast(examples.count - limit) }
  }
}

/// Gathers findings in groups; holds no more than so many documents of each.
struct DoctorTable: Sendable {
  private struct Key: Hashable {
    let cause: DoctorCause
    let collection: String
    let field: String?
    let detail: String
  }

  private var groups: [Key: DoctorGroup] = [:]
  let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func add(_ finding: DoctorFinding, _ repair: DoctorRepair = .none) {
    let key = Key(
      cause: finding.cause, collection: finding.collection, field: finding.field, detail: finding.detail)
    var group =
      groups.removeValue(forKey: key)
      ?? DoctorGroup(
        cause: finding.cause, collection: finding.collection, field: finding.field, detail: finding.detail,
        isDerived: finding.isDerived)
    group.count += 1
    switch repair {
    case .none: break
    case .done: group.fixed += 1
    case .refused(let reason):
      group.refused += 1
      group.refusal = group.refusal.map { min($0, reason) } ?? reason
    }
    // The first in order, whichever worker found which when.
    group.examples.append(DoctorGroup.Example(document: finding.document, other: finding.other))
    if group.examples.count >= 2 * limit + 100 { group.keepFirst(limit) }
    groups[key] = group
  }

  /// Groups by cause, then collection and field.
  var sorted: [DoctorGroup] {
    groups.values.map { group in
      var group = group
      group.keepFirst(limit)
      return group
    }.sorted {
      ($0.cause, $0.collection, $0.field ?? "", $0.detail) < (
        $1.cause, $1.collection, $1.field ?? "", $1.detail
      )
    }
  }
}

/// The findings of a run, from whichever worker.
final class DoctorLedger: Sendable {
  private let table: Mutex<DoctorTable>

  init(limit: Int) { table = Mutex(DoctorTable(limit: limit)) }

  func add(_ finding: DoctorFinding, _ repair: DoctorRepair = .none) {
    table.withLock { $0.add(finding, repair) }
  }

  var groups: [DoctorGroup] { table.withLock { $0.sorted } }
}
