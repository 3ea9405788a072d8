/// Makes the snapshot of a structure from its differential and the snapshot of its base.
///
/// Each element of the differential is found in a tree of the base's elements, which grows where the differential walks
/// into a datatype or names a slice, and takes what the differential says.
///
/// See http://hl7.org/fhir/R4/profiling.html#snapshot
struct SnapshotGenerator {
  /// Steps of a path; what is longer is no honest definition.
  static let longestPath = 64
  /// Elements of a snapshot: the largest of the guides at hand have some 3,000.
  static let mostElements = 20_000

  private static let hl7 = "http://hl7.org/fhir/StructureDefinition/"

  private let structure: StructureDefinition
  private let root: SnapshotNode
  /// Finds structures, with whole snapshots; nil for what is not there, or cannot be had here (a circle).
  private let find: (String) throws(DefinitionError) -> StructureDefinition?
  private var count: Int

  /// The elements of the structure's snapshot.
  static func snapshot(
    of structure: StructureDefinition,
    find: (String) throws(DefinitionError) -> StructureDefinition?
  ) throws(DefinitionError) -> [ElementDefinition] {
    var result: [ElementDefinition] = []
    var failure: DefinitionError?
    withoutActuallyEscaping(find) { find in
      do throws(DefinitionError) {
        var generator = try SnapshotGenerator(structure, find: find)
        result = try generator.run()
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }

  private init(
    _ structure: StructureDefinition,
    find: @escaping (String) throws(DefinitionError) -> StructureDefinition?
  ) throws(DefinitionError) {
    self.structure = structure
    self.find = find
    guard let url = structure.base else { throw structure.malformed("has neither a snapshot nor a base") }
    guard let base = try find(url) else { throw structure.missing("its base \(url)") }
    guard let tree = SnapshotNode.tree(of: base.elements) else {
      throw structure.malformed("stands on \(url), whose snapshot is not whole")
    }
    if structure.isConstraint {
      root = tree
    } else {
      // A type of its own: the base's elements under the new type's name.
      let name = structure.differential.first.map { String($0.path.prefix { $0 != "." }) } ?? structure.type
      root = SnapshotNode(tree.definition, name: name)
      root.children = tree.children
      root.slices = tree.slices
    }
    count = tree.count
  }

  private mutating func run() throws(DefinitionError) -> [ElementDefinition] {
    var steps = ElementSteps()
    // Slices are looked through for their names: what takes the square of their number must be few.
    try take(structure.differential.count)
    for element in structure.differential {
      let path = steps.next(element)
      guard path.count <= Self.longestPath else { throw structure.malformed("has a path that is too long") }
      guard path[0].name == root.name else {
        throw structure.malformed("constrains \(element.path), which is no element of \(root.name)")
      }
      let node = try locate(path)
      node.definition.merge(element, source: structure.url)
      if node.definition.isExtension { try takeDefinition(of: node, stated: element) }
    }
    Self.settleShorthands(below: root)
    return root.elements()
  }

  // MARK: Finding

  private mutating func locate(_ path: [ElementStep]) throws(DefinitionError) -> SnapshotNode {
    var node = root
    var isInSlice = false
    for step in path.dropFirst() {
      node = try child(step, of: node, within: isInSlice)
      isInSlice = isInSlice || step.slice != nil
    }
    return node
  }

  private mutating func child(
    _ step: ElementStep, of parent: SnapshotNode, within isInSlice: Bool
  ) throws(DefinitionError)
    -> SnapshotNode
  {
    if parent.children.isEmpty { try unfold(parent) }
    if let child = parent.children.first(where: { $0.name == step.name }) {
      child.pristine = child.pristine ?? child.copy()
      return try step.slice.map { (name) throws(DefinitionError) in try slice(name, of: child) } ?? child
    }
    // `valueQuantity` stands for the slice of that name, and that type, of `value[x]`.
    for child in parent.children where child.hasChoice(step.name) {
      child.pristine = child.pristine ?? child.copy()
      if let slice = step.slice { return try self.slice(slice, of: child) }
      if child.definition.types.count == 1, child.definition.slicing == nil { return child }
      return try shorthand(step.name, of: child, in: parent, within: isInSlice)
    }
    guard !structure.isConstraint else {
      throw structure.malformed(
        "constrains \(step.name) of \(parent.definition.path), which has no such element")
    }
    let child = SnapshotNode(
      ElementDefinition(path: parent.definition.path + "." + step.name, min: 0, max: nil), name: step.name)
    try take(1)
    parent.children.append(child)
    return child
  }

  private mutating func take(_ elements: Int) throws(DefinitionError) {
    count += elements
    guard count <= Self.mostElements else {
      throw DefinitionError(
        .tooLarge, package: structure.package, file: structure.file,
        "needs a snapshot of more than \(Self.mostElements) elements")
    }
  }

  // MARK: Walking into types

  /// Gives an element the elements of its type, or of the element that its content reference names.
  private mutating func unfold(_ node: SnapshotNode) throws(DefinitionError) {
    if let reference = node.definition.contentReference {
      let path = String(reference.drop { $0 != "#" }.dropFirst())
      guard let named = element(at: path), named !== node else {
        throw structure.malformed("has a content reference to \(path), which is no element of it")
      }
      // What this profile says of the element that is named holds there alone.
      let target = named.pristine ?? named
      try take(target.count)
      let copy = target.copy()
      node.children = copy.children
      node.definition.contentReference = nil
      node.definition.types = target.definition.types
      return
    }
    guard let type = try type(of: node), let tree = SnapshotNode.tree(of: type.elements) else { return }
    try take(tree.count)
    node.children = tree.children
    node.isUnfolded = true
  }

  private func element(at path: String) -> SnapshotNode? {
    // Some guides' references name a slice; what its element holds is meant.
    let names = path.split(separator: ".").map { $0.prefix { $0 != ":" } }
    guard let first = names.first, first == root.name else { return nil }
    var node = root
    for name in names.dropFirst() {
      guard let child = node.children.first(where: { $0.name == name }) else { return nil }
      node = child
    }
    return node
  }

  /// The structure that says what stands below an element: its type's one profile, or its type.
  private func type(of node: SnapshotNode) throws(DefinitionError) -> StructureDefinition? {
    let types = node.definition.types
    guard let first = types.first else { return nil }
    // What may be of several types has in common what every element has.
    guard types.allSatisfy({ $0.code == first.code }) else { return try find(Self.hl7 + "Element") }
    if types.count == 1, first.profiles.count == 1, let profile = try find(first.profiles[0]) {
      return profile
    }
    let code = first.fhirType ?? first.code
    return try find(code.contains("/") ? code : Self.hl7 + code)
  }

  /// An extension that names its definition has that definition's root: whether it modifies, and its constraints.
  private func takeDefinition(
    of node: SnapshotNode, stated element: ElementDefinition
  ) throws(DefinitionError) {
    guard element.types.count == 1, element.types[0].profiles.count == 1,
      let root = try find(element.types[0].profiles[0])?.elements.first
    else { return }
    if !element.states.contains(.isModifier) { node.definition.isModifier = root.isModifier }
    if !element.states.contains(.min), node.sliceName != nil { node.definition.min = root.min }
    if !element.states.contains(.max) { node.definition.max = Self.narrower(root.max, node.definition.max) }
    node.definition.add(root.constraints, source: structure.url)
  }

  private static func narrower(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return a ?? b }
    return min(a, b)
  }

  // MARK: Slices

  /// `a` of `a/b`.
  static func outerSlice(_ name: String) -> String? {
    name.lastIndex(of: "/").map { String(name[..<$0]) }
  }

  private mutating func slice(_ name: String, of element: SnapshotNode) throws(DefinitionError)
    -> SnapshotNode
  {
    if let known = element.slice(name) { return known }
    let owner = Self.outerSlice(name).flatMap { element.slice($0) } ?? element
    if owner.definition.slicing == nil { owner.definition.slicing = Self.impliedSlicing(of: owner) }
    let slice = (owner.pristine ?? owner).copy(sliceName: name)
    try take(slice.count)
    slice.definition.slicing = nil
    slice.definition.min = 0
    let types = slice.definition.types.filter { owner.choiceName($0) == name }
    if !types.isEmpty { slice.definition.types = types }
    owner.slices.append(slice)
    return slice
  }

  /// What a shorthand (`valueQuantity`) stands for: a slice of the choice; within another slice, the choice itself with
  /// that one type, as HL7's tools have it.
  private mutating func shorthand(
    _ name: String, of choice: SnapshotNode, in parent: SnapshotNode, within isInSlice: Bool
  ) throws(DefinitionError) -> SnapshotNode {
    if let known = choice.slice(name) { return known }
    if choice.definition.slicing == nil, isInSlice, !parent.isUnfolded {
      choice.definition.types = choice.definition.types.filter { choice.choiceName($0) == name }
      return choice
    }
    let isAlone = choice.definition.slicing == nil || !choice.shorthands.isEmpty
    let slice = try slice(name, of: choice)
    if isAlone { choice.shorthands.append(slice) }
    return slice
  }

  /// Where a choice's one type must be there, no other can be. An extension's value is what its definition names.
  private static func settleShorthands(below node: SnapshotNode) {
    let needed = node.shorthands.filter { $0.definition.min > 0 }
    let isExtensionValue = node.definition.basePath == "Extension.value[x]"
    if !needed.isEmpty || isExtensionValue && !node.shorthands.isEmpty {
      if !needed.isEmpty { node.definition.min = max(node.definition.min, 1) }
      node.definition.types = (needed.isEmpty ? node.shorthands : needed).flatMap(\.definition.types)
      node.definition.slicing?.rules = .closed
    }
    for child in node.children + node.slices { settleShorthands(below: child) }
  }

  /// Extensions are told apart by their url, choices by their type, without a word.
  private static func impliedSlicing(of node: SnapshotNode) -> ElementDefinition.Slicing {
    typealias Discriminator = ElementDefinition.Slicing.Discriminator
    var discriminators: [Discriminator] = []
    if node.definition.isExtension {
      discriminators = [Discriminator(kind: .value, path: "url")]
    } else if node.name.hasSuffix("[x]") {
      discriminators = [Discriminator(kind: .type, path: "$this")]
    }
    return ElementDefinition.Slicing(discriminators: discriminators, isOrdered: false, rules: .open)
  }
}

extension SnapshotNode {
  /// `valueQuantity` for a type of `value[x]`; nil for an element that is no choice.
  fileprivate func choiceName(_ type: ElementDefinition.TypeReference) -> String? {
    guard name.hasSuffix("[x]") else { return nil }
    let code = type.fhirType ?? type.code
    return name.dropLast(3) + code.prefix(1).uppercased() + code.dropFirst()
  }

  fileprivate func hasChoice(_ choice: String) -> Bool {
    name.hasSuffix("[x]") && definition.types.contains { choiceName($0) == choice }
  }
}
