import BSON
import FHIRMapping

/// What the doctor notes of documents on its way through the collections, to be joined by the id of a patient or provider.
enum DoctorRecord {
  /// Whose relations a record belongs to.
  enum Role: UInt8 {
    case patient, provider
    /// A resource in a section, by its key.
    case resource

    /// What its documents are; nil for resources.
    var documents: DocumentKind? {
      switch self {
      case .patient: .patient
      case .provider: .provider
      case .resource: nil
      }
    }
  }

  /// A patient, chart or provider as it stands.
  struct Owner {
    enum Kind: UInt8 {
      case patient, chart, provider
      /// A chart within its patient's document.
      case embeddedChart
    }

    var kind: Kind
    var id: String
    /// An `_id` that is no text, in a document.
    var otherID: BSONDocument?
    /// The ids that its list of appointments names; nil where it has none.
    var listed: [String]?
    /// Whether the list is not as import writes it: one value, numbers.
    var listIsDrifted = false
    /// The last appointment as noted.
    var last: String?
    var lastIsDrifted = false
    var pages = 1
    /// Stands for what a chart says, where charts have copies; 0 elsewhere.
    var content: Int64 = 0
    /// Whether an import wrote a chart, where charts have copies.
    var isImported = false
    /// Whether an application changed the copy of a chart.
    var isChangedCopy = false

    /// Whether a chart within its patient is a copy of this one, of whatever age.
    func isCopied(by other: Owner?) -> Bool {
      guard let other else { return false }
      return isImported == other.isImported && (isImported || content == other.content)
    }

    var rawID: BSONValue { (try? otherID?.fields()["_id"]) ?? .string(id) }
  }

  /// An appointment, as its patient or its provider should know it.
  struct Visit {
    var id: String
    /// Milliseconds since 1970; nil where no time is known.
    var moment: Int64?
    /// Whether it only has them among its further participants, and not as the one patient or provider that the platform knows.
    var isFurther = false
  }

  case owner(Owner)
  case visit(Visit)
  /// A document that holds a resource.
  case holder(DocumentKind, id: String)
  /// A further page of a document, by its `_id`.
  case page(Owner.Kind, id: String, number: Int64)
}

/// A record with the id that it is joined by.
struct DoctorJoin {
  var role: DoctorRecord.Role
  var key: String
  var record: DoctorRecord

  func encode(into bytes: inout [UInt8]) {
    bytes.append(role.rawValue)
    DoctorJoin.append(key, to: &bytes)
    switch record {
    case .owner(let owner):
      bytes.append(0)
      bytes.append(owner.kind.rawValue)
      bytes.append(
        (owner.listIsDrifted ? 1 : 0) | (owner.lastIsDrifted ? 2 : 0) | (owner.isImported ? 4 : 0)
          | (owner.isChangedCopy ? 8 : 0))
      DoctorJoin.append(Int64(owner.pages), to: &bytes)
      DoctorJoin.append(owner.content, to: &bytes)
      DoctorJoin.append(owner.id, to: &bytes)
      DoctorJoin.append(Int64(owner.otherID?.count ?? 0), to: &bytes)
      owner.otherID?.withView { bytes.append(contentsOf: $0.bytes) }
      bytes.append(owner.last == nil ? 0 : 1)
      if let last = owner.last { DoctorJoin.append(last, to: &bytes) }
      DoctorJoin.append(Int64(owner.listed?.count ?? -1), to: &bytes)
      for id in owner.listed ?? [] { DoctorJoin.append(id, to: &bytes) }
    case .visit(let visit):
      bytes.append(1)
      bytes.append(visit.isFurther ? 1 : 0)
      DoctorJoin.append(visit.moment ?? .min, to: &bytes)
      DoctorJoin.append(visit.id, to: &bytes)
    case .page(let kind, let id, let number):
      bytes.append(2)
      bytes.append(kind.rawValue)
      DoctorJoin.append(number, to: &bytes)
      DoctorJoin.append(id, to: &bytes)
    case .holder(let kind, let id):
      bytes.append(3)
      DoctorJoin.append(kind.rawValue, to: &bytes)
      DoctorJoin.append(id, to: &bytes)
    }
  }

  /// Reads what `encode` wrote within this process: it trusts its lengths.
  init(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    func byte() -> UInt8 {
      defer { at += 1 }
      return bytes[at]
    }
    func number() -> Int64 {
      defer { at += 8 }
      return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
    }
    func text() -> String {
      let count = Int(number())
      defer { at += count }
      return String(decoding: bytes[at..<at + count], as: UTF8.self)
    }
    func document() -> BSONDocument? {
      let count = Int(number())
      guard count > 0 else { return nil }
      defer { at += count }
      return try? BSONDocument(copying: BSONView(UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])))
    }
    // One of the roles that there are.
    role = DoctorRecord.Role(rawValue: byte()) ?? .patient
    key = text()
    switch byte() {
    case 0:
      let kind = DoctorRecord.Owner.Kind(rawValue: byte()) ?? .patient
      let flags = byte()
      let pages = Int(number())
      let content = number()
      let own = text()
      let otherID = document()
      let last = byte() == 1 ? text() : nil
      let count = number()
      let listed = count < 0 ? nil : (0..<count).map { _ in text() }
      record = .owner(
        DoctorRecord.Owner(
          kind: kind, id: own, otherID: otherID, listed: listed, listIsDrifted: flags & 1 != 0, last: last,
          lastIsDrifted: flags & 2 != 0, pages: pages, content: content, isImported: flags & 4 != 0,
          isChangedCopy: flags & 8 != 0))
    case 1:
      let isFurther = byte() == 1
      let moment = number()
      record = .visit(
        DoctorRecord.Visit(id: text(), moment: moment == .min ? nil : moment, isFurther: isFurther))
    case 3:
      let kind = DocumentKind(rawValue: text()) ?? .chart
      record = .holder(kind, id: text())
    default:
      let kind = DoctorRecord.Owner.Kind(rawValue: byte()) ?? .patient
      let place = number()
      record = .page(kind, id: text(), number: place)
    }
  }

  /// A hash of the key of what `encode` wrote of a resource; nil for what else it wrote.
  static func resourceHash(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard bytes.first == DoctorRecord.Role.resource.rawValue else { return nil }
    let count = Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 1, as: Int64.self)))
    return NameHash.of(UnsafeRawBufferPointer(rebasing: bytes[9..<9 + count]))
  }

  init(_ role: DoctorRecord.Role, _ key: String, _ record: DoctorRecord) {
    self.role = role
    self.key = key
    self.record = record
  }

  private static func append(_ number: Int64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { utf8 in
      append(Int64(utf8.count), to: &bytes)
      bytes.append(contentsOf: utf8)
    }
  }
}
