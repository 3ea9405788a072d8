import BSON
import DocumentStore
import FHIRMapping

/// What the doctor looks at in one document, without any other: its types, its dates, its hash; and what it notes of it
/// for the joins.
struct DoctorScan: Sendable {
  let mappings: MappingSet
  let collections: [DocumentKind: String]
  let layout: ChartLayout
  /// What stands before the ids of an import's source, as far as the database knows of sources.
  let prefixes: [String]
  let roles: [DocumentKind: DocumentRoles]
  /// By prefix of a source: whom participants are that have no name but a business identifier.
  private var targets: [String: StoredTargets] = [:]
  /// `_id`s that FHIR does not allow: an appointment names their documents by ids that were made of them.
  private let unfitIDs: UnfitIDs
  /// Documents by the texts that they and those whom they name go by, where two `_id`s read alike.
  private let renamed: DocumentAssembler.Renamed

  /// - Parameter store: says which sources there are, and who is called what.
  init(
    mappings: MappingSet, collections: [DocumentKind: String], layout: ChartLayout, store: DocumentStore
  ) throws {
    self.mappings = mappings
    self.collections = collections
    self.layout = layout
    roles = mappings.plans.mapValues { DocumentRoles($0) }
    unfitIDs = UnfitIDs(collections, store)
    renamed = unfitIDs.names.renaming(mappings)
    prefixes = try SectionSearch.sourcePrefixes(store)
    let states = StoredStates(store: store, collections: collections, layout: layout, makes: false)
    for prefix in prefixes + [""] {
      targets[prefix] = StoredTargets(
        store: store, mappings: mappings, collections: collections, prefix: prefix,
        items: SectionItems(
          store: store, homes: mappings.homes, prefix: prefix, place: { states.place(of: $0) }))
    }
  }

  func collection(_ kind: DocumentKind) -> String { collections[kind] ?? kind.rawValue }

  func place(_ kind: DoctorRecord.Owner.Kind) -> DocumentPlace {
    guard kind == .embeddedChart else { return DocumentPlace(collection: collection(kind.documentKind)) }
    var place = DocumentPlace(collection: collection(.patient))
    place.field = ChartLayout.field
    place.pages = collection(.chart)
    return place
  }

  /// Where appointments are found by the texts that they go by.
  var visits: DocumentPlace {
    var place = DocumentPlace(collection: collection(.appointment))
    place.hasOtherIDs = true
    place.unfitIDs = unfitIDs.of(.appointment)
    return place
  }

  /// Lends a document by the texts that it and whom it names go by.
  func named<Result>(
    _ document: BSONView, _ kind: DocumentKind, _ body: (BSONView) throws -> Result
  ) throws -> Result {
    guard let other = try renamed(document, kind) else { return try body(document) }
    return try other.withView(body)
  }

  typealias Find = (DoctorFinding) -> Void
  typealias Join = (DoctorJoin) throws -> Void

  func look(at document: BSONView, kind: DocumentKind, _ find: Find, _ join: Join) throws {
    // One that is read without its `_id` is no document of a collection.
    guard let own = try document.find("_id") else { return }
    try named(document, kind) { try look(at: $0, own, kind, find, join) }
  }

  private func look(
    at document: BSONView, _ own: BSONElement, _ kind: DocumentKind, _ find: Find, _ join: Join
  ) throws {
    let id = try DocumentReader.id(of: document)
    let subject = Subject(
      document: document, kind: kind, id: id,
      otherID: own.type == .string ? nil : try BSONDocument(["_id": BSONValue(own)]),
      plainID: try own.text ?? StoredID.text(of: BSONValue(own)),
      collection: collection(kind))
    if own.type != .string {
      find(subject.finding(.typeDrift, "_id", "expected a text, found \(own.type.words)"))
    }
    if !DocumentID.isFHIRID(DoctorScan.plain(subject.plainID, kind)),
      try !DocumentReader.isFurtherPage(document)
    {
      find(subject.finding(.unfitID, "_id"))
    }
    try holdings(of: subject, join)
    try strangers(in: subject, find)
    if let page = try document.find("page")?.integer, let owner = try document.find("chart_id") {
      try join(
        DoctorJoin(
          kind == .provider ? .provider : .patient, StoredID.text(owner) ?? "",
          .page(kind == .chart ? .chart : kind == .provider ? .provider : .patient, id: id, number: page)))
      return
    }
    let content = try StoredContent(
      document, of: DocumentReader.holder(of: document, kind), keepsRoot: kind == .resource)
    if content.hash != nil, content.pageCount == 1, !content.isAsHashed {
      find(subject.finding(.hashMismatch))
    }
    try drift(document, kind, subject, prefix: "", find)
    switch kind {
    case .patient:
      try join(DoctorJoin(.patient, id, .owner(owner(subject, .patient, pages: content.pageCount))))
      if let chart = try document.find(string: ChartLayout.field)?.document {
        var inner = subject
        inner.document = chart
        let content = try StoredContent(chart, of: id)
        if content.hash != nil, content.pageCount == 1, !content.isAsHashed {
          find(subject.finding(.hashMismatch, ChartLayout.field))
        }
        try drift(chart, .chart, inner, prefix: ChartLayout.field + ".", find)
        try join(
          DoctorJoin(.patient, id, .owner(owner(inner, .embeddedChart, pages: content.pageCount))))
      }
    case .chart:
      // A chart bears its patient's _id; one that names another patient means that one.
      let patient = try document.find("patient_id").flatMap(StoredID.text) ?? id
      try join(DoctorJoin(.patient, patient, .owner(owner(subject, .chart, pages: content.pageCount))))
    case .provider:
      if let name = roles[.provider]?.npi, let npi = try document.find(string: name), npi.type != .null,
        npi.string?.isEmpty != true, !StoredNPI.isValid(npi)
      {
        find(subject.finding(.npi, name))
      }
      try join(DoctorJoin(.provider, id, .owner(owner(subject, .provider, pages: content.pageCount))))
    case .appointment: try look(atVisit: subject, find, join)
    case .resource: break
    }
  }

