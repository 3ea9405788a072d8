internal import CDefinitions

extension DefinitionTable {
  /// Whether every section lies within the table, and every hash table has a power of two of slots.
  func hasSectionsWithin(_ size: Int) -> Bool {
    for raw in 0..<DEFINITION_SECTIONS.rawValue {
      let section = definition_section(rawValue: raw)
      let range = range(of: section)
      guard range.offset & 7 == 0, Int(range.offset) >= MemoryLayout<definition_header>.size,
        Int(range.offset) + Int(range.count) * Self.stride(of: section) <= size
      else { return false }
    }
    for section in [DEFINITION_NAME_SLOTS, DEFINITION_TYPE_SLOTS, DEFINITION_VALUE_SET_SLOTS] {
      let count = range(of: section).count
      guard count > 0, count & (count - 1) == 0 else { return false }
    }
    return true
  }

  /// Whether every number in the table leads somewhere within it, every hash table has a free slot (so that searches
  /// end) and every chain of bases ends. A table that is sound can be read without a fault, whatever it says.
  package var isSound: Bool {
    hasSoundStrings && hasSoundTypes && hasSoundElements && hasSoundTerminology
  }

  private func range(of section: definition_section) -> definition_range {
    (base + 16).assumingMemoryBound(to: definition_range.self)[Int(section.rawValue)]
  }

  private static func stride(of section: definition_section) -> Int {
    switch section {
    case DEFINITION_STRING_BYTES: 1
    case DEFINITION_STRINGS: MemoryLayout<definition_string>.stride
    case DEFINITION_TYPES: MemoryLayout<definition_type>.stride
    case DEFINITION_ELEMENTS: MemoryLayout<definition_element>.stride
    case DEFINITION_TYPE_REFS: MemoryLayout<definition_type_ref>.stride
    case DEFINITION_CHILD_SLOTS: MemoryLayout<definition_child>.stride
    case DEFINITION_BINDINGS: MemoryLayout<definition_binding>.stride
    case DEFINITION_VALUE_SETS: MemoryLayout<definition_value_set>.stride
    case DEFINITION_CODES: MemoryLayout<definition_code>.stride
    case DEFINITION_INVARIANTS: MemoryLayout<definition_invariant>.stride
    case DEFINITION_PACKAGES: MemoryLayout<definition_package>.stride
    case DEFINITION_NAMES, DEFINITION_CODE_SLOTS: 4
    default: 2
    }
  }

  // MARK: Parts

  private var hasSoundStrings: Bool {
    let strings = section(DEFINITION_STRINGS, of: definition_string.self)
    let pool = Int(range(of: DEFINITION_STRING_BYTES).count)
    let names = section(DEFINITION_NAMES, of: UInt32.self)
    let slots = section(DEFINITION_NAME_SLOTS, of: UInt16.self)
    return strings.allSatisfy { Int($0.offset) + Int($0.length) <= pool }
      && 1..<Int(NameID.unknown) ~= names.count && names.allSatisfy(isString)
      && slots.contains(0) && slots.allSatisfy { Int($0) < names.count }
      && section(DEFINITION_PACKAGES, of: definition_package.self).allSatisfy {
        isString($0.name) && isString($0.version)
      }
  }

  private var hasSoundTypes: Bool {
    let slots = section(DEFINITION_TYPE_SLOTS, of: UInt16.self)
    guard types.count < Int(DEFINITION_NONE), slots.contains(0), slots.allSatisfy({ Int($0) <= types.count })
    else { return false }
    for type in types {
      guard isString(type.name), isString(type.url), isType(type.base, orNone: true),
        type.kind <= DEFINITION_RESOURCE.rawValue, type.grammar <= GRAMMAR_XHTML.rawValue,
        type.binding <= UInt32(bindings.count),
        holds(elements.count, type.first_element, Int(type.element_count)),
        holds(invariantRefs.count, type.first_invariant_ref, Int(type.invariant_count)),
        hasSoundChildren(type)
      else { return false }
    }
    for index in types.indices {
      var next = types[index].base
      var steps = 0
      while next != UInt16(DEFINITION_NONE) {
        steps += 1
        guard steps <= types.count else { return false }
        next = types[Int(next)].base
      }
    }
    return true
  }

  private func hasSoundChildren(_ type: definition_type) -> Bool {
    let slots = section(DEFINITION_CHILD_SLOTS, of: definition_child.self)
    let count = Int(type.child_slot_mask) + 1
    guard count & (count - 1) == 0, holds(slots.count, type.first_child_slot, count) else { return false }
    var free = false
    for child in slots[Int(type.first_child_slot)..<Int(type.first_child_slot) + count] {
      guard child.name != 0 else {
        free = true
        continue
      }
      guard isName(child.name), Int(child.element) < elements.count,
        child.type_ref < elements[Int(child.element)].type_ref_count
      else { return false }
    }
    return free
  }

  private var hasSoundElements: Bool {
    for element in elements {
      guard isName(element.name), isType(element.owner), isString(element.path),
        element.binding <= UInt32(bindings.count),
        holds(typeRefs.count, element.first_type_ref, Int(element.type_ref_count)),
        holds(invariantRefs.count, element.first_invariant_ref, Int(element.invariant_count))
      else { return false }
    }
    return typeRefs.allSatisfy {
      isType($0.type) && isName($0.json_name) && isType($0.profile, orNone: true)
        && holds(targets.count, $0.first_target, Int($0.target_count))
    }
      && targets.allSatisfy { isType($0) }
      && invariantRefs.allSatisfy { Int($0) < invariants.count }
      && invariants.allSatisfy { isString($0.key) && isString($0.expression) && isString($0.source) }
  }

  private var hasSoundTerminology: Bool {
    let urlSlots = section(DEFINITION_VALUE_SET_SLOTS, of: UInt16.self)
    let slots = section(DEFINITION_CODE_SLOTS, of: UInt32.self)
    guard urlSlots.contains(0), urlSlots.allSatisfy({ Int($0) <= valueSets.count }) else { return false }
    for binding in bindings {
      guard Int(binding.value_set) < valueSets.count, Int(binding.max_value_set) <= valueSets.count,
        binding.strength <= BINDING_REQUIRED.rawValue
      else { return false }
    }
    for set in valueSets {
      guard isString(set.url), isString(set.version), set.codes <= CODES_ANY.rawValue,
        holds(codes.count, set.first_code, Int(set.code_count))
      else { return false }
      guard set.codes == CODES_LISTED.rawValue else { continue }
      let count = Int(set.slot_mask) + 1
      guard count & (count - 1) == 0, holds(slots.count, set.first_slot, count) else { return false }
      let own = slots[Int(set.first_slot)..<Int(set.first_slot) + count]
      guard own.contains(0), own.allSatisfy({ $0 <= set.code_count }) else { return false }
    }
    return codes.allSatisfy { isString($0.system) && isString($0.code) }
  }

  // MARK: Numbers

  private func isString(_ index: UInt32) -> Bool { index < range(of: DEFINITION_STRINGS).count }

  private func isName(_ index: UInt16) -> Bool { index < range(of: DEFINITION_NAMES).count }

  private func isType(_ index: UInt16, orNone: Bool = false) -> Bool {
    Int(index) < types.count || orNone && index == UInt16(DEFINITION_NONE)
  }

  private func holds(_ count: Int, _ first: UInt32, _ length: Int) -> Bool { Int(first) + length <= count }
}
