import FHIRDefinitions
import FHIRModel
import FHIRPath
import FHIRValidation

/// One expression, compiled for each type of resource that it meets.
struct ExpressionEvaluation {
  /// What the expression gave for one resource.
  struct Outcome {
    let tree: ResourceTree?
    let node: Int
    /// `Patient/example`
    let resource: String
    var results: [Result] = []
    /// Why there is no answer.
    var error: FHIRPathError?
  }

  struct Result {
    let type: String
    let item: Item
    /// The value as FHIR writes it; nil for elements that are no primitives.
    let text: String?
    /// The element, where the result is one.
    let element: TreeNode?
  }

  let references: BundleReferences
  private let text: String
  private let table: DefinitionTable
  private let evaluator: Evaluator
  private var compiled: [UInt16: CompiledExpression] = [:]
  private var refused: [UInt16: FHIRPathError] = [:]

  init(_ text: String, table: DefinitionTable, definitions: ConformanceStore) {
    references = BundleReferences(DefinitionAnswers(definitions, table: table))
    self.text = text
    self.table = table
    evaluator = Evaluator(table: table, environment: references)
  }

  /// Evaluates the expression for a resource. Nothing comes of it where the expression is for other types.
  mutating func evaluate(_ tree: ResourceTree?, in node: Int?) throws -> Outcome {
    guard let tree, let node else {
      return outcome(try expression(for: nil), context: nil, Outcome(tree: nil, node: 0, resource: ""))
    }
    let type = table.resourceTypeID(tree.rawText(node))
    let outcome = Outcome(tree: tree, node: node, resource: name(of: node, in: tree))
    guard let expression = try expression(for: type) else { return outcome }
    let whole = (node: node, type: type)
    return self.outcome(
      expression,
      context: Evaluator.Context(tree, node: node, type: type, resource: whole, rootResource: whole), outcome)
  }

  /// An expression that fits none of the resources is a mistake, one that fits some of them is meant for those. So is one that
  /// begins with the name of a type of which none came.
  ///
  /// - Parameter root: the name that the expression begins with.
  mutating func checkWasOfUse(root: String?) throws {
    guard compiled.isEmpty, let error = refused.min(by: { $0.key < $1.key })?.value else { return }
    guard let root, let type = resourceType(named: root) else { throw ExpressionRun.failure(error, in: text) }
    if refused[type.rawValue] == nil, try expression(for: type) != nil { return }
    throw ExpressionRun.failure(refused[type.rawValue] ?? error, in: text)
  }

  private func resourceType(named name: String) -> TypeID? {
    Array(name.utf8).withUnsafeBufferPointer { table.resourceTypeID($0) }
  }

  private mutating func expression(for type: TypeID?) throws -> CompiledExpression? {
    let key = type?.rawValue ?? NodeRef.unknownType
    if let known = compiled[key] { return known }
    if refused[key] != nil { return nil }
    do throws(FHIRPathError) {
      let expression = try CompiledExpression(text, context: type, table: table)
      compiled[key] = expression
      return expression
    } catch {
      // Only what depends on the type may be right for another.
      guard error.code == .unknownElement || error.code == .wrongArgument, type != nil else {
        throw ExpressionRun.failure(error, in: text)
      }
      refused[key] = error
      return nil
    }
  }

  private func outcome(
    _ expression: CompiledExpression?, context: Evaluator.Context?, _ empty: Outcome
  ) -> Outcome {
    var outcome = empty
    guard let expression else { return outcome }
    do throws(FHIRPathError) {
      outcome.results = try evaluator.evaluate(expression, in: context).map { item in
        var element: TreeNode?
        if case .node(let node) = item {
          element = TreeNode(tree: evaluator.tree(of: node), node: Int(node.index), type: node.typeID)
        }
        let name = evaluator.typeName(of: item)
        return Result(
          type: name.namespace + "." + name.name, item: item, text: evaluator.displayText(of: item),
          element: element)
      }
    } catch {
      outcome.error = error
    }
    return outcome
  }

  private func name(of node: Int, in tree: ResourceTree) -> String {
    let type = tree.string(at: node)
    guard let id = tree.child(KnownNames.r4.id, of: node) else { return type }
    return type + "/" + tree.string(at: id)
  }
}
