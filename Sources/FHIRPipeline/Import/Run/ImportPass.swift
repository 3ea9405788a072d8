import FHIRMapping
import Synchronization

/// What a pass over the inputs does with the parts of documents that bulk files scatter.
///
/// A run that finds most of its patients in the database already compares first: parts are gathered without their
/// content, by which a document's hash is known as well. Only if documents changed are the inputs gone through again,
/// for their parts alone. What an input holds in one piece is loaded in the pass that counts.
enum ImportPass: Sendable {
  case all
  case comparing
  /// Parts of these documents; all else has been seen to.
  case changed(Set<UInt64>)

  /// Whether the pass accounts for what it reads.
  var counts: Bool { if case .changed = self { false } else { true } }

  /// What stands for a document in the set of those that changed.
  static func mark(of part: PartView) -> UInt64 { mark(part.kind, part.documentID) }

  static func mark(_ kind: DocumentKind, _ documentID: UnsafeRawBufferPointer) -> UInt64 {
    NameHash.of(documentID) &* 5 &+ UInt64(kind.number)
  }
}

/// The documents that a comparison found to be other than stored, by their marks.
final class ChangedDocuments: Sendable {
  private let marks = Mutex<Set<UInt64>>([])

  func add(_ mark: UInt64) { marks.withLock { _ = $0.insert(mark) } }

  func take() -> Set<UInt64> {
    marks.withLock { marks in
      defer { marks = [] }
      return marks
    }
  }
}
