package import FHIRModel

/// What of a Bundle's members, its entries left out, the rules for the whole Bundle look at.
package struct BundleMembers: Sendable {
  enum Kind: Sendable {
    case document, message, transaction, transactionResponse, batch, batchResponse, history, searchset,
      collection
    /// The type is missing, or none of R4's: a finding of its own.
    case unknown

    /// See http://hl7.org/fhir/R4/valueset-bundle-type.html
    init(code: String) {
      switch code {
      case "document": self = .document
      case "message": self = .message
      case "transaction": self = .transaction
      case "transaction-response": self = .transactionResponse
      case "batch": self = .batch
      case "batch-response": self = .batchResponse
      case "history": self = .history
      case "searchset": self = .searchset
      case "collection": self = .collection
      default: self = .unknown
      }
    }

    var code: String {
      switch self {
      case .document: "document"
      case .message: "message"
      case .transaction: "transaction"
      case .transactionResponse: "transaction-response"
      case .batch: "batch"
      case .batchResponse: "batch-response"
      case .history: "history"
      case .searchset: "searchset"
      case .collection: "collection"
      case .unknown: "?"
      }
    }
  }

  var kind = Kind.unknown
  var position: SourcePosition?
  var totalPosition: SourcePosition?
  var hasTotal = false
  var hasIdentifier = false
  var hasTimestamp = false
  var path = "Bundle"
  var node = 0

  /// - Parameter node: the Bundle in its tree.
  package init(of node: Int, in tree: ResourceTree, table: DefinitionTable) {
    self.node = node
    position = tree.position(of: node)
    path = tree.expression(of: node, table: table)
    for child in tree.children(of: node) {
      switch tree.nameString(of: child, table: table) {
      case "type": kind = Kind(code: tree.string(at: child))
      case "total":
        hasTotal = true
        totalPosition = tree.position(of: child)
      case "timestamp": hasTimestamp = tree.nodes[child].textLength > 0
      case "identifier":
        let parts = tree.children(of: child).map { tree.nameString(of: $0, table: table) }
        hasIdentifier = parts.contains("system") && parts.contains("value")
      default: break
      }
    }
  }
}
