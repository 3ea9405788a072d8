import BSON
import DocumentStore
import FHIRMapping

/// Joins what was noted of patients, charts, providers and appointments, one partition at a time.
struct DoctorJoins {
  let scan: DoctorScan
  let store: DocumentStore
  /// nil where nothing is to be changed.
  let repairs: DoctorRepairs?

  private struct Key: Hashable {
    let role: DoctorRecord.Role
    let id: String
  }

  /// A document that holds a resource.
  private struct Holder: Hashable {
    let kind: DocumentKind
    let id: String
  }

  private struct Group {
    var owners: [DoctorRecord.Owner] = []
    var visits: [DoctorRecord.Visit] = []
    var holders: [Holder] = []
    var pages: [(kind: DoctorRecord.Owner.Kind, id: String, number: Int64)] = []
  }

  /// An id that a document names, and that none of its own appointments has.
  private struct Stray {
    var finding: DoctorFinding
    let appointment: String
    let owner: Int?
  }

  /// - Parameter add: takes each finding, and whether it was put right.
  func join(_ records: SpillStore.Records, _ add: (DoctorFinding, DoctorRepair) -> Void) throws {
    var groups: [Key: Group] = [:]
    let repeated = DoctorJoins.repeatedResources(records)
    records.forEach { bytes in
      // Nearly all resources stand in one document, and need not be gathered to see it.
      let isPassed = bytes.withUnsafeBytes { DoctorJoin.resourceHash($0).map { !repeated.contains($0) } }
      if isPassed == true { return }
      let join = bytes.withUnsafeBytes { DoctorJoin($0) }
      let key = Key(role: join.role, id: join.key)
      switch join.record {
      case .owner(let owner): groups[key, default: Group()].owners.append(owner)
      case .visit(let visit): groups[key, default: Group()].visits.append(visit)
      case .holder(let kind, let id): groups[key, default: Group()].holders.append(Holder(kind: kind, id: id))
      case .page(let kind, let id, let number):
        groups[key, default: Group()].pages.append((kind, id, number))
      }
    }
    var partition = Partition()
    for (key, group) in groups { try examine(key, group, &partition, add) }
    try settle(&partition, add)
  }

  /// The hashes of resources that were noted more than once.
  private static func repeatedResources(_ records: SpillStore.Records) -> Set<UInt64> {
    var hashes: [UInt64] = []
    records.forEach { bytes in
      if let hash = bytes.withUnsafeBytes({ DoctorJoin.resourceHash($0) }) { hashes.append(hash) }
    }
    hashes.sort()
    var repeated: Set<UInt64> = []
    for (a, b) in zip(hashes, hashes.dropFirst()) where a == b { repeated.insert(a) }
    return repeated
  }

  /// Findings that wait for the end of the partition, and the documents to be put right.
  private struct Partition {
    var strays: [Stray] = []
    /// By document to be repaired: its findings.
    var findings: [[DoctorFinding]] = []
    var owners: [DoctorRepairs.Order] = []
  }

  private func collection(_ kind: DoctorRecord.Owner.Kind) -> String { scan.place(kind).collection }

  private func examine(
    _ key: Key, _ group: Group, _ partition: inout Partition, _ add: (DoctorFinding, DoctorRepair) -> Void
  ) throws {
    if key.role == .resource {
      guard group.holders.count > 1 else { return }
      for holder in Set(group.holders) {
        add(
          DoctorFinding(
            cause: .repeatedResource, collection: scan.collection(holder.kind), document: holder.id,
            other: key.id), .none)
      }
      return
    }
    let roles = scan.roles[.appointment]
    let main: DoctorRecord.Owner.Kind = key.role == .patient ? .patient : .provider
    if !group.owners.contains(where: { $0.kind == main }) {
      let field = key.role == .patient ? roles?.patient : roles?.provider
      for visit in group.visits where !visit.isFurther {
        add(
          DoctorFinding(
            cause: .danglingID, collection: scan.collection(.appointment), field: field, document: visit.id,
            other: key.id), .none)
      }
      for chart in group.owners where chart.kind == .chart {
        add(
          DoctorFinding(cause: .chartOfNobody, collection: collection(.chart), document: chart.id), .none)
      }
    } else if key.role == .patient {
      let charts = group.owners.filter { $0.kind == .chart }
      let embedded = group.owners.first { $0.kind == .embeddedChart }
      let isEmbedded = embedded != nil
      if charts.isEmpty, !isEmbedded {
        add(
          DoctorFinding(
            cause: .patientWithoutChart, collection: scan.collection(.patient), document: key.id), .none)
      }
      // Within the patient there may be a copy of the one in the collection, where the layout wants both.
      let isCopy = scan.layout == .both && charts.contains { $0.isCopied(by: embedded) }
      if isCopy, let embedded, !charts.contains(where: { $0.content == embedded.content }) {
        let detail =
          embedded.isChangedCopy
          ? "an application changed the copy" : "the chart was changed since the copy was made"
        add(
          DoctorFinding(
            cause: .copyDiffers, collection: scan.collection(.patient), field: ChartLayout.field,
            detail: detail, document: key.id), .none)
      }
      let isOne = !isEmbedded || isCopy
      // The one under the patient's own _id is the one to keep.
      let ranked = charts.sorted { ($0.id == key.id ? 0 : 1, $0.id) < ($1.id == key.id ? 0 : 1, $1.id) }
      for chart in ranked.dropFirst(isOne ? 1 : 0) {
        add(
          DoctorFinding(
            cause: .patientWithTwoCharts, collection: scan.collection(.patient), document: key.id,
            other: chart.id), .none)
      }
    }
    try examinePages(group, add)
    for owner in group.owners { examine(owner, of: key.id, group.visits, &partition) }
  }

