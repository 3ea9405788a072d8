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
  private let unfitIDs: UnfitIDs?
  /// Classes of Encounters that become appointments as well.
  private let encounterClasses: Set<String>
  private var encoder = ResourceEncoder()
  private var writer = BSONWriter(capacity: 64 << 10)
  private let references = ReferenceScan()
  /// Those of one resource.
  private var rewrites = ReferenceRewrites()
  /// The parts of one resource.
  private var records = PartBuffer()
  /// What stored resources mean by texts that mean nobody else; nil where nothing is stored.
  private let standing: StandingReferences?

  /// - Parameter unfitIDs: `_id`s in the database that are no ids of FHIR.
  init(
    mappings: MappingSet, source: String, encounterClasses: Set<String> = [], unfitIDs: UnfitIDs? = nil,
    standing: StandingReferences? = nil
  ) {
    self.standing = standing
    self.mappings = mappings
    self.unfitIDs = unfitIDs
    self.encounterClasses = encounterClasses
    prefix = source.isEmpty ? "" : source + "."
  }

  /// The `_id` of the document of a kind that a resource of that id owns.
  func documentID(_ id: String, _ kind: DocumentKind) -> String {
    // Where the database does not answer, whoever looks for the document finds out.
    guard prefix.isEmpty else { return prefix + id }
    return (try? unfitIDs?.text(of: id, kind)) ?? id
  }

  /// What a resource became.
  struct Result {
    var resolved = 0
    var unresolved = 0
    /// What references that found nothing ask for.
    var waits: [String] = []
    /// Appointments that were made of an Encounter.
    var derived = 0
    /// The document that the resource is part of.
    var home: (kind: DocumentKind, id: String) = (.resource, "")
  }

  /// A resource that no document can hold.
  struct Refusal: Error {
    let message: String
    let node: Int
    var rule = Rule.documentRefused

    /// A reference leads to an entry of its Bundle that it may not lead to. Where it is written as `Type/id`, validation tells.
    static func misfit(_ node: Int, _ type: String, _ allowed: [String]) -> Refusal {
      Refusal(
        message:
          "leads to a resource of type \(type), which an entry of the Bundle holds, and may only lead to: "
          + allowed.joined(separator: ", "), node: node, rule: .referenceTarget)
    }

    static func tooLarge(_ resource: RecordResource) -> Refusal {
      Refusal(
        message: "is too large for a MongoDB document: at most 14 MB of it may be a resource's",
        node: resource.node)
    }
  }

  /// The largest resource that is loaded: with its document's other elements it must stay below MongoDB's 16 MB.
  static let largestResource = 14 << 20

  /// What parts hold of their resources.
  enum Form {
    case written
    /// Nothing but what they were made of: enough to know documents by that are as they were made.
    case unwritten
  }

  /// - Parameters:
  ///   - form: appointments that are made of Encounters are written in any case.
  ///   - known: the resource's home, where that was looked at before.
  ///   - take: gets each part, valid during the call only.
  mutating func parts(
    of resource: RecordResource, _ form: Form = .written, at known: Home? = nil, resolver: ReferenceResolver,
    sequence: UInt64, origin: Origin = .unknown, _ take: (PartView) -> Void
  ) throws(Refusal) -> Result {
    let tree = resource.tree
    var result = Result()
    // Millions of references need not be looked for first.
    if tree.count > 100_000,
      ResourceEncoder.leastBytes(of: tree, node: resource.node) > PartFactory.largestResource
    {
      throw Refusal.tooLarge(resource)
    }
    var misfit = resolveReferences(of: resource, resolver, into: &result)
    var resolver = resolver
    if result.waits.contains(where: { resolver.stored?.isOfSeveral($0) ?? false }),
      let other = standingResolver(for: resource, resolver)
    {
      resolver = other
      result = Result()
      misfit = resolveReferences(of: resource, resolver, into: &result)
    }
    if let misfit { throw Refusal.misfit(misfit.element, misfit.target.type, misfit.allowed) }
    for (type, path) in mappings.namedTargets where type == resource.type {
      note(targetOf: path, in: resource, resolver, &result.waits)
    }
    let home = known ?? home(of: resource, resolver)
    result.home = (home.kind, home.documentID)
    if home.kind == .resource, let owner = mappings.homes.owner(of: tree, node: resource.node) {
      result.waits += resolver.namesAsked(by: owner.reference, in: tree, among: [owner.type])
    }
    records.reset()
    let names = home.section == nil ? resource.storedNames : []
    let input = InputDigest.of(tree, node: resource.node, rewrites, key: home.key, names: names)
    switch form {
    case .written: try write(resource, home, names, sequence: sequence, origin: origin, input: input)
    case .unwritten:
      records.append(
        unwritten: home.key, section: home.section, of: home.kind, home.documentID, sequence: sequence,
        input: input)
    }
    if home.kind == .appointment {
      result.waits += link(resource, appointment: home.documentID, resolver: resolver, sequence: sequence)
    }
    // A patient has a chart, if an empty one.
    if home.kind == .patient, home.section == nil {
      records.append(presenceOf: .chart, home.documentID, sequence: sequence)
    }
    if try deriveAppointment(of: tree, node: resource.node, id: resource.id, resolver, sequence, origin) {
      result.derived = 1
    }
    records.forEach(take)
    return result
  }

  private typealias Misfit = (element: Int, target: TargetIndex.Target, allowed: [String])

  /// Finds what a resource's references lead to; returns one that leads where it may not.
  private mutating func resolveReferences(
    of resource: RecordResource, _ resolver: ReferenceResolver, into result: inout Result
  ) -> Misfit? {
    let tree = resource.tree
    rewrites.removeAll()
    var misfit: Misfit?
    references.forEach(in: tree, from: resource.node, where: ReferenceText.needsResolving) {
      element, reference, place in
      switch resolver.resolve(reference, in: tree, at: place) {
      case .unfit(let target, isOfBundle: true):
        if misfit == nil { misfit = (element, target, place.targets) }
      case .asWritten: break
      case .target(_, let text):
        result.resolved += 1
        rewrites.append(node: reference, text: text)
      case .notFound, .unfit:
        result.unresolved += 1
        if let name = ReferenceText.name(writtenAs: tree.string(at: reference)) { result.waits.append(name) }
      }
    }
    return misfit
  }

  /// What knows what the stored form of a resource means; nil where that tells nothing more.
  private func standingResolver(
    for resource: RecordResource, _ resolver: ReferenceResolver
  ) -> ReferenceResolver? {
    // Where the database does not answer, whoever asks it next finds out.
    (try? standing?.resolver(for: resource, resolver)) ?? nil
  }

  /// Adds the part that a resource is of its home.
  private mutating func write(
    _ resource: RecordResource, _ home: Home, _ names: [String], sequence: UInt64, origin: Origin,
    input: UInt64
  ) throws(Refusal) {
    let tree = resource.tree
    writer.reset()
    let ownID = tree.child(KnownNames.r4.id, of: resource.node) != nil
    do {
      try encoder.encode(
        tree, node: resource.node, key: ownID || home.section == nil ? nil : home.key, rewrites: rewrites,
        most: PartFactory.largestResource, into: &writer)
    } catch  where error.code == .tooLarge {
      throw Refusal.tooLarge(resource)
    } catch {
      throw Refusal(message: "\(error)", node: error.node)
    }
    writer.withBytes { bytes in
      if let section = home.section {
        records.append(
          section: section, key: home.key, bytes: bytes, of: home.kind, home.documentID, sequence: sequence,
          origin: origin, input: input)
      } else {
        records.append(
          root: home.key, bytes: bytes, names: names, of: home.kind, home.documentID, sequence: sequence,
          origin: origin, input: input)
      }
    }
  }

  /// Where a resource has its home.
  func home(of resource: RecordResource, _ resolver: ReferenceResolver) -> Home {
    let tree = resource.tree
    func home(_ resolver: ReferenceResolver) -> Home {
      mappings.homes.home(of: tree, node: resource.node, id: resource.id, key: resource.key) {
        resolver.target(of: $0, ofType: $1, in: tree)?.id
      }
    }
    var home = home(resolver)
    if home.kind == .resource, let owner = mappings.homes.owner(of: tree, node: resource.node),
      let text = tree.child(KnownNames.r4.reference, of: owner.reference).map({ tree.string(at: $0) }),
      resolver.stored?.isOfSeveral(text) ?? false, let other = standingResolver(for: resource, resolver)
    {
      return self.home(of: resource, other)
    }
    if home.kind == .resource {
      if !prefix.isEmpty { home.documentID = home.key.withIDPrefix(prefix) }
    } else {
      home.documentID = documentID(home.documentID, home.kind)
    }
    return home
  }

  /// What those are called whom a resource names by a business identifier alone, and who decide which documents it is part of.
  func namesAsked(by resource: RecordResource, _ resolver: ReferenceResolver) -> [String] {
    let tree = resource.tree
    if let owner = mappings.homes.owner(of: tree, node: resource.node) {
      return resolver.namesAsked(by: owner.reference, in: tree, among: [owner.type])
    }
    guard resource.type == "Appointment" else { return [] }
    let names = KnownNames.r4
    return tree.children(of: resource.node).filter { tree.nodes[$0].name == names.participant }
      .compactMap { tree.child(names.actor, of: $0) }.flatMap { resolver.namesAsked(by: $0, in: tree) }
  }

  /// Whether only the document of its home gets a part of a resource.
  func staysIn(_ home: Home, _ resource: RecordResource) -> Bool {
    (encounterClasses.isEmpty || resource.type != "Encounter")
      && (home.section != nil || home.kind == .resource)
  }

  /// Adds the appointment that an Encounter becomes, if it does, with its links.
  private mutating func deriveAppointment(
    of tree: ResourceTree, node: Int, id: String, _ resolver: ReferenceResolver, _ sequence: UInt64,
    _ origin: Origin
  ) throws(Refusal) -> Bool {
    guard !encounterClasses.isEmpty, tree.rawText(node).elementsEqual("Encounter".utf8),
      let derived = EncounterAppointment(
        tree, node: node, id: id, classes: encounterClasses, resolver: resolver)
    else { return false }
    let document: BSONDocument
    do {
      document = try BSONDocument(derived.resource)
    } catch {
      throw Refusal(message: "no appointment can be made of it", node: node)
    }
    let appointment = prefix + derived.id
    document.withView { view in
      records.append(
        root: EncounterAppointment.type + "/" + derived.id, bytes: view.bytes, names: [], of: .appointment,
        appointment, sequence: sequence, origin: origin,
        input: max(ContentDigest.words(of: view.bytes).high, 1))
    }
    let link = AppointmentLink(id: appointment, start: derived.start)
    records.append(link: link, of: .patient, documentID(derived.patient.id, .patient), sequence: sequence)
    records.append(link: link, of: .chart, documentID(derived.patient.id, .chart), sequence: sequence)
    if let provider = derived.provider {
      records.append(link: link, of: .provider, documentID(provider.id, .provider), sequence: sequence)
    }
    return true
  }

  /// Makes the parts of a stored resource whose references were given their targets, or whose owner may be known now.
  ///
  /// - Parameter was: the kind of document that it is part of.
  /// - Returns: its home; nil where all stays as it is.
  mutating func parts(
    healed resource: BSONDocument, key: String, resolver: ReferenceResolver, origin: Origin, isChanged: Bool,
    was: DocumentKind, into parts: inout PartBuffer
  ) throws -> (kind: DocumentKind, id: String)? {
    let tree = try resource.withView { (view) throws(BSONError) in
      try ResourceDecoder(references: .resolved).decode(view)
    }
    let id = String(key.drop { $0 != "/" }.dropFirst())
    var home = mappings.homes.home(of: tree, node: 0, id: id, key: key) {
      resolver.target(of: $0, ofType: $1, in: tree)?.id
    }
    guard isChanged || home.kind != was else { return nil }
    home.documentID =
      home.kind == .resource ? home.key.withIDPrefix(prefix) : documentID(home.documentID, home.kind)
    var bytes = resource
    if home.section != nil, tree.child(KnownNames.r4.id, of: 0) == nil {
      // Within a section the item itself says what it is called.
      var fields = try resource.fields()
      var bookkeeping = fields["_fhirline"]?.fields ?? BSONFields()
      bookkeeping["key"] = .string(home.key)
      fields["_fhirline"] = nil
      fields.fields.insert(.init("_fhirline", .document(bookkeeping)), at: min(1, fields.fields.count))
      bytes = try BSONDocument(fields)
    }
    records.reset()
    bytes.withView { view in
      if let section = home.section {
        records.append(
          section: section, key: home.key, bytes: view.bytes, of: home.kind, home.documentID, sequence: 0,
          origin: origin)
      } else {
        let names = RecordResource(whole: tree).storedNames
        records.append(
          root: home.key, bytes: view.bytes, names: names, of: home.kind, home.documentID, sequence: 0,
          origin: origin)
      }
    }
    if home.kind == .appointment {
      _ = link(RecordResource(whole: tree), appointment: home.documentID, resolver: resolver, sequence: 0)
    }
    _ = try deriveAppointment(of: tree, node: 0, id: id, resolver, 0, origin)
    records.forEach { parts.append(record: $0.record) }
    return (home.kind, home.documentID)
  }

  /// Notes the name of the target of a reference that shows none itself.
  private mutating func note(
    targetOf path: InvertiblePath, in resource: RecordResource, _ resolver: ReferenceResolver,
    _ waits: inout [String]
  ) {
    let tree = resource.tree
    let names = KnownNames.r4
    guard let element = path.firstNode(in: tree, from: resource.node),
      tree.child(names.display, of: element) == nil,
      let reference = tree.child(names.reference, of: element),
      let target = resolver.target(of: element, in: tree)
    else { return }
    guard let name = resolver.name(of: target, documentID: target.type + "/" + prefix + target.id) else {
      waits.append(WaitingReferences.name(ofTarget: target.key))
      return
    }
    rewrites.append(node: reference, targetName: name)
  }

  /// Adds an appointment to the lists of its patient, of the patient's chart, and of its provider.
  ///
  /// - Returns: what participants are called who are named by a business identifier alone, and are not there.
  private mutating func link(
    _ resource: RecordResource, appointment: String, resolver: ReferenceResolver, sequence: UInt64
  ) -> [String] {
    var waits: [String] = []
    let tree = resource.tree
    let names = KnownNames.r4
    let start = tree.child(names.start, of: resource.node).map { tree.string(at: $0) } ?? ""
    let link = AppointmentLink(id: appointment, start: start)
    var seen: Set<String> = []
    for participant in tree.children(of: resource.node)
    where tree.nodes[participant].name == names.participant {
      guard let actor = tree.child(names.actor, of: participant) else { continue }
      guard let target = resolver.target(of: actor, in: tree) else {
        waits += resolver.namesAsked(by: actor, in: tree)
        continue
      }
      guard seen.insert(target.type + "/" + target.id).inserted else { continue }
      let id = documentID(target.id, target.type == "Patient" ? .patient : .provider)
      switch target.type {
      case "Patient":
        records.append(link: link, of: .patient, id, sequence: sequence)
        records.append(link: link, of: .chart, id, sequence: sequence)
      case "Practitioner":
        records.append(link: link, of: .provider, id, sequence: sequence)
      default: break
      }
    }
    return waits
  }
}

