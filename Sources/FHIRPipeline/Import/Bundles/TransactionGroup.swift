import FHIRMapping

/// Small transaction Bundles that are written as one transaction of MongoDB: all of each, or none, is written then as well, and the
/// server is spared the beginning and the end of each, which cost more than what is between them.
struct TransactionGroup: Sendable {
  /// At least one.
  private(set) var transactions: [BundleTransaction]
  private(set) var byteCount: Int
  private var documents: Set<Document> = []

  private struct Document: Hashable {
    let kind: DocumentKind
    let id: String
  }

  private static let mostTransactions = 64
  /// As many as one exchange with the server has of other documents.
  private static let mostBytes = 1 << 20

  init(_ first: BundleTransaction) {
    transactions = [first]
    byteCount = first.byteCount
    documents = TransactionGroup.documents(of: first)
  }

  var hasRoom: Bool {
    byteCount < TransactionGroup.mostBytes && transactions.count < TransactionGroup.mostTransactions
      && transactions[0].deletions.isEmpty
  }

  /// Adds one that has no document in common with the others, and deletes nothing; false for any other.
  mutating func add(_ transaction: BundleTransaction) -> Bool {
    let added = TransactionGroup.documents(of: transaction)
    guard transaction.deletions.isEmpty, documents.isDisjoint(with: added),
      byteCount + transaction.byteCount <= TransactionGroup.mostBytes
    else { return false }
    documents.formUnion(added)
    byteCount += transaction.byteCount
    transactions.append(transaction)
    return true
  }

  private static func documents(of transaction: BundleTransaction) -> Set<Document> {
    var documents: Set<Document> = []
    for (kind, ids) in transaction.documentIDs {
      for id in ids { documents.insert(Document(kind: kind, id: id)) }
    }
    return documents
  }

  /// All of them as one; nil where there is only one.
  func whole(ended: @escaping @Sendable (BundleTransaction.End) -> Void) -> BundleTransaction? {
    guard transactions.count > 1 else { return nil }
    return BundleTransaction(transactions, ended: ended)
  }
}
