/// An element of a snapshot that is being made, with what stands below it.
final class SnapshotNode {
  var definition: ElementDefinition
  let name: String
  /// The slice's whole name: `a/b` of a slice of the slice `a`.
  let sliceName: String?
  /// The elements below, in the definition's order; empty while the element's type has not been walked into.
  var children: [SnapshotNode] = []
  /// Slices of this element or, of a slice, its re-slices.
  var slices: [SnapshotNode] = []
  /// The element as the base has it, kept when the differential first comes to it: what slices begin with.
  var pristine: SnapshotNode?
  /// Whether the children are those of the element's type: the base does not speak of them.
  var isUnfolded = false
  /// Slices of a choice that the differential names by their shorthand alone: `valueQuantity`.
  var shorthands: [SnapshotNode] = []

  init(_ definition: ElementDefinition, name: String, sliceName: String? = nil) {
    self.definition = definition
    self.name = name
    self.sliceName = sliceName
  }

  /// The tree of a snapshot's elements.
  ///
  /// - Returns: nil where an element stands without the one above it, or outside of the root.
  static func tree(of elements: [ElementDefinition]) -> SnapshotNode? {
    var steps = ElementSteps()
    guard let first = elements.first, !first.path.contains(".") else { return nil }
    _ = steps.next(first)
    let root = SnapshotNode(first, name: first.path)
    for element in elements.dropFirst() {
      let path = steps.next(element)
      guard path.count <= SnapshotGenerator.longestPath, path.first?.name == root.name, let last = path.last
      else { return nil }
      var parent = root
      for step in path.dropFirst().dropLast() {
        guard let child = parent.child(step) else { return nil }
        parent = child
      }
      if let slice = last.slice {
        guard let sliced = parent.child(ElementStep(name: last.name)) else { return nil }
        let owner = SnapshotGenerator.outerSlice(slice).flatMap { sliced.slice($0) } ?? sliced
        owner.slices.append(SnapshotNode(element, name: last.name, sliceName: slice))
      } else {
        parent.children.append(SnapshotNode(element, name: last.name))
      }
    }
    return root
  }

  private func child(_ step: ElementStep) -> SnapshotNode? {
    guard let child = children.last(where: { $0.name == step.name }) else { return nil }
    return step.slice.map { child.slice($0) } ?? child
  }

  /// The slice, or slice of a slice, of that name.
  func slice(_ name: String) -> SnapshotNode? {
    for slice in slices {
      if slice.sliceName == name { return slice }
      if let inner = slice.slice(name) { return inner }
    }
    return nil
  }

  /// How many elements the tree has.
  var count: Int {
    children.reduce(1) { $0 + $1.count } + slices.reduce(0) { $0 + $1.count }
  }

  /// A copy of this element and all below it; the copy's own slices are left out.
  func copy(sliceName: String? = nil) -> SnapshotNode {
    let copy = SnapshotNode(definition, name: name, sliceName: sliceName ?? self.sliceName)
    copy.children = children.map { $0.copyWithSlices() }
    return copy
  }

  private func copyWithSlices() -> SnapshotNode {
    let copy = copy()
    copy.slices = slices.map { $0.copyWithSlices() }
    return copy
  }

  /// The elements in a snapshot's order, with their paths and ids: an element, what stands below it, its slices.
  func elements() -> [ElementDefinition] {
    var elements: [ElementDefinition] = []
    add(to: &elements, path: "", id: "")
    return elements
  }

  private func add(to elements: inout [ElementDefinition], path above: String, id aboveID: String) {
    var definition = definition
    definition.path = above.isEmpty ? name : above + "." + name
    let id = (aboveID.isEmpty ? name : aboveID + "." + name) + (sliceName.map { ":" + $0 } ?? "")
    definition.id = id
    definition.sliceName = sliceName
    elements.append(definition)
    for child in children { child.add(to: &elements, path: definition.path, id: id) }
    for slice in slices { slice.add(to: &elements, path: above, id: aboveID) }
  }
}
