public import CDefinitions

/// The number of a type in a ``DefinitionTable``: a primitive, a datatype, a backbone element or a resource.
@frozen
@usableFromInline
package struct TypeID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package let rawValue: UInt16

  @inlinable
  package init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// What FHIR's definitions say about types and elements, as records that are read in place.
///
/// The core definitions are embedded in the binary (``r4``); nothing is decoded at start. A table is made by the
/// FHIRDefinitions target from official packages; its layout is in `CDefinitions.h`.
@frozen
@usableFromInline
package struct DefinitionTable: @unchecked Sendable {
  // Safe to share: the bytes are never written after the table was made, and live as long as the process.

  @usableFromInline let base: UnsafeRawPointer

  /// A table over bytes that stay alive and unchanged as long as the process runs; nil when they are no table.
  ///
  /// Looks at the header alone: of bytes that were not compiled by this build, ask ``isSound`` before anything else.
  package init?(immortal bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, Int(bitPattern: base) & 7 == 0,
      bytes.count >= MemoryLayout<definition_header>.size, bytes.prefix(8).elementsEqual("FHIRLINE".utf8)
    else { return nil }
    let header = base.assumingMemoryBound(to: definition_header.self).pointee
    guard header.format == UInt32(DEFINITION_FORMAT), header.size == UInt32(bytes.count) else { return nil }
    self.base = base
    guard hasSectionsWithin(bytes.count) else { return nil }
  }

  /// A table that was compiled when the program ran; nil when the bytes are no sound table.
  ///
  /// Keeps a copy of the bytes as long as the process runs: meant for the few tables of a run, not for many.
  package init?(keeping bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 8), alignment: 8)
    copy.copyBytes(from: bytes)
    guard let table = DefinitionTable(immortal: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])),
      table.isSound
    else {
      copy.deallocate()
      return nil
    }
    self = table
  }

  /// The definitions of FHIR R4 (4.0.1).
  package static let r4: DefinitionTable = {
    guard let table = embedded else {
      preconditionFailure("the embedded definition table is not of this format: run make tables")
    }
    return table
  }()

  /// ``r4`` for the tool that makes it: nil where its format has changed and the table is still to be made.
  package static var embedded: DefinitionTable? {
    DefinitionTable(
      immortal: UnsafeRawBufferPointer(start: definitions_r4_bytes(), count: definitions_r4_size()))
  }

  /// Whether this is ``r4``.
  package var isEmbedded: Bool { base == UnsafeRawPointer(definitions_r4_bytes()) }

  // MARK: Sections

  @inlinable
  func section<Record>(_ section: definition_section, of: Record.Type) -> UnsafeBufferPointer<Record> {
    let ranges = (base + 16).assumingMemoryBound(to: definition_range.self)
    let range = ranges[Int(section.rawValue)]
    return UnsafeBufferPointer(
      start: (base + Int(range.offset)).assumingMemoryBound(to: Record.self), count: Int(range.count))
  }

  @inlinable
  package var types: UnsafeBufferPointer<definition_type> {
    section(DEFINITION_TYPES, of: definition_type.self)
  }
  @inlinable
  package var elements: UnsafeBufferPointer<definition_element> {
    section(DEFINITION_ELEMENTS, of: definition_element.self)
  }
  @inlinable
  package var typeRefs: UnsafeBufferPointer<definition_type_ref> {
    section(DEFINITION_TYPE_REFS, of: definition_type_ref.self)
  }
  @inlinable
  package var targets: UnsafeBufferPointer<UInt16> { section(DEFINITION_TARGETS, of: UInt16.self) }
  @inlinable
  package var bindings: UnsafeBufferPointer<definition_binding> {
    section(DEFINITION_BINDINGS, of: definition_binding.self)
  }
  @inlinable
  package var valueSets: UnsafeBufferPointer<definition_value_set> {
    section(DEFINITION_VALUE_SETS, of: definition_value_set.self)
  }
  @inlinable
  package var codes: UnsafeBufferPointer<definition_code> {
    section(DEFINITION_CODES, of: definition_code.self)
  }
  @inlinable
  package var invariantRefs: UnsafeBufferPointer<UInt16> {
    section(DEFINITION_INVARIANT_REFS, of: UInt16.self)
  }
  @inlinable
  package var invariants: UnsafeBufferPointer<definition_invariant> {
    section(DEFINITION_INVARIANTS, of: definition_invariant.self)
  }

  // MARK: Strings and names

  /// The UTF-8 bytes of a string of the table.
  @inlinable
  package func bytes(ofString index: UInt32) -> UnsafeBufferPointer<UInt8> {
    let range = section(DEFINITION_STRINGS, of: definition_string.self)[Int(index)]
    let pool = section(DEFINITION_STRING_BYTES, of: UInt8.self)
    return UnsafeBufferPointer(rebasing: pool[Int(range.offset)..<Int(range.offset) + Int(range.length)])
  }

  package func string(_ index: UInt32) -> String { String(decoding: bytes(ofString: index), as: UTF8.self) }

  package var nameCount: Int { section(DEFINITION_NAMES, of: UInt32.self).count }

  /// The UTF-8 bytes of a known element name.
  @inlinable
  package func bytes(of name: NameID) -> UnsafeBufferPointer<UInt8> {
    bytes(ofString: section(DEFINITION_NAMES, of: UInt32.self)[Int(name.rawValue)])
  }

  package func string(of name: NameID) -> String { String(decoding: bytes(of: name), as: UTF8.self) }

  /// The id of an element name, or nil if no R4 element is called so. The empty name has none.
  @inlinable
  package func nameID(_ name: UnsafeBufferPointer<UInt8>) -> NameID? {
    let slots = section(DEFINITION_NAME_SLOTS, of: UInt16.self)
    let mask = slots.count &- 1
    var slot = Int(definition_name_hash(name.baseAddress, name.count)) & mask
    while true {
      let id = slots[slot]
      if id == 0 { return nil }
      let known = bytes(of: NameID(rawValue: id))
      if known.count == name.count && memoryEqual(known.baseAddress, name.baseAddress, name.count) {
        return NameID(rawValue: id)
      }
      slot = (slot &+ 1) & mask
    }
  }

  package func nameID(_ name: String) -> NameID? {
    var name = name
    return name.withUTF8 { nameID($0) }
  }

  // MARK: Types and their elements

  @inlinable
  package func typeID(_ name: UnsafeBufferPointer<UInt8>) -> TypeID? {
    let slots = section(DEFINITION_TYPE_SLOTS, of: UInt16.self)
    let mask = slots.count &- 1
    var slot = Int(definition_hash(name.baseAddress, name.count)) & mask
    while true {
      let entry = slots[slot]
      if entry == 0 { return nil }
      let known = bytes(ofString: types[Int(entry) - 1].name)
      if known.count == name.count && memoryEqual(known.baseAddress, name.baseAddress, name.count) {
        return TypeID(rawValue: entry - 1)
      }
      slot = (slot &+ 1) & mask
    }
  }

  package func typeID(_ name: String) -> TypeID? {
    var name = name
    return name.withUTF8 { typeID($0) }
  }

  @inlinable
  package subscript(type: TypeID) -> definition_type { types[Int(type.rawValue)] }

  package func name(of type: TypeID) -> String { string(self[type].name) }

  /// A concrete resource type's id, or nil for other types and unknown names.
  package func resourceTypeID(_ name: UnsafeBufferPointer<UInt8>) -> TypeID? {
    guard let id = typeID(name), self[id].kind == UInt8(DEFINITION_RESOURCE.rawValue),
      self[id].flags & UInt8(TYPE_ABSTRACT) == 0
    else { return nil }
    return id
  }

  /// The elements of a type, inherited ones included, in the order of its definition.
  @inlinable
  package func elements(of type: TypeID) -> UnsafeBufferPointer<definition_element> {
    let record = self[type]
    let first = Int(record.first_element)
    return UnsafeBufferPointer(rebasing: elements[first..<first + Int(record.element_count)])
  }

  /// What a name stands for within a type: the element, and for a choice which of its types.
  @frozen
  @usableFromInline
  package struct Child {
    /// Index into ``DefinitionTable/elements``.
    @usableFromInline package let element: Int
    /// Index into ``DefinitionTable/typeRefs``.
    @usableFromInline package let typeRef: Int

    @inlinable
    init(element: Int, typeRef: Int) {
      self.element = element
      self.typeRef = typeRef
    }
  }

  /// The element that a type has under a name, as JSON and XML write it (`valueQuantity`); nil if it has none.
  @inlinable
  package func child(_ name: NameID, of type: TypeID) -> Child? {
    let record = self[type]
    let slots = section(DEFINITION_CHILD_SLOTS, of: definition_child.self)
    let first = Int(record.first_child_slot)
    let mask = Int(record.child_slot_mask)
    var slot = Int(definition_child_hash(name.rawValue)) & mask
    while true {
      let entry = slots[first &+ slot]
      if entry.name == name.rawValue && entry.name != 0 {
        let element = Int(entry.element)
        return Child(
          element: element, typeRef: Int(elements[element].first_type_ref) &+ Int(entry.type_ref))
      }
      if entry.name == 0 { return nil }
      slot = (slot &+ 1) & mask
    }
  }

  /// The type of what stands in a child.
  @inlinable
  package func type(of child: Child) -> TypeID { TypeID(rawValue: typeRefs[child.typeRef].type) }
}

/// Whether two stretches of memory of one length hold the same bytes.
@inlinable
@inline(__always)
package func memoryEqual(_ a: UnsafePointer<UInt8>?, _ b: UnsafePointer<UInt8>?, _ count: Int) -> Bool {
  guard count > 0, let a, let b else { return true }
  var i = 0
  while i &+ 8 <= count {
    if UnsafeRawPointer(a + i).loadUnaligned(as: UInt64.self)
      != UnsafeRawPointer(b + i).loadUnaligned(as: UInt64.self)
    {
      return false
    }
    i &+= 8
  }
  while i < count {
    if a[i] != b[i] { return false }
    i &+= 1
  }
  return true
}