extension ReferenceResolver {
  /// The types that own documents, in the order in which they are tried where a business identifier alone tells whom it means.
  private static let owners = ["Patient", "Practitioner"]

  /// The resource of a type that a Reference element points to.
  func target(of element: Int, ofType type: String, in tree: ResourceTree) -> TargetIndex.Target? {
    target(of: element, in: tree, among: [type]).flatMap { $0.isOfType(type) ? $0 : nil }
  }

  /// What a Reference element points to, by its text or else by its identifier.
  ///
  /// - Parameter types: those that an identifier alone may mean, unless the reference tells its type.
  func target(
    of element: Int, in tree: ResourceTree, among types: [String] = ReferenceResolver.owners
  ) -> TargetIndex.Target? {
    let names = KnownNames.r4
    if let reference = tree.child(names.reference, of: element) {
      switch resolve(reference, in: tree) {
      case .asWritten(let target): return target
      case .target(let target, _): return target
      case .notFound, .unfit: return nil
      }
    }
    guard let node = tree.child(names.identifier, of: element),
      let identifier = ResourceIdentity.identifier(of: tree, at: node)
    else { return nil }
    let type = tree.child(names.type, of: element).map { tree.string(at: $0) }
    for candidate in type.map({ [$0] }) ?? types {
      if let target = resolve(type: candidate, identifier: identifier) { return target }
    }
    return nil
  }
}

