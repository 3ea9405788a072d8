import CDefinitions
import FHIRDefinitions
import FHIRModel
import FHIRTerminology

/// What a name asks, within one type, of the node that bears it; laid out for one look per node.
struct PlanChild {
  /// 0 is an empty slot.
  var name: UInt16
  /// The value's type.
  var type: UInt16
  /// The kind and marks that a well-formed node has, from JSON and from XML; any other takes the careful
  /// path.
  var json: UInt16
  var xml: UInt16
  var element: UInt32
  var typeRef: UInt32
  /// The element's bit in a frame's masks.
  var order: UInt8
  var grammar: UInt8
  var shape: Shape
  var marks: Marks

  enum Shape: UInt8 { case primitive, complex, resource }

  struct Marks: OptionSet {
    let rawValue: UInt8
    /// The element may stand more than once.
    static let repeats = Marks(rawValue: 1)
    /// A code that can be judged: by a binding of its element, or by the system that it names.
    static let binding = Marks(rawValue: 2)
    static let reference = Marks(rawValue: 4)
    static let bundleEntry = Marks(rawValue: 8)
    static let contained = Marks(rawValue: 16)
    /// `Element.id`, which may not hold white space.
    static let elementID = Marks(rawValue: 32)
    /// A uri, url or canonical, which may name a contained resource.
    static let local = Marks(rawValue: 64)
    /// Invariants that are the element's, not its type's.
    static let invariant = Marks(rawValue: 128)
    /// Marks that ask for a rule of their own once the node's form is right.
    static let special: Marks = [.binding, .reference, .bundleEntry, .contained, .elementID]
  }

  static let empty = PlanChild(
    name: 0, type: 0, json: 0, xml: 0, element: 0, typeRef: 0, order: 0, grammar: 0, shape: .complex,
    marks: [])
}

/// A type's cardinalities as bit masks over its elements, and its slice of the plan's slots.
struct PlanType {
  /// Elements that must stand.
  var required: UInt64
  /// Elements that may stand once, or not at all.
  var single: UInt64
  /// Elements that may not stand at all: those that a profile such as SimpleQuantity takes from its datatype.
  var forbidden: UInt64
  var firstSlot: UInt32
  var slotMask: UInt32

  /// The slot at which the search for a name begins.
  @inline(__always)
  func slot(of name: UInt16) -> Int {
    Int(firstSlot) &+ Int(definition_child_hash(name) & slotMask)
  }

  @inline(__always)
  func slot(after slot: Int) -> Int {
    Int(firstSlot) &+ ((slot &- Int(firstSlot) &+ 1) & Int(slotMask))
  }
}

/// The definition table made ready for the walk: immutable, shared by every thread.
final class ValidationPlan: @unchecked Sendable {
  // Safe to share: the memory is written in `init` only.

  let table: DefinitionTable
  let names: Names
  let types: UnsafePointer<PlanType>
  let children: UnsafePointer<PlanChild>
  private let elementDefinition: TypeID?
  /// Bundle; a number that no type has where a table lacks it.
  let bundle: TypeID
  let attachment: TypeID
  let questionnaire: TypeID
  let resourceRules: ResourceRules

  /// The marks and the kind that `PlanChild.json` and `.xml` are compared by.
  static let formMask =
    0xF | NodeFlags.item.rawValue | NodeFlags.attribute.rawValue | NodeFlags.companion.rawValue

  /// Names that rules look for.
  struct Names {
    let id, reference, type, coding, code, system, resource, request, response, fullUrl, contained,
      method, search, meta, versionID, lastUpdated, security, data, size, item, linkID,
      enableWhen, question, mode, url, experimental: NameID

