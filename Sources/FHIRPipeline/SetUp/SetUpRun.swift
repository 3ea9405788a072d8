import BSON
package import DocumentStore
import FHIRMapping
import Glibc

/// The work of `fhirline init`: makes the collections, indexes and validators that are not there.
///
/// Each step stands for itself: what cannot be done is said, and the rest is done all the same. What others do meanwhile (imports,
/// another `init`) is no trouble: what is there when a step comes to it is there.
package struct SetUpRun: Sendable {
  /// What the server does with a document that a validator does not like.
  package enum Validation: String, Sendable, CaseIterable {
    /// Writes it and notes it in its log.
    case warn
    /// Refuses it.
    case error
    /// There are no validators; those of this program's making are taken away.
    case off
  }

  /// nil keeps what validators of this program's making do, and has new ones warn.
  package var validation: Validation?
  package var isDryRun = false
  /// Replaces validators of others.
  package var replaces = false
  /// Takes each step as soon as it is done.
  package var tell: @Sendable (Step) -> Void = { _ in }
  private let plan: SetUpPlan

  package init(_ configuration: PipelineConfiguration) throws {
    let mappings = try Database.mappings(configuration)
    plan = SetUpPlan(
      mappings: mappings, collections: try configuration.collectionNames(mappings),
      layout: configuration.chart)
  }

  package func run(store: DocumentStore) throws -> ExitStatus {
    var status = ExitStatus.done
    store.tellOfOutages({ Terminal.say($0) }) { false }
    do {
      for collection in plan.collections {
        try setUp(collection, store) { step in
          if step.kind == .refused { status = .findings }
          tell(step)
        }
      }
    } catch let error as StoreError where error.code == .notAuthorized {
      throw PipelineFailure(
        .connection, "\(error.message); to set a database up takes the roles readWrite and dbAdmin")
    } catch let error as StoreError {
      throw PipelineFailure(error.isOutage ? .stopped : .connection, error.message)
    }
    return status
  }

  private typealias Note = (_ what: String, _ kind: Step.Kind, _ reason: String?) -> Void

  private func setUp(
    _ collection: SetUpPlan.Collection, _ store: DocumentStore, _ take: (Step) -> Void
  ) throws {
    func note(_ what: String, _ kind: Step.Kind, _ reason: String?) {
      let isChange = [Step.Kind.made, .changed, .removed].contains(kind)
      take(
        Step(
          collection: collection.name, what: what, kind: kind, reason: reason, isPlanned: isDryRun && isChange
        ))
    }
    func stored() throws -> BSONFields? {
      try store.persevering { try $0.collectionOptions(collection.name) }
    }
    let present = try stored()
    if let fault = present.flatMap({ UnfitCollection.fault($0) }) {
      note("collection", .refused, fault)
      return
    }
    let wanted = validation == .off ? nil : collection.schema
    let validator = wanted.map { options($0, validation ?? .warn) } ?? [:]
    var isMade = false
    if present == nil {
      let isThere = try attempt("collection", .made, note) {
        isMade = try store.persevering { try $0.makeCollection(collection.name, options: validator) }
      }
      // What comes after cannot be done either.
      guard isThere else { return }
      if isDryRun || isMade, wanted != nil {
        note("validator (\((validation ?? .warn).rawValue))", .made, nil)
      }
    } else {
      note("collection", .there, nil)
    }
    // Somebody else may have made it in between, without.
    if !isMade, let present = try present ?? (isDryRun ? nil : stored()) {
      try setValidator(wanted, of: collection, present, store, note)
    }
    try createIndexes(of: collection, store, note)
  }

  /// Does something, or says why that cannot be done; false then.
  private func attempt(
    _ what: String, _ kind: Step.Kind, _ note: Note, _ body: () throws -> Void
  ) throws -> Bool {
    do {
      if !isDryRun { try SetUpRun.waiting(body) }
      note(what, kind, nil)
      return true
    } catch let error as StoreError where !error.isOutage {
      note(what, .refused, SetUpRun.reason(error))
      return false
    }
  }

  private static let patience = Duration.seconds(60)

  /// Does something, and again as long as the server says that others are at the same collection: an index is being made, a
  /// transaction is open.
  private static func waiting(_ body: () throws -> Void) throws {
    let end = ContinuousClock.now + patience
    var pause: UInt32 = 20_000
    while true {
      do {
        return try body()
      } catch let error as StoreError where error.tellsOfOthers && ContinuousClock.now < end {
        usleep(pause)
        pause = min(pause * 2, 500_000)
      }
    }
  }

  private static func reason(_ error: StoreError) -> String {
    switch error.serverCode {
    case 13, 8000: "the user of the connection may not; it needs the role dbAdmin besides readWrite"
    case 171:
      "some documents have lists in more than one of these fields, which no index takes; `fhirline doctor` names fields of "
        + "other types"
    case 12587: "an index of the collection is being made; run init again when that is done"
    case 67, 85, 86: "there is an index of its name with other fields or options"
    default: error.message
    }
  }

  // MARK: Validators

  private func options(_ schema: BSONFields, _ validation: Validation) -> BSONFields {
    [
      "validator": ["$jsonSchema": .document(schema)],
      // What is stored and does not fit stays as writable as it was.
      "validationLevel": "moderate", "validationAction": .string(validation.rawValue),
    ]
  }

  private func setValidator(
    _ wanted: BSONFields?, of collection: SetUpPlan.Collection, _ stored: BSONFields,
    _ store: DocumentStore, _ note: Note
  ) throws {
    let present = stored["validator"]?.fields ?? [:]
    let isOurs =
      present["$jsonSchema"]?.fields?["title"]?.text?.hasPrefix(StoredSchema.author + ":") ?? false
    if !present.fields.isEmpty, !isOurs, !replaces {
      if wanted != nil {
        note("validator of another's making; --replace-validators puts ours in its place", .kept, nil)
      }
      return
    }
    func modify(_ what: String, _ kind: Step.Kind, _ options: BSONFields) throws {
      _ = try attempt(what, kind, note) {
        let command = BSONFields([.init("collMod", .string(collection.name))] + options.fields)
        try store.persevering { _ = try $0.command(try BSONDocument(command)) }
      }
    }
    guard let wanted else {
      if isOurs { try modify("validator", .removed, ["validator": [:]]) }
      return
    }
    let action = isOurs ? stored["validationAction"]?.text.flatMap(Validation.init) : nil
    let validation = validation ?? action ?? .warn
    let options = options(wanted, validation)
    let text = "validator (\(validation.rawValue))"
    if options.fields.allSatisfy({ stored[$0.key] == $0.value }) {
      note(text, .there, nil)
    } else {
      try modify(text, present.fields.isEmpty ? .made : .changed, options)
    }
  }

  // MARK: Indexes

  private func createIndexes(
    of collection: SetUpPlan.Collection, _ store: DocumentStore, _ note: Note
  ) throws {
    let present: [BSONFields]
    do {
      present = try store.persevering { try $0.indexDescriptions(of: collection.name) }
    } catch let error as StoreError where error.code == .notAuthorized {
      // Which are there, and which were to be made, only who may list them can tell.
      note("indexes", .refused, error.message)
      return
    }
    var missing: [IndexDefinition] = []
    for index in collection.indexes {
      // Under whatever name: two indexes on the same fields would be one too many.
      if present.contains(where: { $0["key"]?.fields.map(index.hasKeys) ?? false }) {
        note(SetUpRun.text(index.keys), .there, nil)
      } else {
        missing.append(index)
      }
    }
    if !isDryRun, missing.count > 1 {
      do {
        // The server goes through the documents once for all of them.
        try SetUpRun.waiting { try store.persevering { try $0.createIndexes(missing, on: collection.name) } }
        for index in missing { note(SetUpRun.text(index.keys), .made, nil) }
        missing = []
      } catch let error as StoreError where !error.isOutage {
        // One that cannot be made keeps the others from being made with it.
      }
    }
    for index in missing {
      _ = try attempt(SetUpRun.text(index.keys), .made, note) {
        try store.persevering { try $0.createIndexes([index], on: collection.name) }
      }
    }
    // Those of an import are made when it first needs them, in collections of its own.
    for description in present {
      guard let name = description["name"]?.text, let keys = description["key"]?.fields,
        name.hasPrefix(SetUpPlan.indexPrefix), !collection.indexes.contains(where: { $0.hasKeys(keys) }),
        !SectionItems.isIndex(on: keys)
      else { continue }
      note(
        "\(SetUpRun.text(keys)), which another mapping had made (\(name)); drop it if nobody needs it", .kept,
        nil)
    }
  }

  /// `index on name, date_of_birth`
  private static func text(_ keys: BSONFields) -> String {
    "index on "
      + keys.fields.map { $0.key + ($0.value.integer == -1 ? " descending" : "") }.joined(separator: ", ")
  }
}

extension StoreError {
  /// Whether the same may be done when others are through with what they do to the collection.
  ///
  /// See https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml for the codes.
  fileprivate var tellsOfOthers: Bool {
    guard let serverCode else { return false }
    return [24, 46, 112, 117, 246, 276, 285, 12586, 12587].contains(serverCode)
  }
}
