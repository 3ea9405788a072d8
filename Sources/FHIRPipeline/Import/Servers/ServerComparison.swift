import FHIRFormats
import FHIRModel
import Synchronization

/// Finds the servers of a run of which one has other resources than another under the same types and ids.
///
/// Two versions of one resource are told from two resources by what they say: those that have the same content, or share a business
/// identifier, are one. What comes once is not looked at, and of very many that come more than once some.
struct ServerComparison {
  let files: [InputFile]
  let seen: SeenServers.Found
  let workers: Int
  let reading: ReadOptions
  /// Those of which nothing is loaded in any case.
  let known: StrangeServers
  /// Those whose resources the database has: in doubt these stay.
  let stored: Set<ServerAddress>

  /// What a server has of a resource.
  private struct Claim {
    let server: ServerAddress
    let key: String
    /// Its place in the run.
    var first: UInt64
    /// Of some versions.
    var contents: [UInt64]
    /// Of its business identifiers, some.
    var identifiers: Set<UInt64>

    func isSame(as other: Claim) -> Bool {
      contents.contains(where: other.contents.contains) || !identifiers.isDisjoint(with: other.identifiers)
    }
  }

  /// Of so many resources it is kept what servers have of them.
  private static let most = 20_000
  private static let mostVersions = 4
  private static let mostIdentifiers = 8

  /// - Parameters:
  ///   - repeated: hashes of the keys of resources with documents of their own that come more than once.
  ///   - items: the same of sections' resources; nil where they are very many.
  func strangers(repeated: Set<UInt64>, items: Set<UInt64>?) -> StrangeServers {
    guard seen.servers.count > 1, !repeated.isEmpty || items?.isEmpty != true else { return StrangeServers() }
    // One in so many is enough where they are many: servers whose ids meet do so all the time.
    var sample: UInt64 = 0
    while (repeated.count + (items?.count ?? 1 << 22)) >> sample.nonzeroBitCount > ServerComparison.most {
      sample = sample << 1 | 1
    }
    let mask = sample
    let claims = gather { hash in
      hash & mask == 0 && (items.map { $0.contains(hash) } ?? true || repeated.contains(hash))
    }
    return judge(claims)
  }

  private func gather(_ isLookedAt: @escaping @Sendable (UInt64) -> Bool) -> [UInt64: [Claim]] {
    let claims = Mutex<[UInt64: [Claim]]>([:])
    let feed = BatchFeed(
      files: files, only: seen.files, options: reading,
      skips: { _ in
        { type, id, _ in id.map { !isLookedAt(NameHash.ofKey(type: type, id: $0)) } ?? false }
      })
    WorkerThread.run(count: workers) { _ in
      var worker = BatchFeed.Worker(feed)
      while !Interruption.isAsked, let item = worker.next() {
        guard case .batch(let batch) = item.content else { continue }
        var sequence = UInt64(item.file) << 40 | UInt64(item.step) << 20
        batch.forEach { record in
          sequence += 1
          guard case .entry = record.content, let resource = RecordResource(record),
            let fullUrl = resource.fullUrl,
            let url = ServerURL(ReferenceText.unversioned(fullUrl)), known.cause(of: fullUrl) == nil
          else { return }
          let hash = NameHash.of(resource.key)
          let server = ServerAddress(url.base)
          guard server != .own, isLookedAt(hash) else { return }
          let claim = ServerComparison.claim(resource, server, base: url.base, sequence)
          claims.withLock { claims in
            guard var found = claims[hash] else {
              if claims.count < ServerComparison.most { claims[hash] = [claim] }
              return
            }
            if let own = found.firstIndex(where: { $0.server == server }) {
              found[own].first = min(found[own].first, sequence)
              if found[own].contents.count < ServerComparison.mostVersions {
                found[own].contents += claim.contents
              }
              if found[own].identifiers.count < ServerComparison.mostIdentifiers {
                found[own].identifiers.formUnion(claim.identifiers)
              }
            } else {
              found.append(claim)
            }
            claims[hash] = found
          }
        }
      }
    }
    return claims.withLock { $0 }
  }

  private static func claim(
    _ resource: RecordResource, _ server: ServerAddress, base: Substring, _ sequence: UInt64
  ) -> Claim {
    let identifiers = ResourceIdentity.identifiers(of: resource.tree, at: resource.node)
      .filter { $0.system != nil }.prefix(mostIdentifiers)
    let prefix = Array((base + "/").utf8)
    return Claim(
      server: server, key: resource.key, first: sequence,
      contents: [content(of: resource.tree, at: resource.node, isRoot: true, prefix)],
      identifiers: Set(identifiers.map { NameHash.of("\($0.system ?? "")|\($0.value)") }))
  }

  private static let idle = [KnownNames.r4.meta, KnownNames.r4.id]

  /// Stands for what a resource says, in whatever order: without what its server adds, and with references as they read there.
  private static func content(
    of tree: ResourceTree, at node: Int, isRoot: Bool, _ prefix: [UInt8]
  ) -> UInt64 {
    var text = tree.rawText(node)
    if tree.nodes[node].name == KnownNames.r4.reference, text.starts(with: prefix) {
      text = UnsafeBufferPointer(rebasing: text[prefix.count...])
    }
    var hash = NameHash.of(UnsafeRawBufferPointer(text)) &+ UInt64(tree.nodes[node].name.rawValue)
    for child in tree.children(of: node) where !isRoot || !idle.contains(tree.nodes[child].name) {
      let part = content(of: tree, at: child, isRoot: false, prefix)
      hash &+= (part ^ part >> 29) &* 0xBF58_476D_1CE4_E5B9
    }
    return (hash ^ hash >> 32) &* 0x94D0_49BB_1331_11EB
  }

  /// The servers that differ from one before them: the first of those that the database has, and then in the order of the inputs.
  private func judge(_ claims: [UInt64: [Claim]]) -> StrangeServers {
    var places: [ServerAddress: UInt64] = [:]
    for claim in claims.values.joined() {
      places[claim.server] = min(places[claim.server] ?? .max, claim.first)
    }
    let order = places.keys.sorted { a, b in
      (stored.contains(a) ? 0 : 1, places[a] ?? 0, a) < (stored.contains(b) ? 0 : 1, places[b] ?? 0, b)
    }
    /// By the two servers: the first resource that is another.
    var different: [[ServerAddress]: Claim] = [:]
    for found in claims.values where found.count > 1 {
      for one in found {
        for other in found where one.server != other.server && !one.isSame(as: other) {
          let pair = [one.server, other.server]
          if different[pair].map({ one.first < $0.first }) ?? true { different[pair] = one }
        }
      }
    }
    var cases: [StrangeServers.Case] = []
    var loaded: [ServerAddress] = []
    for server in order {
      guard let other = loaded.first(where: { different[[server, $0]] != nil }),
        let claim = different[[server, other]], let base = seen.servers[server],
        let otherBase = seen.servers[other]
      else {
        loaded.append(server)
        continue
      }
      cases.append(StrangeServers.Case(base: base, other: otherBase, key: claim.key))
    }
    return StrangeServers(cases)
  }
}
