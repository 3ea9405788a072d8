import BSON
import FHIRMapping
import Synchronization

/// What a pass over the inputs does with the parts of documents that bulk files scatter.
///
/// A run that finds most of its patients in the database already compares first: parts are gathered without their
/// content, by which a document's hash is known as well. Only if documents changed are the inputs gone through again,
/// for their parts alone. What an input holds in one piece is loaded in the pass that counts.
enum ImportPass: Sendable {
  /// Nothing is loaded: which of the resources that come more than once are parts of several documents is found out (``RivalItems``).
  case locating(files: Set<Int>)
  /// Nothing is loaded: what becomes of entries that depend on the order is found out before (``VersionedEntries``).
  ///
  /// - Parameter files: the numbers of those that have such entries; nil where all may.
  case asking(files: Set<Int>?)
  case all
  case comparing
  /// Parts of these documents, from these files; all else has been seen to.
  case changed(Set<UInt64>, files: Set<Int>)

  /// Whether the pass accounts for what it reads.
  var counts: Bool {
    switch self {
    case .all, .comparing: true
    case .locating, .asking, .changed: false
    }
  }

  /// The numbers of the files to be read; nil for all.
  var files: Set<Int>? {
    switch self {
    case .locating(let files), .changed(_, let files): files
    case .asking(let files): files
    case .all, .comparing: nil
    }
  }

  /// What stands for a document in the set of those that changed.
  static func mark(of part: PartView) -> UInt64 { mark(part.kind, part.documentID) }

  static func mark(_ kind: DocumentKind, _ documentID: UnsafeRawBufferPointer) -> UInt64 {
    NameHash.of(documentID) &* 5 &+ UInt64(kind.number)
  }
}

extension Home {
  /// What stands for the document among many.
  var mark: UInt64 { documentID.withUTF8Bytes { ImportPass.mark(kind, $0) } }
}

/// The documents that a comparison found to be other than stored, by their marks, and the files that hold parts of them.
final class ChangedDocuments: Sendable {
  private struct State {
    var marks: Set<UInt64> = []
    var files: Set<Int> = []
  }

  private let state = Mutex(State())

  func add(_ mark: UInt64, parts: PartList) {
    state.withLock { state in
      state.marks.insert(mark)
      for part in parts { state.files.insert(Int(part.sequence >> 40)) }
    }
  }

  /// The pass that sees to them; nil where nothing changed.
  func takePass() -> ImportPass? {
    state.withLock { state in
      guard !state.marks.isEmpty else { return nil }
      defer { state = State() }
      return .changed(state.marks, files: state.files)
    }
  }
}
