import FHIRDefinitions
import FHIRModel

/// An element of a snapshot with what stands below it and its slices beside it: the tree that a snapshot's list means.
///
/// It lives while a profile is compiled, no longer.
final class SnapshotElement {
  let definition: ElementDefinition
  /// The last segment of the path: `name`, `value[x]`.
  let name: String
  private(set) var children: [SnapshotElement] = []
  /// The slices of this element, in their order; a slice of a slice stands with that slice.
  private(set) var slices: [SnapshotElement] = []
  /// The slice was written as a path of its own: `Observation.valueQuantity`.
  fileprivate(set) var choiceType: String?

  /// How many elements stand above it.
  private let depth: Int
  /// No honest profile goes deeper; compiling goes down with it.
  private static let depthLimit = 64

  fileprivate init(_ definition: ElementDefinition, depth: Int = 0) {
    self.definition = definition
    self.depth = depth
    name = String(definition.path.split(separator: ".").last ?? "")
  }

  /// The children of that name and, where it is a choice, of that stem.
  func child(_ name: String) -> SnapshotElement? {
    children.first { $0.name == name || $0.name == name + "[x]" }
  }

  /// Whether it is written like a choice: `value[x]`.
  var isChoice: Bool { name.hasSuffix("[x]") }

  /// The name without a choice's ending.
  var stem: String { isChoice ? String(name.dropLast(3)) : name }
}

extension SnapshotElement {
  /// Puts a snapshot's elements together; nil if it has none.
  ///
  /// Children follow their parent, and slices the element they slice, so that the parent is always the last element
  /// of the parent's path. See http://hl7.org/fhir/R4/profiling.html#snapshot
  static func tree(_ elements: [ElementDefinition], table: DefinitionTable) -> SnapshotElement? {
    guard let first = elements.first else { return nil }
    let root = SnapshotElement(first)
    var latest: [Substring: SnapshotElement] = [first.path[...]: root]
    for definition in elements.dropFirst() {
      guard let dot = definition.path.lastIndex(of: "."),
        let parent = latest[definition.path[..<dot]]
      else { continue }
      guard parent.depth < depthLimit else { continue }
      let element = SnapshotElement(definition, depth: parent.depth + 1)
      parent.add(element, table)
      latest[definition.path[...]] = element
    }
    return root
  }

  private func add(_ element: SnapshotElement, _ table: DefinitionTable) {
    // Of one name the first is the element itself, those behind it are its slices.
    if let sliced = children.first(where: { $0.name == element.name }) {
      sliced.add(slice: element)
    } else if let (choice, type) = choice(writtenAs: element.name, table) {
      element.choiceType = type
      choice.slices.append(element)
    } else {
      children.append(element)
    }
  }

  /// A name such as `a/b` is that of slice b within slice a.
  private func add(slice: SnapshotElement) {
    guard let name = slice.definition.sliceName, name.split(separator: "/").count < Self.depthLimit else {
      return
    }
    let outer = slices.first { outer in
      outer.definition.sliceName.map { name.hasPrefix($0 + "/") } ?? false
    }
    if let outer { outer.add(slice: slice) } else { slices.append(slice) }
  }

  /// The choice whose type a name such as `valueQuantity` gives, and that type.
  private func choice(
    writtenAs name: String, _ table: DefinitionTable
  ) -> (SnapshotElement, type: String)? {
    for choice in children where choice.isChoice && name.hasPrefix(choice.stem) {
      let ending = name.dropFirst(choice.stem.count)
      let type = choice.definition.types.map(\.code).first {
        $0.prefix(1).uppercased() + $0.dropFirst() == ending
      }
      if let type { return (choice, type) }
      let lowered = ending.prefix(1).lowercased() + ending.dropFirst()
      if table.typeID(lowered) != nil { return (choice, lowered) }
      if table.typeID(String(ending)) != nil { return (choice, String(ending)) }
    }
    return nil
  }
}
