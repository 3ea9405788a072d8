import BSON
package import DocumentStore
import FHIRMapping

/// The work of `fhirline init`: makes the collections, indexes and validators that are not there.
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

  /// Something that was done, or would be.
  package struct Step: Sendable, Equatable {
    package enum Kind: String, Sendable {
      case made, changed, removed, there, kept
    }

    package var collection: String
    package var what: String
    package var kind: Kind
  }

  /// nil keeps what validators of this program's making do, and has new ones warn.
  package var validation: Validation?
  package var isDryRun = false
  /// Replaces validators of others.
  package var replaces = false
  private let plan: SetUpPlan

  package init(_ configuration: PipelineConfiguration) throws {
    let mappings = try Database.mappings(configuration)
    plan = SetUpPlan(
      mappings: mappings, collections: configuration.collectionNames(mappings),
      layout: configuration.chart)
  }

  package func run(store: DocumentStore) throws -> [Step] {
    do {
      return try store.withConnection { connection in
        var steps: [Step] = []
        for collection in plan.collections { try setUp(collection, connection, &steps) }
        return steps
      }
    } catch let error as StoreError where error.code == .notAuthorized {
      throw PipelineFailure(
        .connection, "the user of the connection may not set the database up; it needs the role dbAdmin")
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  private func setUp(
    _ collection: SetUpPlan.Collection, _ connection: borrowing StoreConnection, _ steps: inout [Step]
  ) throws {
    func note(_ what: String, _ kind: Step.Kind) {
      steps.append(Step(collection: collection.name, what: what, kind: kind))
    }
    let stored = try connection.collectionOptions(collection.name)
    note("collection", stored == nil ? .made : .there)
    let wanted = validation == .off ? nil : collection.schema
    if stored == nil {
      if !isDryRun {
        try connection.createCollection(
          collection.name, options: wanted.map { options($0, validation ?? .warn) } ?? [:])
      }
      if wanted != nil { note("validator (\((validation ?? .warn).rawValue))", .made) }
    } else {
      try setValidator(wanted, of: collection, stored ?? [:], connection, note)
    }
    try createIndexes(of: collection, isNew: stored == nil, connection, note)
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
    _ connection: borrowing StoreConnection, _ note: (String, Step.Kind) -> Void
  ) throws {
    let present = stored["validator"]?.fields ?? [:]
    let isOurs =
      present["$jsonSchema"]?.fields?["title"]?.text?.hasPrefix(StoredSchema.author + ":") ?? false
    if !present.fields.isEmpty, !isOurs, !replaces {
      if wanted != nil {
        note("validator of another's making; --replace-validators puts ours in its place", .kept)
      }
      return
    }
    guard let wanted else {
      guard isOurs else { return }
      note("validator", .removed)
      if !isDryRun { try modify(collection.name, ["validator": [:]], connection) }
      return
    }
    let action = isOurs ? stored["validationAction"]?.text.flatMap(Validation.init) : nil
    let validation = validation ?? action ?? .warn
    let options = options(wanted, validation)
    let text = "validator (\(validation.rawValue))"
    if options.fields.allSatisfy({ stored[$0.key] == $0.value }) {
      note(text, .there)
      return
    }
    note(text, present.fields.isEmpty ? .made : .changed)
    if !isDryRun { try modify(collection.name, options, connection) }
  }

  private func modify(
    _ collection: String, _ options: BSONFields, _ connection: borrowing StoreConnection
  ) throws {
    _ = try connection.command(
      try BSONDocument(BSONFields([.init("collMod", .string(collection))] + options.fields)))
  }

  // MARK: Indexes

  private func createIndexes(
    of collection: SetUpPlan.Collection, isNew: Bool, _ connection: borrowing StoreConnection,
    _ note: (String, Step.Kind) -> Void
  ) throws {
    let present = isNew ? [] : try connection.indexes(of: collection.name)
    var missing: [IndexDefinition] = []
    for index in collection.indexes {
      let keys = index.keys.fields.map { "\($0.key) \($0.value.integer == -1 ? "descending" : "")" }
      let text =
        "index on " + keys.map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }.joined(separator: ", ")
      // Under whatever name: two indexes on the same fields would be one too many.
      let isThere = present.contains { index.hasKeys($0) }
      note(text, isThere ? .there : .made)
      if !isThere { missing.append(index) }
    }
    if !isDryRun { try connection.createIndexes(missing, on: collection.name) }
  }
}

extension SetUpRun.Step {
  /// `patient: index on name, date_of_birth made`
  package func text(isDryRun: Bool) -> String {
    let verb =
      switch (kind, isDryRun) {
      case (.made, false): "made"
      case (.made, true): "would be made"
      case (.changed, false): "changed"
      case (.changed, true): "would be changed"
      case (.removed, false): "taken away"
      case (.removed, true): "would be taken away"
      case (.there, _): "is there"
      case (.kept, _): "is kept"
      }
    return "\(collection): \(what): \(verb)"
  }

  package var json: String {
    JSONText.object([
      ("collection", JSONText.quoted(collection)), ("what", JSONText.quoted(what)),
      ("state", JSONText.quoted(kind.rawValue)),
    ])
  }
}
