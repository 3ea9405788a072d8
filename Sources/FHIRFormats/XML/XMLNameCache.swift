internal import CLibXML2
internal import FHIRModel

/// What an XML name stands for in FHIR: an element name, a resource type, or neither.
struct XMLName {
  /// The name as an element's; nil when the definition table knows no such element.
  var name: NameID?
  /// The name as a resource type's, as in `<contained><Patient>`.
  var resourceType: TypeID?
}

/// Finds names by the address of their text, for libxml2 keeps one copy of each name of a document.
///
/// The first sight of a name costs a look into the definition table, every later one a comparison of pointers.
struct XMLNameCache: ~Copyable {
  private var keys: UnsafeMutablePointer<UnsafePointer<xmlChar>?>
  private var names: UnsafeMutablePointer<XMLName>
  private var mask: Int
  private var count = 0
  private let table: DefinitionTable

  init(table: DefinitionTable) {
    self.table = table
    mask = 1023
    keys = .allocate(capacity: mask + 1)
    keys.initialize(repeating: nil, count: mask + 1)
    names = .allocate(capacity: mask + 1)
  }

  deinit {
    keys.deallocate()
    names.deallocate()
  }

  /// The meaning of a name that libxml2's dictionary holds.
  @inline(__always)
  mutating func lookUp(_ text: UnsafePointer<xmlChar>) -> XMLName {
    var slot = XMLNameCache.slot(of: text) & mask
    while let key = keys[slot] {
      if key == text { return names[slot] }
      slot = (slot &+ 1) & mask
    }
    return insert(text)
  }

  @inline(__always)
  private static func slot(of text: UnsafePointer<xmlChar>) -> Int {
    Int(truncatingIfNeeded: (UInt(bitPattern: text) &* 0x9E37_79B9_7F4A_7C15) >> 40)
  }

  private mutating func insert(_ text: UnsafePointer<xmlChar>) -> XMLName {
    if count * 2 > mask { grow() }
    let bytes = UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text)))
    let meaning = XMLName(name: table.nameID(bytes), resourceType: table.resourceTypeID(bytes))
    place(text, meaning)
    count += 1
    return meaning
  }

  private mutating func place(_ text: UnsafePointer<xmlChar>, _ meaning: XMLName) {
    var slot = XMLNameCache.slot(of: text) & mask
    while keys[slot] != nil { slot = (slot &+ 1) & mask }
    keys[slot] = text
    (names + slot).initialize(to: meaning)
  }

  private mutating func grow() {
    let (oldKeys, oldNames, oldCapacity) = (keys, names, mask + 1)
    mask = oldCapacity * 2 - 1
    keys = .allocate(capacity: mask + 1)
    keys.initialize(repeating: nil, count: mask + 1)
    names = .allocate(capacity: mask + 1)
    for slot in 0..<oldCapacity {
      if let key = oldKeys[slot] { place(key, oldNames[slot]) }
    }
    oldKeys.deallocate()
    oldNames.deallocate()
  }
}
