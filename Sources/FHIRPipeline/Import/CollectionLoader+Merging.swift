import BSON
import DocumentStore
import FHIRMapping

extension CollectionLoader {
  /// Bytes of merged documents that go out together.
  private static let bytesPerWrite = 8 << 20

  /// A stored document with parts added.
  private struct Merged {
    let request: LoadRequest
    let assembly: DocumentAssembler.Assembly
    /// The hash with which it was read.
    let hash: String?

    /// Replaces the first page if it is still as it was read.
    var replacement: WriteOperation {
      // null finds a document without the field as well.
      let hash = hash.map(BSONValue.string) ?? .null
      return .replace(
        filter: ["_id": .string(request.id), "_fhirline.hash": hash], with: assembly.pages[0], upsert: false)
    }
  }

  /// Adds parts to stored documents of one page each, in few exchanges however many there are.
  ///
  /// They come from the server one by one and go back in bulks, so that memory holds few of them at a time.
  func merge(_ requests: [LoadRequest], _ connection: borrowing StoreConnection) throws -> [LoadRequest] {
    guard !requests.isEmpty else { return [] }
    var waiting: [String: LoadRequest] = [:]
    for request in requests { waiting[request.id] = request }
    var missed: [LoadRequest] = []
    var merged: [Merged] = []
    var bytes = 0
    try connection.find(ids: requests.map(\.id), in: collection) { document in
      guard let id = try document.find("_id")?.text, let request = waiting.removeValue(forKey: id) else {
        return
      }
      let state = try State(document)
      guard state.pages == 1 else {
        missed.append(request)
        return
      }
      guard let result = self.merged(request, state, stored: [BSONDocument(copying: document)]) else {
        return
      }
      if result.assembly.pages.count > 1 {
        missed += try write(paged: result, over: [:], connection)
        return
      }
      merged.append(result)
      bytes += result.assembly.pages[0].count
      if bytes >= CollectionLoader.bytesPerWrite {
        missed += try write(merged, connection)
        merged = []
        bytes = 0
      }
    }
    missed += try write(merged, connection)
    for request in requests where waiting[request.id] != nil { missed.append(request) }
    return missed
  }

  /// The document that parts make of a stored one; nil where it stays as it is, or cannot be put together.
  private func merged(_ request: LoadRequest, _ state: State, stored: [BSONDocument]) -> Merged? {
    do {
      let assembly = try assembler.assemble(
        kind: request.kind, id: request.id, parts: request.parts, stored: stored)
      if state.hash == assembly.hash {
        counted(request.parts, assembly.outcomes)
        return nil
      }
      return Merged(request: request, assembly: assembly, hash: state.hash)
    } catch {
      refuse(request.parts, error)
      return nil
    }
  }

  private func write(_ merged: [Merged], _ connection: borrowing StoreConnection) throws -> [LoadRequest] {
    guard !merged.isEmpty else { return [] }
    let result = try connection.write(merged.map(\.replacement), in: collection)
    var reasons: [Int: String] = [:]
    for failure in result.failures { reasons[failure.index] = failure.message }
    // Where a document was no longer as it was read, the server's count tells that there is one, but not which.
    let areAllWritten = result.matched == merged.count - reasons.count
    let states = areAllWritten ? [:] : try states(of: merged.map(\.request.id), connection)
    var missed: [LoadRequest] = []
    for (index, document) in merged.enumerated() {
      if let reason = reasons[index] {
        refused(document.request.parts, reason)
      } else if areAllWritten || states[document.request.id]?.hash == document.assembly.hash {
        counted(document.request.parts, document.assembly.outcomes)
      } else {
        missed.append(document.request)
      }
    }
    return missed
  }

  // MARK: Documents of several pages

  /// Adds parts to a stored document of several pages.
  func merge(
    _ request: LoadRequest, pages: Int, _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    // An import that was cut short may have left more pages than the first tells of.
    let last = pages + request.assembly.pages.count + 1
    let ids = [request.id] + (2...last).map { "\(request.id)#\($0)" }
    var found: [String: BSONDocument] = [:]
    try connection.find(ids: ids, in: collection) { document in
      if let id = try document.find("_id")?.text { found[id] = BSONDocument(copying: document) }
    }
    guard let first = found[request.id] else { return [request] }
    let state = try first.withView { try State($0) }
    guard state.pages <= last else { return [request] }
    guard let merged = merged(request, state, stored: ids.compactMap { found[$0] }) else { return [] }
    return try write(paged: merged, over: found, connection)
  }

  /// Why the pages of a document were not replaced.
  private enum Setback: Error {
    case changed
    case refused(String)
  }

  /// Replaces a document and its pages.
  private func write(
    paged merged: Merged, over found: [String: BSONDocument], _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    do {
      if hasTransactions {
        try connection.withTransaction { connection in try replacePages(merged, found, connection) }
      } else {
        try replacePages(merged, found, connection)
      }
      counted(merged.request.parts, merged.assembly.outcomes)
    } catch Setback.changed {
      return [merged.request]
    } catch Setback.refused(let reason) {
      refused(merged.request.parts, reason)
    } catch let error as StoreError where error.concernsDocument {
      refused(merged.request.parts, error.message)
    }
    return []
  }

  /// Further pages go before the first, whose hash says that they are there; pages no longer needed go last.
  private func replacePages(
    _ merged: Merged, _ found: [String: BSONDocument], _ connection: borrowing StoreConnection
  ) throws {
    let further = zip(merged.assembly.ids, merged.assembly.pages).dropFirst()
    let changed = BSONBatch(further.filter { found[$0.0] != $0.1 }.map(\.1))
    if let failure = try connection.replace(changed, in: collection, upsert: true).failures.first {
      throw Setback.refused(failure.message)
    }
    let first = try connection.write([merged.replacement], in: collection)
    if let failure = first.failures.first { throw Setback.refused(failure.message) }
    guard first.matched == 1 else { throw Setback.changed }
    let kept = Set(merged.assembly.ids)
    let needless = found.keys.filter { !kept.contains($0) }
    if !needless.isEmpty { _ = try connection.delete(ids: needless, from: collection) }
  }
}

extension StoreError {
  /// Whether a transaction failed because of what it wrote; another document may fare better.
  fileprivate var concernsDocument: Bool {
    (code == .writeFailed || code == .documentTooLarge) && !isRetryable
  }
}