  // MARK: Appointments

  /// Compares what a document says of its appointments with the appointments that name it.
  private func examine(
    _ owner: DoctorRecord.Owner, of subject: String, _ visits: [DoctorRecord.Visit],
    _ partition: inout Partition
  ) {
    guard let roles = scan.roles[owner.kind.documentKind] else { return }
    let prefix = owner.kind == .embeddedChart ? ChartLayout.field + "." : ""
    var findings: [DoctorFinding] = []
    func finding(
      _ cause: DoctorCause, _ field: String, other: String?, _ detail: String = ""
    ) -> DoctorFinding {
      DoctorFinding(
        cause: cause, collection: collection(owner.kind), field: prefix + field, detail: detail,
        document: owner.id, other: other, isDerived: true)
    }
    let number = partition.owners.count
    let known = Set(visits.map(\.id))
    var strays: [Stray] = []
    if let field = roles.appointments, !(owner.listed == nil && visits.isEmpty) {
      let listed = owner.listed ?? []
      var seen: Set<String> = []
      for id in listed {
        if !seen.insert(id).inserted {
          findings.append(finding(.repeatedID, field, other: id))
        } else if !known.contains(id) {
          strays.append(
            Stray(finding: finding(.oneSidedList, field, other: id), appointment: id, owner: number))
        }
      }
      for visit in visits where !seen.contains(visit.id) {
        findings.append(finding(.oneSidedList, field, other: visit.id))
      }
      if owner.listIsDrifted {
        findings.append(finding(.typeDrift, field, other: nil, "expected a list of texts"))
      }
    }
    if let field = roles.last, !(owner.last == nil && visits.isEmpty) {
      let newest = visits.max { ($0.moment ?? .min, $0.id) < ($1.moment ?? .min, $1.id) }
      if let last = owner.last {
        if let named = visits.first(where: { $0.id == last }) {
          // Of two at one moment either is the last.
          if named.moment != newest?.moment { findings.append(finding(.lastAppointment, field, other: last)) }
        } else {
          strays.append(
            Stray(finding: finding(.lastAppointment, field, other: last), appointment: last, owner: number))
        }
      } else {
        findings.append(finding(.lastAppointment, field, other: newest?.id))
      }
      if owner.lastIsDrifted { findings.append(finding(.typeDrift, field, other: nil, "expected a text")) }
    }
    guard !findings.isEmpty || !strays.isEmpty else { return }
    partition.strays += strays
    partition.findings.append(findings)
    partition.owners.append(DoctorRepairs.Order(owner: owner, subject: subject, visits: visits.map(\.id)))
  }

  /// Tells strays apart by whether there is such an appointment, and repairs what can be.
  private func settle(_ partition: inout Partition, _ add: (DoctorFinding, DoctorRepair) -> Void) throws {
    try store.withConnection { connection in
      let asked = Set(partition.strays.map(\.appointment)).sorted()
      var known: Set<String> = []
      try connection.find(asked, at: scan.visits, projection: ["_id": 1]) { id, _, _ in known.insert(id) }
      for stray in partition.strays {
        var finding = stray.finding
        if !known.contains(stray.appointment) { finding.cause = .danglingID }
        if let owner = stray.owner { partition.findings[owner].append(finding) }
      }
      let repaired = try repairs?.repair(partition.owners, connection) ?? [:]
      for (number, findings) in partition.findings.enumerated() {
        for finding in findings { add(finding, repaired[number] ?? .none) }
      }
    }
  }

  // MARK: Pages

  private func examinePages(_ group: Group, _ add: (DoctorFinding, DoctorRepair) -> Void) throws {
    // Further pages stand in the charts' collection, whichever layout charts have.
    let hasOwnChart = group.owners.contains { $0.kind == .chart }
    func owns(_ owner: DoctorRecord.Owner, _ kind: DoctorRecord.Owner.Kind) -> Bool {
      owner.kind == kind || kind == .chart && owner.kind == .embeddedChart && !hasOwnChart
    }
    for page in group.pages {
      let owner = group.owners.first { owns($0, page.kind) }
      if owner == nil || page.number > Int64(owner?.pages ?? 1) || page.number < 2 {
        add(
          DoctorFinding(cause: .leftOverPage, collection: collection(page.kind), document: page.id), .none)
      }
    }
    for owner in group.owners where owner.pages > 1 {
      // A copy of a chart has no pages of its own.
      if owner.kind == .embeddedChart, hasOwnChart { continue }
      let there = Set(group.pages.filter { owns(owner, $0.kind) }.map(\.number))
      let place = scan.place(owner.kind)
      // A number that no import writes is a damage of its own.
      let missing = (2...max(2, min(owner.pages, 100_000))).first { !there.contains(Int64($0)) }
      if let missing {
        add(
          DoctorFinding(
            cause: .missingPage, collection: place.pages, document: owner.id,
            other: "\(owner.id)#\(missing)"), .none)
        continue
      }
      let isAsHashed = try store.withConnection { connection in
        try PagedContent(of: owner.id, count: owner.pages, at: place, connection)?.isAsHashed ?? false
      }
      if !isAsHashed {
        add(
          DoctorFinding(
            cause: .hashMismatch, collection: place.collection, field: place.field, document: owner.id), .none
        )
      }
    }
  }
}

extension DoctorRecord.Owner.Kind {
  var documentKind: DocumentKind {
    switch self {
    case .patient: .patient
    case .chart, .embeddedChart: .chart
    case .provider: .provider
    }
  }
}
