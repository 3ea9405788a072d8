import CDefinitions
import FHIRDefinitions
import FHIRModel

/// Gathers the records of a plan that is being compiled.
struct PlanBuilder {
  var elements: [PlanElement] = []
  var details: [ElementDetail] = []
  var members: [PlanMember] = []
  var groups: [PlanGroup] = []
  var slicings: [PlanSlicing] = []
  var slices: [PlanSlice] = []
  var tests: [PlanTest] = []
  var steps: [PlanStep] = []
  private(set) var values: [PlanNode] = []
  private var numbers: [Int32] = []
  private var text: [UInt8] = []

  /// Makes room for an element; what it asks is filled in later.
  mutating func reserve(_ detail: ElementDetail) -> Int {
    elements.append(PlanElement())
    details.append(detail)
    return elements.count - 1
  }

  /// Notes numbers that belong together, and returns where they begin.
  mutating func append(numbers some: some Sequence<Int32>) -> (first: Int32, count: Int32) {
    let first = numbers.count
    numbers.append(contentsOf: some)
    return (Int32(first), Int32(numbers.count - first))
  }

  /// Notes a text as a value without a name.
  mutating func append(text some: String) -> Int32 {
    var node = PlanNode(
      name: .root, kind: .text, repeats: false, textStart: Int32(text.count), textLength: 0,
      end: Int32(values.count + 1))
    text.append(contentsOf: some.utf8)
    node.textLength = Int32(text.count) - node.textStart
    values.append(node)
    return Int32(values.count - 1)
  }

  /// Copies a value out of a definition's tree.
  mutating func append(_ value: ElementValue, table: DefinitionTable) -> Int32 {
    let start = Int32(values.count)
    copy(value.node, of: value.tree, type: table.typeID(value.type), repeats: false, table)
    return start
  }

  private mutating func copy(
    _ node: Int, of tree: ResourceTree, type: TypeID?, repeats: Bool, _ table: DefinitionTable
  ) {
    let index = values.count
    let source = tree.nodes[node]
    let hasText =
      switch source.flags.kind {
      case .string, .number, .boolean, .text: true
      default: false
      }
    let isDecimal = type.map { table.name(of: $0) == "decimal" } ?? false
    let start = text.count
    if hasText { text.append(contentsOf: tree.string(at: node).utf8) }
    values.append(
      PlanNode(
        name: source.name, kind: hasText ? (isDecimal ? .decimal : .text) : .none, repeats: repeats,
        textStart: Int32(start), textLength: Int32(text.count - start), end: 0))
    for child in tree.children(of: node) {
      let known = type.flatMap { table.child(tree.nodes[child].name, of: $0) }
      copy(
        child, of: tree, type: known.map { table.type(of: $0) },
        repeats: known.map { table.elements[$0.element].max > 1 } ?? false, table)
    }
    values[index].end = Int32(values.count)
  }

  func storage() -> PlanStorage {
    PlanStorage(
      elements: elements, members: members, groups: groups, slicings: slicings, slices: slices, tests: tests,
      steps: steps, values: values, numbers: numbers, text: text)
  }
}