  /// A document that is looked at.
  private struct Subject {
    var document: BSONView
    let kind: DocumentKind
    let id: String
    /// An `_id` that is no text, in a document.
    let otherID: BSONDocument?
    /// The text of the `_id` itself, whatever the document goes by.
    let plainID: String
    let collection: String

    func finding(_ cause: DoctorCause, _ field: String? = nil, _ detail: String = "") -> DoctorFinding {
      DoctorFinding(cause: cause, collection: collection, field: field, detail: detail, document: plainID)
    }
  }

  private func drift(
    _ document: BSONView, _ kind: DocumentKind, _ subject: Subject, prefix: String, _ find: Find
  ) throws {
    try mappings.plan(kind)?.forEachDrift(in: document) { drift in
      let field = prefix + drift.field
      switch drift.kind {
      case .type(let expected, let found):
        find(subject.finding(.typeDrift, field, "expected \(expected), found \(found)"))
      case .form: find(subject.finding(.formDrift, field))
      case .unreadable(let reason): find(subject.finding(.unreadableField, field, reason))
      case .doubtful(let reason): find(subject.finding(.doubtfulValue, field, reason))
      }
    }
  }

  // MARK: Resources

  /// Notes which resources a document holds: each has one home.
  private func holdings(of subject: Subject, _ join: Join) throws {
    let document = subject.document
    func note(_ key: String, in kind: DocumentKind, _ id: String) throws {
      let source = prefixes.first { id.hasPrefix($0) } ?? ""
      try join(DoctorJoin(.resource, source + key, .holder(kind, id: id)))
    }
    if subject.kind == .resource {
      // What has its home in a section is kept on its own as long as its owner is not known.
      guard let slash = subject.id.firstIndex(of: "/"), try document.find("fhir")?.document != nil else {
        return
      }
      let type = String(subject.id[..<slash])
      guard mappings.homes.place(ofType: type).section != nil else { return }
      let own = subject.id[subject.id.index(after: slash)...]
      let source = prefixes.first { own.hasPrefix($0) } ?? ""
      return try join(
        DoctorJoin(
          .resource, source + type + "/" + own.dropFirst(source.count), .holder(.resource, id: subject.id)))
    }
    // A number and the text of it are one id to FHIR, and people.
    if let root = mappings.plan(subject.kind)?.root {
      let id = subject.plainID
      try join(DoctorJoin(.resource, root.name + "/" + id, .holder(subject.kind, id: id)))
    }
    let owner = try document.find("chart_id").flatMap(StoredID.text) ?? subject.id
    let holder = try DocumentReader.holder(of: document, subject.kind)
    try StoredContent.forEachResource(in: document, of: holder) { try note($0, in: subject.kind, owner) }
    // Where both layouts are wanted the chart within the patient is a copy.
    if subject.kind == .patient, layout != .both,
      let chart = try document.find(string: ChartLayout.field)?.document
    {
      try StoredContent.forEachResource(in: chart, of: owner) { try note($0, in: .patient, owner) }
    }
  }

  /// Finds resources that say that they are somebody else's.
  private func strangers(in subject: Subject, _ find: Find) throws {
    guard subject.kind != .resource else { return }
    let document = subject.document
    let own = try document.find("chart_id").flatMap(StoredID.text) ?? subject.id
    let patient = subject.kind == .chart ? try document.find("patient_id").flatMap(StoredID.text) : nil
    try strangers(
      in: document, subject.kind, of: [patient ?? own, patient ?? subject.plainID], subject, prefix: "", find)
    if subject.kind == .patient, layout != .both,
      let chart = try document.find(string: ChartLayout.field)?.document
    {
      let field = ChartLayout.field + "."
      try strangers(in: chart, .chart, of: [own, subject.plainID], subject, prefix: field, find)
    }
  }