extension ReferenceResolver {
  /// What a Reference asks for that names its target by a business identifier alone.
  ///
  /// - Parameter types: those that it may mean, unless it tells its type.
  fileprivate func namesAsked(
    by element: Int, in tree: ResourceTree, among types: [String] = ReferenceResolver.owners
  ) -> [String] {
    let names = KnownNames.r4
    guard tree.child(names.reference, of: element) == nil,
      let node = tree.child(names.identifier, of: element),
      let identifier = ResourceIdentity.identifier(of: tree, at: node)
    else { return [] }
    let type = tree.child(names.type, of: element).map { tree.string(at: $0) }
    return (type.map { [$0] } ?? types).map {
      TargetIndex.identifierName(type: $0, system: identifier.system, value: identifier.value)
    }
  }
}

extension ReferenceText {
  /// The name under which a target of the reference would be found; nil where nothing here could answer it.
  fileprivate static func name(writtenAs text: String) -> String? {
    if text.withUTF8Bytes({ isIdentifierName($0.assumingMemoryBound(to: UInt8.self)) }) { return text }
    return switch ReferenceText(text) {
    case .identifierSearch(let type, let system, let value):
      TargetIndex.identifierName(type: type, system: system, value: value)
    case .url: ReferenceText.unversioned(text)
    case .relative, .contained, .search: nil
    }
  }
}

extension String {
  /// `Type/id` with something before the id.
  fileprivate func withIDPrefix(_ prefix: String) -> String {
    guard let slash = firstIndex(of: "/") else { return prefix + self }
    return self[...slash] + prefix + self[index(after: slash)...]
  }
}
