import BSON
import DocumentStore
import FHIRMapping

/// What an import cannot do without; asked for before anything is loaded, for half an import is worse than none.
extension ImportRun {
  /// What an import does to collections.
  private static let actions = ["find", "insert", "update", "remove"]

  /// The program's own collections, beside those of the documents.
  private static let ownCollections = [
    runCollection, PageJournal.collection, Departures.collection, WaitingReferences.collection,
    ServerBases.collection,
  ]

  /// Throws where the user of the connection lacks a right that this import, or a later one, makes use of.
  func requireRights(_ store: DocumentStore) throws {
    let names = DocumentKind.allCases.map { collections[$0] ?? $0.rawValue } + ImportRun.ownCollections
    var needs: [Rights.Need] = ImportRun.actions.map { ($0, names) }
    do {
      guard let rights = try store.rights() else { return }
      let charts = chart == .embedded ? [] : [collections[.chart] ?? DocumentKind.chart.rawValue]
      let indexed = StoredStates.named(collections) + charts + [WaitingReferences.collection]
      let others = indexed.filter { !rights.allows("createIndex", on: $0) }
      needs.append(("createIndex", others.filter { !hasIndexes($0, store) }))
      if let fault = rights.fault(doing: needs) { throw fault }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// Throws where the server has something else than a collection in the place of one that this import may write into.
  func requireCollections(_ store: DocumentStore) throws {
    // A chart's further pages, which hardly any chart within its patient has, are told of when they come.
    let kinds = DocumentKind.allCases.filter { $0 != .chart || chart != .embedded }
    let names = kinds.map { collections[$0] ?? $0.rawValue }
    do {
      let options = try store.persevering { try $0.collectionOptions(amongst: names) }
      for name in names {
        guard let fault = options[name].flatMap({ UnfitCollection.fault($0) }) else { continue }
        throw PipelineFailure(.configuration, "\(name): \(fault)")
      }
      for name in names where options[name] != nil { try tellOfExpiry(in: name, store) }
    } catch let error as StoreError where error.code == .notAuthorized {
      // Who may write and not ask is told when something is written.
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// Says where an application has the server delete documents when they are old: what is loaded may be gone the minute after.
  private func tellOfExpiry(in collection: String, _ store: DocumentStore) throws {
    let indexes = try store.persevering { try $0.indexDescriptions(of: collection) }
    for index in indexes where index["expireAfterSeconds"] != nil {
      let fields = index["key"]?.fields?.keys.joined(separator: ", ") ?? ""
      say(
        "warning: \(collection): by an index on \(fields) that is not fhirline's (expireAfterSeconds) MongoDB deletes documents when they are old, and what this import loads with them"
      )
    }
  }

  /// Whether somebody has made the indexes by which an import finds documents.
  private func hasIndexes(_ collection: String, _ store: DocumentStore) -> Bool {
    neededIndexes(of: collection).allSatisfy { index in
      (try? store.withConnection { connection in try connection.hasIndex(index, on: collection) }) ?? false
    }
  }

  private func neededIndexes(of collection: String) -> [IndexDefinition] {
    if collection == WaitingReferences.collection { return [WaitingReferences.index] }
    if collection == collections[.chart] ?? DocumentKind.chart.rawValue {
      return [StoredCollections.ownerIndex]
    }
    let fields = mappings.namingFields.filter { (collections[$0.kind] ?? $0.kind.rawValue) == collection }
    return [StoredCollections.namesIndex] + fields.map { StoredCollections.index(of: $0.name) }
  }

  /// Throws where a Bundle is to be loaded all or nothing and the server cannot do that.
  func requireTransactions(_ found: IndexPass.Result, _ files: [InputFile], _ store: DocumentStore) throws {
    guard honoursTransactions, !store.server.hasTransactions, let first = found.firstTransaction else {
      return
    }
    throw PipelineFailure(
      .usage,
      "\(files[first].name): a transaction Bundle is loaded all or nothing, and this MongoDB server has no transactions, "
        + "for it is no replica set: start it as one, or load entry by entry with --no-transactions")
  }
}
