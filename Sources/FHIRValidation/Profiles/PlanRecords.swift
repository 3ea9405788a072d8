import FHIRModel

/// The records of a plan, laid out so that a walk reads them without counting references.
struct Records {
  let elements: UnsafePointer<PlanElement>
  let members: UnsafePointer<PlanMember>
  let groups: UnsafePointer<PlanGroup>
  let slicings: UnsafePointer<PlanSlicing>
  let slices: UnsafePointer<PlanSlice>
  let tests: UnsafePointer<PlanTest>
  let steps: UnsafePointer<PlanStep>
  let values: UnsafePointer<PlanNode>
  let numbers: UnsafePointer<Int32>
  let text: UnsafePointer<UInt8>
}

/// One definition of an element: the element itself or one of its slices.
struct PlanElement {
  var checks: Checks = []
  var firstMember: Int32 = 0
  var memberCount: Int32 = 0
  var firstGroup: Int32 = 0
  var groupCount: Int32 = 0
  /// How many counters a walk needs while it is among the element's children.
  var counterCount: Int32 = 0
  /// The allowed types, in `numbers`.
  var firstType: Int32 = 0
  var typeCount: Int32 = 0
  /// What the value must be or contain, in `values`.
  var fixed: Int32 = -1
  var pattern: Int32 = -1

  struct Checks: OptionSet {
    let rawValue: UInt16
    static let types = Checks(rawValue: 1)
    static let fixed = Checks(rawValue: 2)
    static let pattern = Checks(rawValue: 4)
    static let range = Checks(rawValue: 8)
    static let length = Checks(rawValue: 16)
    static let binding = Checks(rawValue: 32)
    static let invariants = Checks(rawValue: 64)
    /// Profiles of the value's type, or of what a reference refers to.
    static let typeRules = Checks(rawValue: 128)
    /// An extension may not, or not any, stand for the value.
    static let value = Checks(rawValue: 256)
    /// Of a choice: a code is no string, nor an Age a Quantity.
    static let exactTypes = Checks(rawValue: 1024)
    /// The languages of a narrative's sections.
    static let narrative = Checks(rawValue: 512)
  }

  /// Whether it asks anything of what stands below it.
  var looksBelow: Bool { groupCount > 0 }
}

/// A name under which an element stands below another, as JSON and XML write it.
struct PlanMember {
  var name: NameID
  /// The value's type; `Resource` where the resource tells its own.
  var type: TypeID
  /// Which group, counted from the parent's first.
  var group: Int32
}

/// An element below another, with its slices: what is counted together.
struct PlanGroup {
  var element: Int32
  var min: Int32
  /// -1 is any number.
  var max: Int32
  /// -1 is none.
  var slicing: Int32
  var isMustSupport: Bool
}

/// How an element's repetitions are told apart.
struct PlanSlicing {
  var rules: Rules
  var isOrdered: Bool
  /// Whether every slice can be told; if not, what matches none says nothing.
  var isDecidable: Bool
  var firstSlice: Int32
  var sliceCount: Int32
  /// The slice `@default`, counted from the first; -1 is none. See http://hl7.org/fhir/R4/profiling.html#slicing
  var fallback: Int32
  /// Among the counters of the element around: the last slice met, and then one for each slice.
  var firstCounter: Int32

  enum Rules: UInt8 { case open, closed, openAtEnd }
}

struct PlanSlice {
  var element: Int32
  var min: Int32
  var max: Int32
  /// The slicing of the slice itself; -1 is none.
  var slicing: Int32
  var firstTest: Int32
  /// All tests must hold; none at all: the slice cannot be told.
  var testCount: Int32
  var isMustSupport: Bool
}

/// A discriminator, made ready for one slice: some node at the end of the path must meet the condition.
struct PlanTest {
  var firstStep: Int32
  var stepCount: Int32
  var condition: Condition
  /// Place in `values`, number of an element, first of `numbers`, or index of a binding.
  var operand: Int32
  var operandCount: Int32

  enum Condition: UInt8 {
    case fixed, pattern, type, profile, exists, isAbsent, binding
    /// What the definition says of the element holds.
    case element
  }
}

/// A step on a discriminator's path.
struct PlanStep {
  var kind: Kind
  /// The first of the names or types in `numbers`.
  var first: Int32
  var count: Int32

  enum Kind: UInt8 {
    /// To the children that bear one of the names.
    case children
    /// To the extensions of a URL: a place in `values`.
    case extensions
    /// To the resource that a reference refers to.
    case resolve
    /// Stays where it is, if of one of the types.
    case ofType
  }
}

/// A node of a value that a definition gives, in pre-order like a tree's.
struct PlanNode {
  var name: NameID
  var kind: Kind
  /// The parent's type lets the element stand more than once.
  var repeats: Bool
  var textStart: Int32
  var textLength: Int32
  var end: Int32

  enum Kind: UInt8 { case none, text, decimal }
}

/// The memory of a plan's records.
final class PlanStorage: @unchecked Sendable {
  // Safe to share: written before it is handed on, freed with the last plan.
  let records: Records
  private let blocks: [UnsafeMutableRawPointer]

  init(
    elements: [PlanElement], members: [PlanMember], groups: [PlanGroup], slicings: [PlanSlicing],
    slices: [PlanSlice], tests: [PlanTest], steps: [PlanStep], values: [PlanNode], numbers: [Int32],
    text: [UInt8]
  ) {
    var blocks: [UnsafeMutableRawPointer] = []
    func keep<Record>(_ records: [Record]) -> UnsafePointer<Record> {
      let memory = UnsafeMutablePointer<Record>.allocate(capacity: max(records.count, 1))
      records.withUnsafeBufferPointer { source in
        if let first = source.baseAddress { memory.initialize(from: first, count: records.count) }
      }
      blocks.append(UnsafeMutableRawPointer(memory))
      return UnsafePointer(memory)
    }
    records = Records(
      elements: keep(elements), members: keep(members), groups: keep(groups), slicings: keep(slicings),
      slices: keep(slices), tests: keep(tests), steps: keep(steps), values: keep(values),
      numbers: keep(numbers), text: keep(text))
    self.blocks = blocks
  }

  deinit { for block in blocks { block.deallocate() } }
}
