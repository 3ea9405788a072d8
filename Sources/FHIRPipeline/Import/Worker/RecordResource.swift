import FHIRFormats
import FHIRModel

/// The resource in a record: its node, who it is, and the entry's `fullUrl`.
///
/// An object, for it is handed from step to step, and has much in it to be retained.
final class RecordResource {
  let tree: ResourceTree
  let node: Int
  /// Who the resource is. For one without an id, `fullUrl` or identifier its bytes decide.
  private(set) var identity: ResourceIdentity
  let raw: RawSlice?
  /// Whether a search found whom it is another version of.
  private(set) var isFound = false
  /// Whether the entry's search finds several resources, so that nobody can tell what is to be done.
  var isAmbiguous = false

  var type: String { identity.type }
  var id: String { identity.id }
  /// `Type/id`
  var key: String { identity.key }
  var fullUrl: String? { identity.fullUrl }

  /// A resource that stands alone.
  init(whole tree: ResourceTree) {
    self.tree = tree
    node = 0
    identity = RecordResource.identity(of: tree, at: 0, fullUrl: nil)
    raw = nil
  }

  /// nil for what holds no resource: an entry without one, or one that shows what is to be deleted; the rest of a Bundle; what could not
  /// be read.
  ///
  /// - Parameters:
  ///   - told: what resources that stand alone are called elsewhere.
  ///   - keepsMessages: whether what a server says of a search is one.
  init?(_ record: Record, named told: ResourceNames? = nil, keepsMessages: Bool = false) {
    let names = KnownNames.r4
    let fullUrl: String?
    tree = record.tree
    switch record.content {
    case .resource:
      node = 0
      fullUrl =
        tree.count > 0 && tree.child(names.id, of: 0) == nil ? told?.url(of: record) : nil
    case .entry:
      guard let resource = record.tree.child(names.resource, of: 0),
        record.tree.nodes[resource].flags.kind == .resource, EntryRequest(record)?.method != .delete,
        keepsMessages || !record.isSearchMessage
      else { return nil }
      node = resource
      fullUrl = record.tree.child(names.fullUrl, of: 0).map { record.tree.string(at: $0) }
    case .bundle, .unreadable: return nil
    }
    guard record.tree.count > 0, record.tree.nodes[node].flags.kind == .resource else { return nil }
    if let target = RecordResource.target(of: record, resourceAt: node) {
      identity = ResourceIdentity(type: target.type, id: target.id, fullUrl: fullUrl)
    } else {
      identity = RecordResource.identity(of: tree, at: node, fullUrl: fullUrl)
    }
    raw = record.raw
  }

  /// Makes the resource another version of one that is known by another id.
  func change(_ target: TargetIndex.Target) {
    identity = ResourceIdentity(type: type, id: target.id, fullUrl: fullUrl)
    isFound = true
  }

  /// What an entry's PUT says that a resource without an id is: others in the Bundle call it so.
  private static func target(of record: Record, resourceAt node: Int) -> TargetIndex.Target? {
    guard case .entry = record.content, record.tree.child(KnownNames.r4.id, of: node) == nil,
      let target = EntryRequest(record)?.updated, ResourceIdentity.isID(target.id),
      record.tree.rawText(node).elementsEqual(target.type.utf8)
    else { return nil }
    return target
  }

  private static func identity(of tree: ResourceTree, at node: Int, fullUrl: String?) -> ResourceIdentity {
    ResourceIdentity(of: tree, at: node, fullUrl: fullUrl) {
      var hash = ContentHash.of("")
      for i in node..<Int(tree.nodes[node].end) {
        hash = (hash ^ ContentHash.of(UnsafeRawBufferPointer(tree.rawText(i)))) &* 0x100_0000_01b3
      }
      return hash
    }
  }
}