  /// - Parameter owners: the texts that the document of whose they should be goes by.
  private func strangers(
    in document: BSONView, _ kind: DocumentKind, of owners: [String], _ subject: Subject, prefix: String,
    _ find: Find
  ) throws {
    guard let plan = mappings.plan(kind) else { return }
    let source = prefixes.first { subject.id.hasPrefix($0) } ?? ""
    let role: DoctorRecord.Role = kind == .provider ? .provider : .patient
    try StoredContent.forEachOwner(in: document, plan) { section, owner in
      let id = String(owner.drop { $0 != "/" }.dropFirst())
      let isTyped = owner.hasPrefix(plan.ownerType + "/")
      if isTyped, owners.contains(source + id) { return }
      let other = isTyped ? try text(of: source + id, role) : owner
      if isTyped, owners.contains(other) { return }
      var finding = subject.finding(.strangersResource, prefix + section)
      finding.other = other
      find(finding)
    }
  }

  // MARK: Relations

  private func owner(
    _ subject: Subject, _ kind: DoctorRecord.Owner.Kind, pages: Int
  ) throws -> DoctorRecord.Owner {
    var owner = DoctorRecord.Owner(kind: kind, id: subject.plainID, otherID: subject.otherID)
    owner.pages = pages
    if layout == .both, kind == .chart || kind == .embeddedChart {
      owner.content = try ChartCopy.content(
        of: subject.document, besides: [roles[.chart]?.appointments, roles[.chart]?.last].compactMap { $0 })
      owner.isImported = try subject.document.find("_fhirline") != nil
      owner.isChangedCopy = try kind == .embeddedChart && ChartCopy.isChanged(subject.document) == true
    }
    let roles = roles[kind == .embeddedChart ? .chart : subject.kind]
    if let name = roles?.appointments, let element = try subject.document.find(string: name),
      element.type != .null
    {
      owner.listIsDrifted = element.array == nil
      try element.array?.forEachElement { if $0.type != .string { owner.listIsDrifted = true } }
      var listed: [String] = []
      try StoredID.forEach(in: element) { listed.append($0) }
      owner.listed = listed
    }
    if let name = roles?.last, let element = try subject.document.find(string: name), element.type != .null {
      owner.last = StoredID.text(element)
      owner.lastIsDrifted = element.type != .string
    }
    return owner
  }

  private func look(atVisit subject: Subject, _ find: Find, _ join: Join) throws {
    guard let roles = roles[.appointment] else { return }
    let document = subject.document
    var record = DoctorRecord.Visit(id: subject.id, moment: try roles.moment(of: document)?.milliseconds)
    for participant in try participants(of: document, id: subject.id) {
      record.isFurther = participant.isFurther
      try join(DoctorJoin(participant.role, participant.id, .visit(record)))
    }
    if let visit = try roles.visitMoment(of: document),
      let scheduled = try roles.scheduledMoment(of: document),
      visit.isBefore(scheduled)
    {
      find(subject.finding(.visitBeforeScheduled, roles.visit))
    }
    if try roles.isBilled(document), try roles.isNotHeld(document) {
      find(subject.finding(.billedNotHeld, roles.billing))
    }
  }

  /// Who has an appointment in a list.
  struct Participant {
    let role: DoctorRecord.Role
    /// The `_id` of their document.
    let id: String
    /// Whether no field of the appointment names them.
    let isFurther: Bool
  }

  /// The patient and the provider whom an appointment's fields name, and all others who take part where it came from FHIR.
  func participants(of appointment: BSONView, id: String) throws -> [Participant] {
    guard let roles = roles[.appointment], let plan = mappings.plan(.appointment) else { return [] }
    var all: [Participant] = []
    for (role, name) in [(DoctorRecord.Role.patient, roles.patient), (.provider, roles.provider)] {
      guard let name, let element = try appointment.find(string: name), let id = StoredID.text(element),
        !id.isEmpty
      else { continue }
      all.append(Participant(role: role, id: try text(of: id, role), isFurther: false))
    }
    guard try appointment.find(path: "fhir.participant") != nil,
      let root = try plan.wholeRoot(ofStored: appointment)
    else { return all }
    let prefix = prefixes.first { id.hasPrefix($0) } ?? ""
    let owners = try BSONDocument(root).withView { try AppointmentOwner.all(of: $0) }
    for owner in owners {
      let role: DoctorRecord.Role = owner.kind == .patient ? .patient : .provider
      guard let own = owner.name.map({ targets[prefix]?.target(named: $0)?.id }) ?? owner.id else { continue }
      let id = try text(of: prefix + own, role)
      if all.contains(where: { $0.role == role && $0.id == id }) { continue }
      all.append(Participant(role: role, id: id, isFurther: true))
    }
    return all
  }

  /// What the document of a patient or provider goes by.
  private func text(of id: String, _ role: DoctorRecord.Role) throws -> String {
    try role.documents.map { try unfitIDs.text(of: id, $0) } ?? id
  }

  /// What FHIR is to have as an id: documents of `resource` have the type before it.
  private static func plain(_ id: String, _ kind: DocumentKind) -> String {
    guard kind == .resource, let slash = id.firstIndex(of: "/") else { return id }
    return String(id[id.index(after: slash)...])
  }
}