    init(table: DefinitionTable) {
      func id(_ name: String) -> NameID {
        guard let id = table.nameID(name) else { preconditionFailure("no element is called \(name)") }
        return id
      }
      self.id = id("id")
      reference = id("reference")
      type = id("type")
      coding = id("coding")
      code = id("code")
      system = id("system")
      resource = id("resource")
      request = id("request")
      response = id("response")
      fullUrl = id("fullUrl")
      contained = id("contained")
      method = id("method")
      search = id("search")
      meta = id("meta")
      versionID = id("versionId")
      lastUpdated = id("lastUpdated")
      security = id("security")
      data = id("data")
      size = id("size")
      item = id("item")
      linkID = id("linkId")
      enableWhen = id("enableWhen")
      question = id("question")
      mode = id("mode")
      url = id("url")
      experimental = id("experimental")
    }
  }

  let terminology: Terminology
  let codedNames: CodedNames
  /// The table's bindings by their numbers; nil for those that no code can break.
  private let bindings: [CodeBinding?]

  init(table: DefinitionTable, terminology: Terminology, definitions: ConformanceStore) {
    self.table = table
    resourceRules = ResourceRules(table: table, terminology: terminology, definitions: definitions)
    self.terminology = terminology
    codedNames = CodedNames(table: table)
    bindings = table.bindings.map { CodeBinding($0, table, terminology) }
    names = Names(table: table)
    elementDefinition = table.typeID("ElementDefinition")
    let none = TypeID(rawValue: UInt16(DEFINITION_NONE))
    bundle = table.typeID("Bundle") ?? none
    attachment = table.typeID("Attachment") ?? none
    questionnaire = table.typeID("Questionnaire") ?? none
    let slotCount = table.types.map { Int($0.first_child_slot) + Int($0.child_slot_mask) + 1 }.max() ?? 0
    let types = UnsafeMutablePointer<PlanType>.allocate(capacity: max(table.types.count, 1))
    let children = UnsafeMutablePointer<PlanChild>.allocate(capacity: max(slotCount, 1))
    children.initialize(repeating: .empty, count: slotCount)
    let compiler = ChildCompiler(table: table, names: names, codedNames: codedNames, bindings: bindings)
    for (index, record) in table.types.enumerated() {
      precondition(record.element_count <= 64, "a type has more elements than the plan's masks have bits")
      var type = PlanType(
        required: 0, single: 0, forbidden: 0, firstSlot: record.first_child_slot,
        slotMask: UInt32(record.child_slot_mask))
      for order in 0..<Int(record.element_count) {
        let element = table.elements[Int(record.first_element) + order]
        if element.min > 0 { type.required |= 1 << UInt64(order) }
        if element.max <= 1 { type.single |= 1 << UInt64(order) }
        if element.max == 0 { type.forbidden |= 1 << UInt64(order) }
        for ref in 0..<Int(element.type_ref_count) {
          let child = compiler.child(
            Int(record.first_element) + order, typeRef: Int(element.first_type_ref) + ref)
          var slot = type.slot(of: child.name)
          while children[slot].name != 0, children[slot].name != child.name { slot = type.slot(after: slot) }
          if children[slot].name == 0 { children[slot] = child }
        }
      }
      (types + index).initialize(to: type)
    }
    self.types = UnsafePointer(types)
    self.children = UnsafePointer(children)
  }

  /// The binding of an element, or else of its type as a whole (Age, Distance, Duration).
  func binding(of child: PlanChild) -> CodeBinding? {
    let element = table.elements[Int(child.element)].binding
    if element != 0 { return bindings[Int(element) - 1] }
    let type = table.types[Int(child.type)].binding
    return type == 0 ? nil : bindings[Int(type) - 1]
  }

  /// How a bound element bears its code.
  func form(of child: PlanChild) -> CodedForm? {
    child.shape == .primitive ? .code : codedNames.form(of: TypeID(rawValue: child.type), table)
  }

  func isElementDefinition(_ type: TypeID) -> Bool { type == elementDefinition }

  deinit {
    types.deallocate()
    children.deallocate()
  }
}

