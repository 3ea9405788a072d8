import BSON
import DocumentStore
import FHIRMapping
import FHIRPath

/// Documents that show the name of what a reference points to, where that has another name now.
struct RenamedTargets {
  private let run: ImportRun
  private let store: DocumentStore
  private let states: StoredStates

  private static let keysPerQuestion = 5_000

  init(_ run: ImportRun, _ store: DocumentStore, _ states: StoredStates) {
    self.run = run
    self.store = store
    self.states = states
  }

  private var prefix: String { run.prefix }

  /// The names that organizations have in the database, by `Organization/id`.
  func names(of keys: Set<String>) throws -> [String: String] {
    var names: [String: String] = [:]
    try forEach(of: keys) { key, name, _ in names[key] = name }
    return names
  }

  /// Calls the closure with each of these organizations that the database has: its key, its name, its version.
  func forEach(
    of keys: Set<String>,
    _ body: (_ key: String, _ name: String, _ version: () -> ResourceVersion) throws -> Void
  ) throws {
    guard !keys.isEmpty else { return }
    var ids: [String: String] = [:]
    for key in keys {
      let parts = key.split(separator: "/", maxSplits: 1)
      if parts.count == 2 { ids["\(parts[0])/\(prefix)\(parts[1])"] = key }
    }
    try store.persevering { connection in
      try connection.find(
        ids: ids.keys.sorted(), in: states.collection(of: .resource),
        projection: ["fhir.name": 1, "fhir.meta": 1]
      ) { document in
        guard let key = try document.find("_id")?.text.flatMap({ ids[$0] }),
          let resource = try document.find("fhir")?.document, let name = try resource.find("name")?.text
        else { return }
        try body(key, name) { ResourceVersion(of: resource.bytes) }
      }
    }
  }

  /// The documents that show another name than these.
  func documents(showing names: [String: String]) throws -> [(kind: DocumentKind, id: String)] {
    var found: [(kind: DocumentKind, id: String)] = []
    guard !names.isEmpty else { return found }
    for (type, path) in run.mappings.namedTargets {
      let home = run.mappings.homes.place(ofType: type)
      guard home.section == nil, home.kind != .resource, let member = path.segments.first?.child.name else {
        continue
      }
      let field = "fhir.\(member)"
      var rest = names.keys.sorted()[...]
      while !rest.isEmpty {
        let some = rest.prefix(RenamedTargets.keysPerQuestion)
        rest = rest.dropFirst(some.count)
        let filter = try BSONDocument(["\(field).reference": ["$in": .array(some.map { .string($0) })]])
        try store.persevering { connection in
          try connection.find(
            filter, in: states.collection(of: home.kind), options: FindOptions(projection: [field: 1])
          ) { document in
            guard let id = try document.find("_id")?.text, id.hasPrefix(prefix),
              let reference = try document.find(path: field)?.document,
              let key = try reference.find("reference")?.text,
              let shown = try reference.find("_name")?.text, shown != names[key]
            else { return }
            found.append((home.kind, id))
          }
        }
      }
    }
    return found
  }
}
