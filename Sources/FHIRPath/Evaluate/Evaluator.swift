package import FHIRModel
import Patterns

/// Evaluates compiled expressions over trees; one for each thread.
///
/// Collections are not built but handed on item by item: an operation calls back for every item, and the callback says
/// whether it wants more. Only what must see all its items (`|`, `distinct()`, `sort()`) gathers them.
package final class Evaluator {
  /// Where an expression starts from.
  package struct Context {
    package let tree: ResourceTree
    package let node: Int
    package let type: TypeID?
    /// What `%resource` is: the resource that the node is in. The tree's root if not given.
    package var resource: (node: Int, type: TypeID?)?
    /// What `%rootResource` is: the same, or the one that contains it.
    package var rootResource: (node: Int, type: TypeID?)?

    @inlinable
    package init(
      _ tree: ResourceTree, node: Int, type: TypeID?, resource: (node: Int, type: TypeID?)? = nil,
      rootResource: (node: Int, type: TypeID?)? = nil
    ) {
      self.tree = tree
      self.node = node
      self.type = type
      self.resource = resource
      self.rootResource = rootResource
    }

    /// A resource as a whole: the tree's root.
    package init(_ tree: ResourceTree, table: DefinitionTable = .r4) {
      self.init(tree, node: 0, type: table.resourceTypeID(tree.rawText(0)))
    }
  }

  /// A tree as the inner loops see it.
  struct View {
    let nodes: UnsafeMutablePointer<Node>
    let text: UnsafePointer<UInt8>
  }

  /// What `$this` and `$index` are.
  struct Focus {
    var this: Item?
    var index: Int
  }

  package let table: DefinitionTable
  package weak var environment: (any EvaluationEnvironment)?
  let schema: Schema
  let choices: UnsafeMutablePointer<UInt16>

  // Of the expression that is being evaluated.
  var operations: UnsafeMutablePointer<Operation>
  var operands: UnsafeMutablePointer<Int32>
  var steps: UnsafeMutablePointer<PathStep>
  var constants: UnsafeMutablePointer<Item>
  var patterns: UnsafeMutablePointer<Pattern>

  /// The trees that items come from: the first is the context's, the others were resolved.
  var views: UnsafeMutablePointer<View>
  private var viewCapacity = 8
  private(set) var trees: [ResourceTree] = []
  var context: NodeRef?
  var resource: NodeRef?
  var rootResource: NodeRef?
  var totals: [[Item]] = []
  /// What the expression's variables stand for, by their places.
  var variables: [[Item]] = []
  /// Collections that are the same for every `$this`, by their operation.
  var fixedSets: [Int: ItemSet] = [:]
  var instant: Instant?
  let scratch = TextBuffer()
  let otherScratch = TextBuffer()
  var knownPatterns: [String: Pattern] = [:]

  package init(table: DefinitionTable = .r4, environment: (any EvaluationEnvironment)? = nil) {
    self.table = table
    self.environment = environment
    schema = Schema.of(table)
    choices = schema.choices
    views = .allocate(capacity: viewCapacity)
    // Never read before `begin` has set them.
    operations = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
    operands = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
    steps = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
    constants = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
    patterns = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
  }

  deinit { views.deallocate() }

  // MARK: Evaluating

  /// Whether an expression holds: true, false, or nil for no answer (an empty collection).
  ///
  /// See https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
  package func evaluateBoolean(
    _ expression: CompiledExpression, in context: Context
  ) throws(FHIRPathError) -> Bool? {
    begin(expression, context)
    do {
      return try truth(expression.root, Focus(this: self.context.map { .node($0) }, index: 0))
    } catch let error as FHIRPathError {
      throw error
    } catch {
      preconditionFailure("evaluation throws errors of FHIRPath only: \(error)")
    }
  }

  /// The items that an expression gives. The elements among them are good until the evaluator is used again.
  package func evaluate(
    _ expression: CompiledExpression, in context: Context?
  ) throws(FHIRPathError) -> [Item] {
    begin(expression, context)
    var items: [Item] = []
    do {
      _ = try each(expression.root, Focus(this: self.context.map { .node($0) }, index: 0)) {
        items.append($0)
        return true
      }
    } catch let error as FHIRPathError {
      throw error
    } catch {
      preconditionFailure("evaluation throws errors of FHIRPath only: \(error)")
    }
    return items
  }

  /// Lets go of the trees of the latest result, which may be all the memory that there is to be.
  package func forget() { trees.removeAll(keepingCapacity: true) }

  /// The tree that an element of the latest result stands in.
  package func tree(of node: NodeRef) -> ResourceTree { trees[Int(node.tree)] }

  private func begin(_ expression: CompiledExpression, _ context: Context?) {
    precondition(
      expression.schema === schema, "an expression is evaluated with the definitions it was compiled with")
    // A pointer into an empty buffer is never followed.
    operations = expression.operations.baseAddress ?? operations
    operands = expression.operands.baseAddress ?? operands
    steps = expression.steps.baseAddress ?? steps
    constants = expression.constants.baseAddress ?? constants
    patterns = expression.patterns.baseAddress ?? patterns
    instant = nil
    if !totals.isEmpty { totals.removeAll() }
    if !variables.isEmpty { variables.removeAll() }
    if !fixedSets.isEmpty { fixedSets.removeAll(keepingCapacity: true) }
    guard let context else {
      trees.removeAll(keepingCapacity: true)
      (self.context, resource, rootResource) = (nil, nil, nil)
      return
    }
    if trees.count != 1 || trees[0] !== context.tree {
      trees.removeAll(keepingCapacity: true)
      trees.append(context.tree)
    }
    views[0] = View(nodes: context.tree.nodes, text: context.tree.text)
    self.context = NodeRef(
      tree: 0, type: context.type?.rawValue ?? NodeRef.unknownType, index: UInt32(context.node))
    if let given = context.resource {
      resource = NodeRef(
        tree: 0, type: given.type?.rawValue ?? NodeRef.unknownType, index: UInt32(given.node))
    } else {
      resource = rootOfTree(0)
    }
    if let given = context.rootResource {
      rootResource = NodeRef(
        tree: 0, type: given.type?.rawValue ?? NodeRef.unknownType, index: UInt32(given.node))
    } else {
      rootResource = context.resource == nil ? resource : rootOfTree(0)
    }
  }

  func rootOfTree(_ tree: Int) -> NodeRef {
    NodeRef(tree: UInt16(tree), type: resourceType(views[tree], 0), index: 0)
  }

  /// The number of a tree among those at hand, which it joins if it is new.
  func number(of tree: ResourceTree) -> Int? {
    if let known = trees.firstIndex(where: { $0 === tree }) { return known }
    guard trees.count < Int(UInt16.max) else { return nil }
    if trees.count == viewCapacity {
      let larger = UnsafeMutablePointer<View>.allocate(capacity: viewCapacity * 2)
      larger.moveInitialize(from: views, count: viewCapacity)
      views.deallocate()
      views = larger
      viewCapacity *= 2
    }
    (views + trees.count).initialize(to: View(nodes: tree.nodes, text: tree.text))
    trees.append(tree)
    return trees.count - 1
  }

  func treeNode(_ ref: NodeRef) -> TreeNode {
    TreeNode(tree: trees[Int(ref.tree)], node: Int(ref.index), type: ref.typeID)
  }

  /// Asks the environment, which may itself evaluate with this evaluator meanwhile.
  func ask<R>(_ question: (any EvaluationEnvironment) -> R?) -> R? {
    guard let environment else { return nil }
    let kept = (operations, operands, steps, constants, patterns)
    let (keptContext, keptResource, keptRoot) = (context, resource, rootResource)
    let (keptTrees, keptTotals, keptInstant, keptSets) = (trees, totals, instant, fixedSets)
    let keptVariables = variables
    let answer = question(environment)
    (operations, operands, steps, constants, patterns) = kept
    (context, resource, rootResource) = (keptContext, keptResource, keptRoot)
    (totals, instant, fixedSets, variables) = (keptTotals, keptInstant, keptSets, keptVariables)
    trees = keptTrees
    for (number, tree) in trees.enumerated() {
      views[number] = View(nodes: tree.nodes, text: tree.text)
    }
    return answer
  }

  // MARK: Errors

  func failure(_ operation: Int, _ message: String) -> FHIRPathError {
    FHIRPathError(.execution, message, column: Int(operations[operation].column))
  }

  func cannotTell(_ operation: Int, _ message: String) -> FHIRPathError {
    FHIRPathError(.cannotTell, message, column: Int(operations[operation].column))
  }
}
