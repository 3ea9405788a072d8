import BSON
import DocumentStore
import FHIRMapping

/// Loads documents of one collection.
///
/// **Invariant:** what another program writes meanwhile is not overwritten unseen: a document is replaced only while it
/// has the hash that it was read with; else it is read and merged again.
///
/// **Invariant:** a first page's hash says that its further pages are there. New documents get their further pages
/// first; stored ones change in a transaction, or without one in the order further pages, first page, pages no longer
/// needed.
struct CollectionLoader {
  let collection: String
  let assembler: DocumentAssembler
  let hasTransactions: Bool
  let counted: DocumentLoader.Counted
  let refused: DocumentLoader.Refused

  /// How often a document is tried that others keep changing.
  private static let tries = 50

  /// - Parameter areNew: whether the collection had no documents before this run: then they are inserted without being
  ///   asked for, and the server tells of the few that this run, or somebody else, wrote since.
  func load(_ requests: [LoadRequest], areNew: Bool, _ connection: borrowing StoreConnection) throws {
    // Alone there is less time for others between reading and writing than in a batch.
    for request in try loadOnce(joined(requests), areNew: areNew, connection) {
      var tries = 1
      while try !loadOnce([request], areNew: false, connection).isEmpty {
        tries += 1
        guard tries < CollectionLoader.tries else {
          refused(request.parts, "other programs keep changing the document")
          break
        }
      }
    }
  }

  /// Requests for one document within a batch become one.
  private func joined(_ requests: [LoadRequest]) -> [LoadRequest] {
    var positions: [String: Int] = [:]
    var groups: [(first: LoadRequest, parts: [Part])] = []
    for request in requests {
      if let position = positions[request.id] {
        groups[position].parts += request.parts
      } else {
        positions[request.id] = groups.count
        groups.append((request, request.parts))
      }
    }
    guard groups.count < requests.count else { return requests }
    return groups.compactMap { first, parts in
      if parts.count == first.parts.count { return first }
      do {
        return LoadRequest(
          kind: first.kind, id: first.id, parts: parts,
          assembly: try assembler.assemble(kind: first.kind, id: first.id, parts: parts))
      } catch {
        refuse(parts, error)
        return nil
      }
    }
  }

  func refuse(_ parts: [Part], _ error: any Error) {
    refused(parts, "the document could not be put together: \(error)")
  }

  /// - Returns: what could not be written because the document is no longer as it was read.
  private func loadOnce(
    _ requests: [LoadRequest], areNew: Bool, _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    // Those with several pages are asked for even so: their further pages are written before the first.
    let asked = requests.filter { !areNew || $0.assembly.pages.count > 1 }
    let stored = try states(of: asked.map(\.id), connection)
    var fresh: [LoadRequest] = []
    var changed: [LoadRequest] = []
    var paged: [(LoadRequest, Int)] = []
    for request in requests {
      guard let known = stored[request.id] else {
        fresh.append(request)
        continue
      }
      if known.hash == request.assembly.hash {
        counted(request.parts, request.assembly.outcomes.map { $0.map { _ in .unchanged } })
      } else if known.pages > 1 {
        paged.append((request, known.pages))
      } else {
        changed.append(request)
      }
    }
    var missed = try insert(fresh, connection)
    missed += try merge(changed, connection)
    for (request, pages) in paged { missed += try merge(request, pages: pages, connection) }
    return missed
  }

  // MARK: What is there

  /// A stored document's own word on its content.
  struct State {
    /// nil in a document that this program did not write.
    var hash: String?
    var pages: Int

    init(_ document: BSONView) throws {
      let bookkeeping = try document.find("_fhirline")?.document
      hash = try bookkeeping?.find("hash")?.text
      pages = Int(try bookkeeping?.find("pages")?.integer ?? 1)
    }
  }

  func states(of ids: [String], _ connection: borrowing StoreConnection) throws -> [String: State] {
    var states: [String: State] = [:]
    try connection.find(
      ids: ids, in: collection, projection: ["_fhirline.hash": 1, "_fhirline.pages": 1]
    ) { document in
      if let id = try document.find("_id")?.text { states[id] = try State(document) }
    }
    return states
  }

  // MARK: New documents

  private func insert(
    _ requests: [LoadRequest], _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    guard !requests.isEmpty else { return [] }
    var requests = requests
    if requests.contains(where: { $0.assembly.pages.count > 1 }) {
      requests = try insertFurtherPages(of: requests, connection)
    }
    let result = try connection.insert(requests.map { $0.assembly.pages[0] }, into: collection)
    var failures: [Int: WriteFailure] = [:]
    for failure in result.failures { failures[failure.index] = failure }
    // What somebody else wrote since it was asked for; another key than `_id` may be a duplicate, too.
    let duplicates = result.failures.filter { $0.reason == .duplicateKey }.map { requests[$0.index].id }
    let existing = duplicates.isEmpty ? [] : try connection.existing(ids: duplicates, in: collection)
    var missed: [LoadRequest] = []
    for (index, request) in requests.enumerated() {
      if let failure = failures[index] {
        if failure.reason == .duplicateKey, existing.contains(request.id) {
          missed.append(request)
        } else {
          refused(request.parts, failure.message)
        }
      } else {
        counted(request.parts, request.assembly.outcomes)
      }
    }
    return missed
  }

  /// Writes the further pages of new documents, and returns the requests whose pages are all there.
  private func insertFurtherPages(
    of requests: [LoadRequest], _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    var batch = BSONBatch()
    var owners: [Int] = []
    for (number, request) in requests.enumerated() {
      for page in request.assembly.pages.dropFirst() {
        batch.append(page)
        owners.append(number)
      }
    }
    // An import that was cut short may have left pages without their first.
    let result = try connection.replace(batch, in: collection, upsert: true)
    var reasons: [Int: String] = [:]
    for failure in result.failures { reasons[owners[failure.index]] = failure.message }
    guard !reasons.isEmpty else { return requests }
    for (number, reason) in reasons {
      _ = try connection.delete(ids: requests[number].assembly.ids.dropFirst(), from: collection)
      refused(requests[number].parts, reason)
    }
    return requests.indices.filter { reasons[$0] == nil }.map { requests[$0] }
  }
}
