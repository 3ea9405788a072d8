/// Reads a structure with a whole snapshot, and for its sake those that it stands on.
struct StructureReading {
  private let store: ConformanceStore
  /// What is being read: a structure that needs itself is not to be had there.
  private var outer: [String] = []
  /// What was read on the way; kept for this one reading, since within a circle it may lack what stands further out.
  private var read: [String: StructureDefinition] = [:]

  private static let deepest = 64

  init(store: ConformanceStore) { self.store = store }

  /// The structure of that canonical URL; nil if there is none.
  mutating func structure(_ canonical: String) throws(DefinitionError) -> StructureDefinition? {
    if let known = store.known(canonical) ?? read[canonical] { return known }
    guard let found = store.find(.structureDefinition, Canonical(canonical)) else { return nil }
    let reading = DefinitionReading(package: found.package, file: found.file)
    // By way of the store: a structure's values are nodes of the one tree that all share.
    guard let tree = try store.tree(.structureDefinition, canonical) else { return nil }
    var structure = try reading.structure(NamedElement(root: tree, table: .forDefinitions))
    try complete(&structure)
    read[canonical] = structure
    return structure
  }

  /// Makes the snapshot where the package has none, or one that is not whole; gives ids to elements without.
  private mutating func complete(_ structure: inout StructureDefinition) throws(DefinitionError) {
    let tree = SnapshotNode.tree(of: structure.elements)
    if let tree {
      if structure.elements.contains(where: { $0.id == nil }) { structure.elements = tree.elements() }
      return
    }
    guard !outer.contains(structure.url) else {
      throw structure.malformed("stands on itself, and has no snapshot")
    }
    guard outer.count < Self.deepest else {
      throw structure.malformed("stands on too long a row of structures without snapshots")
    }
    outer.append(structure.url)
    defer { outer.removeLast() }
    structure.elements = try snapshot(of: structure)
  }

  private mutating func snapshot(
    of structure: StructureDefinition
  ) throws(DefinitionError) -> [ElementDefinition] {
    try SnapshotGenerator.snapshot(of: structure) { (canonical) throws(DefinitionError) in
      // The base must be had; a profile of an element's type that is being read further out is passed over.
      if canonical != structure.base, outer.contains(Canonical(canonical).url) { return nil }
      return try self.structure(canonical)
    }
  }
}