/// Compiles what stands under one name of a type.
private struct ChildCompiler {
  let table: DefinitionTable
  let names: ValidationPlan.Names
  let codedNames: CodedNames
  let bindings: [CodeBinding?]
  let reference: TypeID?
  let bundleEntry: TypeID?

  init(
    table: DefinitionTable, names: ValidationPlan.Names, codedNames: CodedNames, bindings: [CodeBinding?]
  ) {
    self.table = table
    self.names = names
    self.codedNames = codedNames
    self.bindings = bindings
    reference = table.typeID("Reference")
    bundleEntry = table.typeID("Bundle.entry")
  }

  func child(_ index: Int, typeRef: Int) -> PlanChild {
    let element = table.elements[index]
    let ref = table.typeRefs[typeRef]
    // A profile that counts as a datatype has the datatype's elements, some of them forbidden.
    let type = TypeID(rawValue: ref.profile == UInt16(DEFINITION_NONE) ? ref.type : ref.profile)
    let record = table[type]
    var child = PlanChild(
      name: ref.json_name, type: type.rawValue, json: 0, xml: 0, element: UInt32(index),
      typeRef: UInt32(typeRef),
      order: UInt8(element.order), grammar: record.grammar, shape: .complex, marks: marks(element, type: type)
    )
    if element.flags & UInt16(ELEMENT_RESOURCE) != 0 {
      child.shape = .resource
    } else if record.kind == UInt8(DEFINITION_PRIMITIVE.rawValue) {
      child.shape = .primitive
    }
    child.json = jsonKind(child).rawValue
    child.xml = child.shape == .primitive ? ValueKind.text.rawValue : child.json
    if child.marks.contains(.repeats) { child.json |= NodeFlags.item.rawValue }
    if element.flags & UInt16(ELEMENT_ATTRIBUTE) != 0 { child.xml |= NodeFlags.attribute.rawValue }
    return child
  }

  private func jsonKind(_ child: PlanChild) -> ValueKind {
    switch (child.shape, definition_grammar(UInt32(child.grammar))) {
    case (.resource, _): .resource
    case (.complex, _): .none
    case (_, GRAMMAR_BOOLEAN): .boolean
    case (_, GRAMMAR_INTEGER), (_, GRAMMAR_POSITIVE_INT), (_, GRAMMAR_UNSIGNED_INT), (_, GRAMMAR_DECIMAL):
      .number
    default: .string
    }
  }

  private func marks(_ element: definition_element, type: TypeID) -> PlanChild.Marks {
    var marks: PlanChild.Marks = []
    if element.max > 1 { marks.insert(.repeats) }
    if type == reference { marks.insert(.reference) }
    if type == bundleEntry { marks.insert(.bundleEntry) }
    if element.name == names.contained.rawValue && element.flags & UInt16(ELEMENT_RESOURCE) != 0 {
      marks.insert(.contained)
    }
    switch definition_grammar(UInt32(table[type].grammar)) {
    case GRAMMAR_URI, GRAMMAR_URL, GRAMMAR_CANONICAL:
      // An extension's url is an attribute, and never a resource's.
      if element.flags & UInt16(ELEMENT_ATTRIBUTE) == 0 { marks.insert(.local) }
    default: break
    }
    if element.name == names.id.rawValue && element.flags & UInt16(ELEMENT_ATTRIBUTE) != 0 {
      marks.insert(.elementID)
    }
    let binding = element.binding != 0 ? element.binding : table[type].binding
    if binding != 0 && bindings[Int(binding) - 1] != nil || codedNames.isChecked(type, table) {
      // What a Reference says of its target's type is judged with the reference.
      if element.owner != reference?.rawValue { marks.insert(.binding) }
    }
    if !table.invariants(of: element).allSatisfy({ InvariantPlan.native.contains(table.string($0.key)) }) {
      marks.insert(.invariant)
    }
    return marks
  }
}
