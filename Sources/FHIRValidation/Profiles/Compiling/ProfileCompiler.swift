import CDefinitions
import FHIRDefinitions
import FHIRModel

/// Compiles a snapshot to a plan.
///
/// Every element is compared with what the definition table says of it; what is no news is left out.
struct ProfileCompiler {
  let table: DefinitionTable
  let library: ProfileLibrary
  var builder = PlanBuilder()
  /// Numbers of the elements that were compiled, or are being compiled.
  private var compiled: [ObjectIdentifier: Int] = [:]
  /// Elements that are being compiled: what they ask is not known yet.
  private var open: Set<Int> = []
  /// Elements by id or path, to which content references lead.
  private var named: [String: SnapshotElement] = [:]
  /// Keeps the trees of other definitions alive, whose elements are in `compiled`.
  var outlines: [String: SnapshotElement?] = [:]
  let isExtension: Bool
  /// What of the definition cannot be checked.
  var problems: [String] = []
  /// Bindings that tell slices apart.
  var bindings: [CodeBinding] = []

  private init(_ definition: StructureDefinition, library: ProfileLibrary) {
    table = library.table
    self.library = library
    isExtension = definition.type == "Extension"
  }

  /// The plan of a definition; nil if it has no snapshot, or constrains a type that R4 does not have.
  static func plan(of definition: StructureDefinition, library: ProfileLibrary) -> ProfilePlan? {
    let table = library.table
    guard let type = table.typeID(definition.type),
      let root = SnapshotElement.tree(definition.elements, table: table)
    else { return nil }
    var compiler = ProfileCompiler(definition, library: library)
    compiler.name(root)
    _ = compiler.compile(root, as: [type], base: nil, path: root.name)
    return ProfilePlan(
      url: definition.url, version: definition.version, type: type,
      extensionTerms: compiler.isExtension ? ExtensionTerms(definition, root: root, table: table) : nil,
      details: compiler.builder.details, problems: compiler.problems, bindings: compiler.bindings,
      storage: compiler.builder.storage())
  }

  private mutating func name(_ element: SnapshotElement) {
    for name in [element.definition.id, element.definition.path].compactMap({ $0 })
    where named[name] == nil {
      named[name] = element
    }
    for child in element.children { name(child) }
    for slice in element.slices { name(slice) }
  }

  // MARK: Elements

  /// Compiles an element that may be of some types, and returns its number.
  mutating func compile(
    _ element: SnapshotElement, as types: [TypeID], base: ElementBase?, path: String
  ) -> Int {
    if let known = compiled[ObjectIdentifier(element)] { return known }
    if let reference = element.definition.contentReference, element.children.isEmpty,
      let content = named[String(reference.drop { $0 == "#" })], content !== element
    {
      // Its content is defined there; an element that holds itself has no end, but its record has.
      return compile(content, as: types, base: base, path: content.definition.path)
    }
    var detail = ElementDetail(path: path, sliceName: element.definition.sliceName)
    let number = builder.reserve(detail)
    compiled[ObjectIdentifier(element)] = number
    open.insert(number)
    var record = PlanElement()
    addValues(element.definition, path: path, &record, &detail)
    addTypes(element, base, &record, &detail)
    addBinding(element.definition, base, &record, &detail)
    addInvariants(element.definition, base, types, &record, &detail)
    compileChildren(of: element, as: narrowed(types, to: element), path: path, &record)
    builder.elements[number] = record
    builder.details[number] = detail
    open.remove(number)
    return number
  }

  /// The types that the element's definition leaves of those it could have.
  private func narrowed(_ types: [TypeID], to element: SnapshotElement) -> [TypeID] {
    let allowed = element.allowedTypes(table)
    let left = types.filter { type in
      allowed.contains { table.isSubtype(type, of: $0) || table.isSubtype($0, of: type) }
    }
    // A resource is of the type that the profile names.
    if let first = types.first, types.count == 1, first == library.types.resource, !allowed.isEmpty {
      return allowed
    }
    return left.isEmpty ? types : left
  }

  /// Whether an element asks nothing.
  private func isIdle(_ number: Int) -> Bool {
    !open.contains(number) && builder.elements[number].checks.isEmpty
      && !builder.elements[number].looksBelow
  }

  // MARK: Children

