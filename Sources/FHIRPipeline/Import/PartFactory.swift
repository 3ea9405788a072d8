import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRPath

/// Makes parts of documents from resources: finds their home, resolves their references, writes them as BSON.
///
/// One factory serves one thread.
struct PartFactory: ~Copyable {
  private let mappings: MappingSet
  private let prefix: String
  private var encoder = ResourceEncoder()
  private var writer = BSONWriter(capacity: 64 << 10)
  private let references = ReferenceScan()
  /// The parts of one resource.
  private var records = PartBuffer()

  init(mappings: MappingSet, source: String) {
    self.mappings = mappings
    prefix = source.isEmpty ? "" : source + "."
  }

  /// The `_id` of the document that a resource of that id owns.
  func documentID(_ id: String) -> String { prefix + id }

  /// What a resource became.
  struct Result {
    var resolved = 0
    var unresolved = 0
  }

  /// A resource that no document can hold.
  struct Refusal: Error {
    let message: String
    let node: Int
  }

  /// The largest resource that is loaded: with its document's other elements it must stay below MongoDB's 16 MB.
  static let largestResource = 14 << 20

  /// - Parameter take: gets each part, valid during the call only.
  mutating func parts(
    of resource: RecordResource, identity: ResourceIdentity, resolver: ReferenceResolver, sequence: UInt64,
    origin: Origin = .unknown, _ take: (PartView) -> Void
  ) throws(Refusal) -> Result {
    let tree = resource.tree
    var result = Result()
    var rewrites = ReferenceRewrites()
    references.forEach(in: tree, from: resource.node, where: ReferenceText.needsResolving) { _, reference in
      switch resolver.resolve(reference, in: tree) {
      case .asWritten: break
      case .target(let target):
        result.resolved += 1
        rewrites.append(node: reference, text: target.key)
      case .notFound: result.unresolved += 1
      }
    }
    for (type, path) in mappings.namedTargets where type == resource.type {
      note(targetOf: path, in: resource, resolver, &rewrites)
    }
    var home = mappings.homes.home(of: tree, node: resource.node, id: identity.id) { reference in
      resolver.target(of: reference, in: tree).map { (type: $0.type, id: $0.id) }
    }
    if home.kind == .resource {
      home.documentID = identity.type + "/" + prefix + identity.id
    } else {
      home.documentID = prefix + home.documentID
    }
    writer.reset()
    let ownID = tree.child(KnownNames.r4.id, of: resource.node) != nil
    do {
      try encoder.encode(
        tree, node: resource.node, key: ownID || home.section == nil ? nil : home.key, rewrites: rewrites,
        into: &writer)
    } catch {
      throw Refusal(message: "\(error)", node: error.node)
    }
    guard writer.count <= PartFactory.largestResource else {
      throw Refusal(
        message: "is too large for a MongoDB document (\(Amount.bytes(writer.count)); at most 14 MB)",
        node: resource.node)
    }
    records.reset()
    writer.withBytes { bytes in
      if let section = home.section {
        records.append(
          section: section, key: home.key, bytes: bytes, of: home.kind, home.documentID, sequence: sequence,
          origin: origin)
      } else {
        let names = ResourceIdentity.names(
          of: tree, at: resource.node, type: identity.type, fullUrl: identity.fullUrl)
        records.append(
          root: home.key, bytes: bytes, names: names, of: home.kind, home.documentID, sequence: sequence,
          origin: origin)
      }
    }
    if home.kind == .appointment {
      link(resource, appointment: home.documentID, resolver: resolver, sequence: sequence)
    }
    // A patient has a chart, if an empty one.
    if home.kind == .patient, home.section == nil {
      records.append(presenceOf: .chart, home.documentID, sequence: sequence)
    }
    records.forEach(take)
    return result
  }

  /// Notes the name of the target of a reference that shows none itself.
  private func note(
    targetOf path: InvertiblePath, in resource: RecordResource, _ resolver: ReferenceResolver,
    _ rewrites: inout ReferenceRewrites
  ) {
    let tree = resource.tree
    let names = KnownNames.r4
    guard let element = path.firstNode(in: tree, from: resource.node),
      tree.child(names.display, of: element) == nil,
      let reference = tree.child(names.reference, of: element),
      let target = resolver.target(of: element, in: tree),
      let name = resolver.name(of: target, documentID: target.type + "/" + prefix + target.id)
    else { return }
    rewrites.append(node: reference, targetName: name)
  }

  /// Adds an appointment to the lists of its patient, of the patient's chart, and of its provider.
  private mutating func link(
    _ resource: RecordResource, appointment: String, resolver: ReferenceResolver, sequence: UInt64
  ) {
    let tree = resource.tree
    let names = KnownNames.r4
    let start = tree.child(names.start, of: resource.node).map { tree.string(at: $0) } ?? ""
    let link = AppointmentLink(id: appointment, start: start)
    var seen: Set<String> = []
    for participant in tree.children(of: resource.node)
    where tree.nodes[participant].name == names.participant {
      guard let actor = tree.child(names.actor, of: participant),
        let target = resolver.target(of: actor, in: tree), seen.insert(target.type + "/" + target.id).inserted
      else { continue }
      let id = prefix + target.id
      switch target.type {
      case "Patient":
        records.append(link: link, of: .patient, id, sequence: sequence)
        records.append(link: link, of: .chart, id, sequence: sequence)
      case "Practitioner":
        records.append(link: link, of: .provider, id, sequence: sequence)
      default: break
      }
    }
  }
}

extension ReferenceResolver {
  /// What a Reference element points to, by its text or else by its identifier.
  func target(of element: Int, in tree: ResourceTree) -> TargetIndex.Target? {
    let names = KnownNames.r4
    if let reference = tree.child(names.reference, of: element) {
      switch resolve(reference, in: tree) {
      case .asWritten(let target): return target
      case .target(let target): return target
      case .notFound: return nil
      }
    }
    guard let node = tree.child(names.identifier, of: element),
      let identifier = ResourceIdentity.identifier(of: tree, at: node)
    else { return nil }
    // The type may be told; else the ones that own documents are tried.
    let type = tree.child(names.type, of: element).map { tree.string(at: $0) }
    for candidate in type.map({ [$0] }) ?? ["Patient", "Practitioner"] {
      if let target = resolve(type: candidate, identifier: identifier) { return target }
    }
    return nil
  }
}
