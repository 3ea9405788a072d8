import BSON
import DocumentStore
import FHIRMapping

/// Documents that the database did not take: what is there of them waits for less than what came.
struct RefusedDocuments {
  private var texts = FiledTexts()

  var isEmpty: Bool { texts.isEmpty }

  mutating func add(_ kind: DocumentKind, _ id: String) {
    texts.append(kind.rawValue)
    texts.append(id)
  }

  func forEach(_ body: (DocumentKind, _ id: String) throws -> Void) rethrows {
    try texts.forEach { next in
      let kind = DocumentKind(rawValue: next())
      let id = next()
      if let kind { try body(kind, id) }
    }
  }
}

extension HealingRun {
  /// Takes back what this import noted for documents that were refused: only what is stored waits for anything.
  func forgetNotes(of refused: RefusedDocuments) throws {
    try refused.forEach { kind, id in
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      let document = Waiting(kind: kind, id: id)
      let notes = try ownNotes(of: document)
      guard !notes.isEmpty else { return }
      let awaited = try names(awaitedBy: document)
      let idle = notes.filter { !awaited.contains($0.name) }.map(\.id)
      try store.persevering { connection in
        _ = try connection.delete(ids: idle, from: WaitingReferences.collection)
      }
    }
  }

  /// What the resources of a stored document wait for.
  private func names(awaitedBy document: Waiting) throws -> Set<String> {
    guard let pages = try pages(of: document) else { return [] }
    let draft = try assembler.draft(ofStored: pages, kind: document.kind, id: document.id)
    var names: Set<String> = []
    var failure: (any Error)?
    draft.forEachResource { _, bytes, _ in
      do {
        let tree = try ResourceDecoder(references: .resolved).decode(try BSONView(bytes))
        let made = try factory.parts(
          of: RecordResource(whole: tree), .unwritten, resolver: resolver, sequence: 0
        ) { _ in }
        names.formUnion(made.waits)
      } catch let error {
        failure = error
      }
    }
    if let failure { throw failure }
    return names
  }
}