  private mutating func compileChildren(
    of element: SnapshotElement, as types: [TypeID], path: String, _ record: inout PlanElement
  ) {
    var groups: [PlanGroup] = []
    var members: [PlanMember] = []
    for child in element.children {
      guard let base = ElementBase(child.name, of: types, table) else { continue }
      guard let group = group(child, base, path: "\(path).\(child.name)") else { continue }
      for (name, type) in base.names {
        members.append(PlanMember(name: name, type: type, group: Int32(groups.count)))
      }
      groups.append(group)
    }
    var counters = Int32(groups.count)
    for group in groups { number(&counters, ofSlicing: group.slicing) }
    record.counterCount = counters
    members.sort { $0.name.rawValue < $1.name.rawValue }
    record.firstGroup = Int32(builder.groups.count)
    record.groupCount = Int32(groups.count)
    record.firstMember = Int32(builder.members.count)
    record.memberCount = Int32(members.count)
    builder.groups += groups
    builder.members += members
  }

  /// Gives the slices of a slicing, and of slicings within it, their counters.
  private mutating func number(_ counters: inout Int32, ofSlicing slicing: Int32) {
    guard slicing >= 0 else { return }
    let record = builder.slicings[Int(slicing)]
    builder.slicings[Int(slicing)].firstCounter = counters
    counters += record.sliceCount + 1
    for slice in record.firstSlice..<record.firstSlice + record.sliceCount {
      number(&counters, ofSlicing: builder.slices[Int(slice)].slicing)
    }
  }

  private mutating func group(_ child: SnapshotElement, _ base: ElementBase, path: String) -> PlanGroup? {
    let definition = child.definition
    let number = compile(child, as: base.types, base: base, path: path)
    let slicing = child.slices.isEmpty ? nil : self.slicing(of: child, base, path: path)
    var group = PlanGroup(
      element: Int32(number), min: 0, max: -1, slicing: slicing ?? -1,
      isMustSupport: library.options.tellsMustSupport && definition.mustSupport)
    if definition.min > Int(base.element.min) { group.min = Int32(clamping: definition.min) }
    if let max = definition.max, max < Int(base.element.max) { group.max = Int32(clamping: max) }
    let isIdle = isIdle(number) && group.min == 0 && group.max < 0 && slicing == nil && !group.isMustSupport
    return isIdle ? nil : group
  }

  /// Compiles an element's slices.
  private mutating func slicing(of element: SnapshotElement, _ base: ElementBase, path: String) -> Int32? {
    let stated = element.definition.slicing
    var slices: [PlanSlice] = []
    var fallback: Int32 = -1
    for slice in element.slices {
      let name = slice.definition.sliceName ?? ""
      let slicePath = "\(path):\(name)"
      let number = compile(slice, as: base.types, base: base, path: slicePath)
      let inner = slice.slices.isEmpty ? nil : slicing(of: slice, base, path: slicePath)
      var record = PlanSlice(
        element: Int32(number), min: Int32(clamping: slice.definition.min), max: -1, slicing: inner ?? -1,
        firstTest: 0, testCount: 0,
        isMustSupport: library.options.tellsMustSupport && slice.definition.mustSupport)
      if let max = slice.definition.max { record.max = Int32(clamping: max) }
      if name == "@default" {
        fallback = Int32(slices.count)
      } else {
        let tests = discriminatorTests(slice, of: element, stated, base)
        record.firstTest = Int32(builder.tests.count)
        record.testCount = Int32(tests.count)
        builder.details[number].isTellable = !tests.isEmpty
        builder.tests += tests
      }
      slices.append(record)
    }
    let isDecidable = slices.enumerated().allSatisfy { $0 == fallback || $1.testCount > 0 }
    builder.slicings.append(
      PlanSlicing(
        rules: PlanSlicing.Rules(stated?.rules ?? .open), isOrdered: stated?.isOrdered ?? false,
        isDecidable: isDecidable, firstSlice: Int32(builder.slices.count), sliceCount: Int32(slices.count),
        fallback: fallback, firstCounter: 0))
    builder.slices += slices
    return Int32(builder.slicings.count - 1)
  }
}

extension PlanSlicing.Rules {
  fileprivate init(_ rules: ElementDefinition.Slicing.Rules) {
    switch rules {
    case .open: self = .open
    case .closed: self = .closed
    case .openAtEnd: self = .openAtEnd
    }
  }
}
