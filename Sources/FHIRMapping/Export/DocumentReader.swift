package import BSON
package import FHIRModel
import FHIRPath

/// Turns stored documents back into the resources that they hold, with what the application changed in the fields.
package struct DocumentReader: Sendable {
  /// A resource read from a document.
  package struct Resource {
    package let tree: ResourceTree
    /// The resource's id, its own or the one it was given at import.
    package let id: String
  }

  /// What stands in place of the type in the key of an appointment that was made of an Encounter, which is exported itself.
  package static let derivedAppointment = "DerivedAppointment"

  private let mappings: MappingSet
  private let decoder: ResourceDecoder
  private let prefix: String

  /// - Parameter prefix: what the source's documents have before their ids.
  package init(mappings: MappingSet, references: ResourceDecoder.References, prefix: String = "") {
    self.mappings = mappings
    self.prefix = prefix
    decoder = ResourceDecoder(references: references, skipsNothing: true)
  }

  /// Lends every resource of a document (of one of its pages), the root first.
  ///
  /// - Parameter note: takes a field that could not be carried, or is doubtful, and why.
  package func read(
    _ document: BSONView, kind: DocumentKind, _ body: (Resource) throws -> Void,
    note: (_ field: String, _ reason: String) -> Void
  ) throws {
    let id = try DocumentReader.id(of: document)
    if kind == .appointment, let key = try document.find(path: "_fhirline.key")?.text,
      key.hasPrefix(DocumentReader.derivedAppointment + "/")
    {
      return
    }
    guard let plan = mappings.plan(kind), try !DocumentReader.isFurtherPage(document) else {
      // Another page of a chart, or a resource that no mapping describes: nothing but what stands there.
      if let residual = try document.find("fhir")?.document {
        // Of a source, its `_id` has more.
        let own = DocumentReader.id(ofKey: try document.find(path: "_fhirline.key")?.text ?? id)
        guard try DocumentReader.isResource(residual) else {
          return note("fhir", "is no resource of FHIR R4, and not exported")
        }
        try body(Resource(tree: try decode(residual, id: own, "fhir", note), id: own))
      }
      if kind == .resource, try document.find("fhir")?.document == nil {
        note("fhir", "is missing: the document holds no resource of FHIR, and is not exported")
      }
      try readSections(of: document, mappings.plan(kind), edits: nil, body, note: note)
      return
    }
    try read(document, id: id, plan, body, note: note)
  }

  private func read(
    _ document: BSONView, id: String, _ plan: DocumentPlan, _ body: (Resource) throws -> Void,
    note: (_ field: String, _ reason: String) -> Void
  ) throws {
    let restored = try RestoredDocument(
      document, id: id, holder: DocumentReader.holder(of: document, plan.kind), plan: plan, prefix: prefix)
    for item in restored.notes { note(item.field, item.reason) }
    if let root = restored.root {
      let own = restored.rootID
      let tree: ResourceTree
      if !restored.isRootChanged, let residual = try plan.residual(of: document) {
        tree = try decode(residual, id: own, "fhir", note)
      } else {
        tree = try decode(root, id: own, "fhir", note)
      }
      try body(Resource(tree: tree, id: own))
    }
    try readSections(of: document, plan, edits: restored.edits, body, note: note)
    for resource in restored.edits.made {
      try body(Resource(tree: try decode(resource, id: nil, "fhir", note), id: resource["id"]?.text ?? ""))
    }
    try noteStrangers(in: document, plan, note)
  }

  private func decode(
    _ resource: BSONValue, id: String?, _ field: String, _ note: (_ field: String, _ reason: String) -> Void
  ) throws -> ResourceTree {
    try BSONDocument(resource.fields ?? BSONFields()).withView { try decode($0, id: id, field, note) }
  }

  /// - Parameter field: where the resource stands in its document.
  private func decode(
    _ resource: BSONView, id: String?, _ field: String, _ note: (_ field: String, _ reason: String) -> Void
  ) throws -> ResourceTree {
    let (tree, unsaid) = try decoder.decodeCounting(resource, id: id)
    if unsaid > 0 {
      let what = unsaid == 1 ? "a value is" : "\(unsaid) values are"
      note(field, "\(what) not exported, for FHIR has none such (NaN, an infinity, a regular expression, …)")
    }
    return tree
  }

  // MARK: Sections

  private func readSections(
    of document: BSONView, _ plan: DocumentPlan?, edits: SectionEdits?, _ body: (Resource) throws -> Void,
    note: (_ field: String, _ reason: String) -> Void
  ) throws {
    let owner = try plan.map { try self.owner(of: document, $0) }
    let holder = try DocumentReader.holder(of: document, plan?.kind)
    try document.forEachElement { element in
      let name = element.name
      let section = plan?.sections.first { $0.name == name }
      let isKnown = section != nil
      guard let items = element.array else {
        if isKnown, element.type != .null { note(name, "expected a list of resources") }
        return
      }
      let changed = edits?.changed[name] ?? [:]
      var index = -1
      var strange = 0
      // What has no id and reads like another, letter for letter, would be called what that is called.
      var unnamed: [String: Int] = [:]
      var repeated = 0
      try items.forEachElement { item in
        guard let resource = item.document else {
          strange += 1
          return
        }
        index += 1
        guard try DocumentReader.isResource(resource) else {
          strange += 1
          return
        }
        // An application's own item may have no id: it gets one that stays as long as its content.
        var own = try resource.find("id")?.text
        if own == nil {
          let key = try DocumentDraft.key(of: resource, in: holder)
          if try resource.find("_fhirline") == nil {
            // A field may say something else of one of them.
            if let first = unnamed[key], changed[first] == changed[index] {
              repeated += 1
              return
            }
            unnamed[key] = index
          }
          own = DocumentReader.id(ofKey: key)
        }
        let id = own ?? ""
        if let owner, let named = try section?.ownerNamed(by: resource), named != owner {
          note(name, DocumentReader.strangersNote)
        }
        let tree: ResourceTree
        do {
          tree =
            try changed[index].map { (value) throws in
              var edited = value
              try ContainedLeftovers.remove(from: &edited, before: resource)
              return try decode(edited, id: id, name, note)
            }
            ?? decode(resource, id: id, name, note)
        } catch is BSONError {
          strange += 1
          return
        }
        try body(Resource(tree: tree, id: id))
      }
      if repeated > 0 {
        let what = repeated == 1 ? "an item stands" : "\(repeated) items stand"
        note(name, "\(what) there again, letter for letter and without an id: not exported again")
      }
      if isKnown, strange > 0 {
        let what = strange == 1 ? "an item is" : "\(strange) items are"
        note(name, "\(what) no resource of FHIR, and not exported")
      }
    }
  }

  static let strangersNote =
    "a resource names somebody else than in whose document it stands: it is exported as theirs"

  /// Whose the resources in the sections of a document, or of a further page, are to be: `Patient/1`.
  private func owner(of document: BSONView, _ plan: DocumentPlan) throws -> String {
    let id = try DocumentReader.holder(of: document, plan.kind)
    if plan.root != nil, let key = try document.find(path: "_fhirline.key")?.text { return key }
    return plan.ownerType + "/"
      + DocumentID.fhirID(id.hasPrefix(prefix) ? String(id.dropFirst(prefix.count)) : id)
  }

  /// The `_id`, as text, of the document that a document is, or a further page of; of a chart its patient's.
  package static func holder(of document: BSONView, _ kind: DocumentKind?) throws -> String {
    if kind == .chart, let patient = try document.find("patient_id").flatMap(StoredID.text), !patient.isEmpty
    {
      return patient
    }
    return try document.find("chart_id").flatMap(StoredID.text) ?? id(of: document)
  }

  // MARK: Documents that never came from FHIR

  /// Names what no mapping carries.
  private func noteStrangers(
    in document: BSONView, _ plan: DocumentPlan, _ note: (_ field: String, _ reason: String) -> Void
  ) throws {
    var own = ["_id", "_fhirline", "fhir"]
    if let stranger = try document.find("fhir"), stranger.type != .null,
      try plan.residual(of: document) == nil
    {
      let expected = plan.root.map { "a resource of the type " + $0.name } ?? "nothing"
      note("fhir", "expected \(expected): what stands there is not exported")
    }
    if plan.kind == .patient {
      // A chart within its patient's document is a document of its own.
      own.append(DocumentKind.chart.rawValue)
      if let chart = try document.find(string: DocumentKind.chart.rawValue), chart.document == nil,
        chart.type != .null
      {
        note(DocumentKind.chart.rawValue, "expected a chart: what stands there is not exported")
      }
    }
    if plan.kind == .chart { own.append("patient_id") }
    try document.forEachElement { element in
      let name = element.name
      guard !own.contains(name), !plan.fields.contains(where: { $0.name == name }),
        !plan.sections.contains(where: { $0.name == name }),
        try !(element.array.map { try DocumentDraft.isSection($0) } ?? false)
      else { return }
      note(name, "has no home in FHIR: it stays in the document")
    }
  }

  private static func isResource(_ residual: BSONView) throws -> Bool {
    guard let type = try residual.find("resourceType")?.string else { return false }
    return DefinitionTable.r4.resourceTypeID(type.bindMemory(to: UInt8.self)) != nil
  }

  /// A document's `_id` as text.
  package static func id(of document: BSONView) throws -> String {
    guard let element = try document.find("_id") else { return "" }
    return try element.text ?? StoredID.text(of: BSONValue(element))
  }

  /// Whether nothing is known of a patient but the chart that an import put into the document: the patient has not come.
  ///
  /// - Parameter others: fields that tell of nobody.
  package static func isNobody(_ patient: BSONView, besides others: [String] = []) throws -> Bool {
    var hasChart = false
    var fields = patient.makeIterator()
    while let field = try fields.next() {
      if field.hasKey("_id") || others.contains(where: { field.key.elementsEqual($0.utf8) }) { continue }
      // A patient's document has the chart there, if it is to have it.
      guard field.key.elementsEqual(DocumentKind.chart.rawValue.utf8),
        try field.document?.find(path: "_fhirline.hash") != nil
      else { return false }
      hasChart = true
    }
    return hasChart
  }

  /// Whether a document is not the first page of another. An application may have a field `page` of its own.
  package static func isFurtherPage(_ document: BSONView) throws -> Bool {
    try document.find("chart_id") != nil && document.find("page")?.integer != nil
  }

  /// What MongoDB finds further pages by.
  package static let furtherPages: BSONFields = [
    "chart_id": ["$exists": true], "page": ["$type": "number"],
  ]

  /// Whether a chart says that it is a patient's: by its `_id` or, under another, by its `patient_id`.
  package static func isChart(_ chart: BSONView, of patient: String) throws -> Bool {
    guard try chart.find("_id") != nil else { return false }
    return try id(of: chart) == patient || chart.find("patient_id").flatMap(StoredID.text) == patient
  }

  /// The id in `Type/id`.
  private static func id(ofKey key: String) -> String {
    let id = key.drop { $0 != "/" }.dropFirst()
    return id.isEmpty ? key : String(id)
  }
}
