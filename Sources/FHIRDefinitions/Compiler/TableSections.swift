internal import CDefinitions

/// The sections of a table while it is being made: records are appended, strings and names are numbered.
struct TableSections {
  private var pool: [UInt8] = []
  private var strings = Section<definition_string>()
  private var stringIDs: [String: UInt32] = [:]
  private var names: [String] = []
  private var nameStrings = Section<UInt32>()
  private var nameIDs: [String: UInt16] = [:]

  var types = Section<definition_type>()
  var elements = Section<definition_element>()
  var typeRefs = Section<definition_type_ref>()
  var targets = Section<UInt16>()
  var children = Section<definition_child>()
  var bindings = Section<definition_binding>()
  var valueSets = Section<definition_value_set>()
  var codes = Section<definition_code>()
  var codeSlots = Section<UInt32>()
  var invariantRefs = Section<UInt16>()
  var invariants = Section<definition_invariant>()
  var packages = Section<definition_package>()

  /// Records of one size, one after another.
  struct Section<Record: BitwiseCopyable> {
    private(set) var records: [Record] = []

    var count: Int { records.count }

    mutating func append(_ record: Record) { records.append(record) }

    mutating func append(contentsOf more: [Record]) { records += more }

    subscript(index: Int) -> Record {
      get { records[index] }
      set { records[index] = newValue }
    }
  }

  init() {
    _ = string("")
    _ = name("")
  }

  // MARK: Numbering

  mutating func string(_ text: String) -> UInt32 {
    if let known = stringIDs[text] { return known }
    let id = UInt32(strings.count)
    strings.append(definition_string(offset: UInt32(pool.count), length: UInt32(text.utf8.count)))
    pool += text.utf8
    stringIDs[text] = id
    return id
  }

  /// The NameID of an element name, which may not reach those of unknown names; see `NameID.unknown`.
  mutating func name(_ text: String) -> UInt16 {
    if let known = nameIDs[text] { return known }
    let id = UInt16(truncatingIfNeeded: names.count)
    names.append(text)
    nameStrings.append(string(text))
    nameIDs[text] = id
    return id
  }

  var nameCount: Int { names.count }

  // MARK: Writing

  /// The table's bytes. `typeNames` and `valueSetURLs` are in the order of their records.
  mutating func bytes(typeNames: [String], valueSetURLs: [String]) -> [UInt8] {
    let typeSlots = Self.slots(for: typeNames.count, at: { Self.hash(typeNames[$0]) }).map { UInt16($0) }
    let valueSetSlots = Self.slots(for: valueSetURLs.count, at: { Self.hash(valueSetURLs[$0]) }).map {
      UInt16($0)
    }
    // Slots hold index + 1; a name's index less one makes that its id, and leaves out the empty name.
    let named = Array(names.dropFirst())
    let nameSlots = Self.slots(for: named.count, at: { Self.nameHash(named[$0]) }).map { UInt16($0) }

    var body: [UInt8] = []
    var ranges: [definition_range] = []
    let headerSize = (16 + Int(DEFINITION_SECTIONS.rawValue) * MemoryLayout<definition_range>.stride + 7) & ~7
    func add<Record: BitwiseCopyable>(_ records: [Record]) {
      ranges.append(definition_range(offset: UInt32(headerSize + body.count), count: UInt32(records.count)))
      records.withUnsafeBytes { body += $0 }
      body += repeatElement(0, count: -body.count & 7)
    }
    // In the order of `enum definition_section`.
    add(pool)
    add(strings.records)
    add(nameStrings.records)
    add(nameSlots)
    add(types.records)
    add(typeSlots)
    add(elements.records)
    add(typeRefs.records)
    add(targets.records)
    add(children.records)
    add(bindings.records)
    add(valueSets.records)
    add(valueSetSlots)
    add(codes.records)
    add(codeSlots.records)
    add(invariantRefs.records)
    add(invariants.records)
    add(packages.records)
    precondition(ranges.count == Int(DEFINITION_SECTIONS.rawValue), "a section of the table is not written")

    var table: [UInt8] = []
    table.reserveCapacity(headerSize + body.count)
    table += "FHIRLINE".utf8
    withUnsafeBytes(of: UInt32(DEFINITION_FORMAT).littleEndian) { table += $0 }
    withUnsafeBytes(of: UInt32(headerSize + body.count).littleEndian) { table += $0 }
    ranges.withUnsafeBytes { table += $0 }
    table += repeatElement(0, count: headerSize - table.count)
    return table + body
  }

  // MARK: Hash tables

  /// An open-addressing table of at least twice as many slots as entries, a power of two: index + 1, or 0.
  static func slots(for count: Int, at hash: (Int) -> UInt32) -> [UInt32] {
    var slots = [UInt32](repeating: 0, count: slotCount(for: count))
    for index in 0..<count {
      var slot = Int(hash(index)) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
    return slots
  }

  /// A power of two that leaves at least half of the slots free, so that every search ends soon.
  static func slotCount(for count: Int) -> Int {
    var size = 2
    while size < 2 * count { size *= 2 }
    return size
  }

  static func hash(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { definition_hash($0.baseAddress, $0.count) }
  }

  private static func nameHash(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { definition_name_hash($0.baseAddress, $0.count) }
  }
}
