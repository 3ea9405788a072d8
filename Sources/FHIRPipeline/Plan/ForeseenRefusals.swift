import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Foresees which documents MongoDB would refuse: the server itself judges them, without a write.
///
/// Where collections have no rules, as those that `fhirline init` made (its validators warn, and take what an import writes), this asks
/// for their rules once and for nothing more.
final class ForeseenRefusals: Sendable {
  typealias Claims = ClaimedPlaces.Claims

  private let store: DocumentStore
  private let say: @Sendable (String) -> Void
  private let rules = Mutex<[String: CollectionRules]>([:])
  let claimed = ClaimedPlaces()

  init(_ store: DocumentStore, say: @escaping @Sendable (String) -> Void) {
    self.store = store
    self.say = say
  }

  /// What a collection asks of its documents; nil where that is nothing.
  func rules(of collection: String) throws -> CollectionRules? {
    let known = try rules.withLock { rules in
      if let known = rules[collection] { return known }
      var found: CollectionRules
      do {
        found = try store.withConnection { try CollectionRules(of: collection, $0) }
      } catch let error as StoreError where error.code == .notAuthorized {
        // An import does without, and what MongoDB refuses then is set aside.
        say("\(collection): whether its rules refuse documents cannot be foreseen: \(error.message)")
        found = CollectionRules()
      }
      if found.validator != nil, !canJudge {
        say(
          "\(collection): whether its validation rules refuse documents cannot be foreseen: MongoDB 5.1 or newer can tell"
        )
        found.validator = nil
      }
      rules[collection] = found
      return found
    }
    return known.isEmpty ? nil : known
  }

  /// Whether the server looks at documents that are not stored.
  private var canJudge: Bool {
    let numbers = store.server.version.split(separator: ".").compactMap { Int($0) }
    return numbers.count > 1 && (numbers[0], numbers[1]) >= (5, 1)
  }

  /// Whether documents match a filter, as the server sees it.
  private func matches(_ document: BSONFields, _ filter: BSONFields, _ connection: borrowing StoreConnection)
    throws -> Bool
  {
    // A text may begin with a dollar sign: it is no expression.
    let documents: BSONValue = ["$literal": [.document(document)]]
    let command = try BSONDocument([
      "aggregate": 1, "cursor": [:],
      "pipeline": [
        ["$documents": documents], ["$match": .document(filter)], ["$project": ["_id": 1]],
      ],
    ])
    let batch = try connection.command(command).fields()["cursor"]?.fields?["firstBatch"]?.elements
    return batch?.isEmpty == false
  }

  /// A document as a collection would have it.
  struct Candidate {
    let collection: String
    /// Stands for the document, of whichever page.
    let key: UInt64
    /// As they would be written.
    let pages: [BSONFields]
    /// The first as it stands there before; nil where it does not.
    let before: BSONFields?
  }

  /// Why a document would be refused; nil where it would not, if the places that it asks for are free when it takes them.
  ///
  /// - Parameters:
  ///   - others: the places that documents of the same transaction would have, to which this one's are added.
  ///   - isPlanned: whether a stored document would be another by then.
  func reason(
    _ candidate: Candidate, _ rules: CollectionRules, with others: inout Claims,
    isPlanned: (_ id: String) -> Bool
  ) throws -> String? {
    try store.withConnection { connection in
      if let validator = rules.validator {
        let unlike: BSONFields = ["$nor": [.document(validator)]]
        let isExempt =
          try rules.isModerate && candidate.before.map { try matches($0, unlike, connection) } ?? false
        for (number, page) in candidate.pages.enumerated() where !(isExempt && number == 0) {
          if try matches(page, unlike, connection) {
            return "the collection's own validation rules refuse the document"
          }
        }
      }
      for index in rules.unique {
        let reason = "another document has the same \(index.fields.joined(separator: ", "))"
        for page in candidate.pages {
          if let filter = index.filter, canJudge, try !matches(page, filter, connection) { continue }
          for place in index.places(of: page) {
            let mark = ContentHash.of("\(candidate.collection) \(index.mark(of: place))")
            let owner = others[mark]?.document ?? claimed.owner(of: mark)
            if let owner, owner != candidate.key { return reason }
            others[mark] = .init(document: candidate.key, reason: reason)
            var options = FindOptions(projection: ["_id": 1], limit: 8)
            options.collation = index.collation
            var isTaken = false
            try connection.find(
              try BSONDocument(index.finding(place)), in: candidate.collection, options: options
            ) { other in
              let id = try other.find("_id").map(BSONValue.init)
              if id != page["_id"], try !isPlanned(DocumentReader.id(of: other)) { isTaken = true }
            }
            if isTaken { return reason }
          }
        }
      }
      return nil
    }
  }
}
