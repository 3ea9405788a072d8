import FHIRMapping

/// Small Bundles wait for each other, so that the database is asked about the documents of all of them at once: a question costs as
/// much as the mapping of several of them.
extension ImportWorker {
  /// A Bundle that waits, and the input that it came from.
  typealias WaitingBundle = (held: HeldBundle, file: Int)

  private static let mostWaiting = 64
  /// Bytes of source that wait at a time.
  private static let bytesWaiting = 6 << 20
  /// A Bundle of more bytes asks for itself.
  private static let smallBundle = 2 << 20

  /// Whether a Bundle waits for others: only where there is something to be asked.
  func waits(_ held: HeldBundle) -> Bool {
    guard pass.counts, held.isHeld, !held.isLine, held.bytes <= ImportWorker.smallBundle,
      let states = context.states
    else { return false }
    do {
      return try states.hadDocuments(.patient)
    } catch {
      context.fail(DocumentLoader.failure(error))
      return false
    }
  }

  func wait(_ held: HeldBundle, file: Int) {
    waiting.append((held, file))
    waitingBytes += held.bytes
    if waiting.count >= ImportWorker.mostWaiting || waitingBytes >= ImportWorker.bytesWaiting {
      finishWaiting()
    }
  }

  /// Does what is to be done with the Bundles that wait.
  func finishWaiting() {
    let bundles = waiting
    waiting = []
    waitingBytes = 0
    guard !bundles.isEmpty, !context.mustStop else { return }
    lookForNames(of: bundles.map(\.held))
    let others = standing?.others
    standing?.others = { body in
      for (held, _) in bundles { held.entries.forEach { $0.resource.map(body) } }
    }
    defer { standing?.others = others }
    foreseen = foresee(bundles)
    defer { foreseen = nil }
    for (held, file) in bundles where !context.mustStop { finish(held, file: file) }
  }

  /// Asks the database whom the Bundles mean that name somebody by a search, where it is known to nobody else.
  func lookForNames(of bundles: [HeldBundle]) {
    guard let stored = context.stored, stored.hadDocuments else { return }
    stored.look(for: bundles.flatMap { searched.take(from: $0, run: context.index) })
  }

  /// What the database has of the documents that Bundles are about.
  private func foresee(_ bundles: [WaitingBundle]) -> ForeseenStates? {
    var ids: [DocumentKind: Set<String>] = [:]
    for (held, _) in bundles {
      for patient in held.patients {
        let id = factory.documentID(patient, .patient)
        ids[.patient, default: []].insert(id)
        ids[.chart, default: []].insert(id)
      }
      let resolver = context.resolver(held.index)
      for entry in held.entries {
        guard let resource = entry.resource else { continue }
        let home = factory.home(of: resource, resolver)
        ids[home.kind, default: []].insert(home.documentID)
      }
    }
    return context.presences(ids.mapValues(Array.init)).map { ForeseenStates(ids: ids, presences: $0) }
  }

  /// What the database has of documents; see ``ImportContext/presences(_:)``.
  func presences(_ ids: [DocumentKind: [String]]) -> [DocumentKind: (String) -> LoadRequest.Presence]? {
    if let foreseen, foreseen.covers(ids) { return foreseen.presences }
    return context.presences(ids)
  }
}

/// What the database was asked of documents beforehand.
struct ForeseenStates {
  let ids: [DocumentKind: Set<String>]
  let presences: [DocumentKind: (String) -> LoadRequest.Presence]

  func covers(_ asked: [DocumentKind: [String]]) -> Bool {
    asked.allSatisfy { kind, asked in
      guard let known = ids[kind] else { return false }
      return asked.allSatisfy(known.contains)
    }
  }
}
