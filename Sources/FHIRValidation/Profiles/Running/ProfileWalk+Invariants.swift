import FHIRModel
import FHIRPath
import FHIRTerminology

// The invariants that profiles and extensions add.
extension ProfileWalk {
  mutating func checkInvariants(_ place: Place, _ plan: PlanReference) {
    for invariant in plan.plan.details[Int(place.element)].invariants
    where evaluate(invariant.expression, place) == false {
      if quietness > 0 {
        if !invariant.isWarning { hasFailed = true }
        continue
      }
      report(
        invariant.isWarning ? .warning : .error, .invariant(invariant.key), at: place.node,
        "\(path(place.element, plan)) breaks the invariant \(invariant.key), \(invariant.words): \(source(plan))"
      )
    }
  }

  /// Whether an expression holds for an element; nil where it gives no answer, or nobody here can tell.
  ///
  /// What an expression cannot tell it does not demand: the core's own vs-1 says nothing of a period.
  mutating func evaluate(_ expression: CompiledExpression, _ place: Place) -> Bool? {
    let context = context(of: place)
    return session.withEvaluator { evaluator, environment in
      do {
        let answer = try evaluator.evaluateBoolean(expression, in: context)
        return environment.isInDoubt ? nil : answer
      } catch {
        // The data is not what the expression expects, which other rules report.
        return nil
      }
    }
  }

  /// The nodes of this tree that an expression gives; nil where it cannot be evaluated.
  mutating func nodes(given expression: CompiledExpression, of place: Place) -> [Int]? {
    let context = context(of: place)
    let tree = self.tree
    return session.withEvaluator { evaluator, environment -> [Int]? in
      do {
        let items = try evaluator.evaluate(expression, in: context)
        if environment.isInDoubt { return nil }
        return items.compactMap { item -> Int? in
          guard case .node(let found) = item, evaluator.tree(of: found) === tree else { return nil }
          return Int(found.index)
        }
      } catch {
        return nil
      }
    }
  }

  private mutating func context(of place: Place) -> Evaluator.Context {
    var around = resources(around: place.node)
    // A profile's root is the resource itself; an element that holds a resource stands in the one around.
    let isRoot = place.element == 0 || around.isEmpty
    if isRoot && nodes[place.node].flags.kind == .resource { around.append(place.node) }
    func typed(_ node: Int?) -> (node: Int, type: TypeID?)? { node.map { ($0, resourceType($0)) } }
    return Evaluator.Context(
      tree, node: place.node, type: place.type, resource: typed(around.last),
      rootResource: typed(around.last { nodes[$0].name != names.contained }))
  }
}

/// What the expressions of profiles ask of the world beyond the tree.
final class ProfileEnvironment: EvaluationEnvironment {
  private unowned let session: ProfileSession
  /// Something was asked that nobody here knows.
  var isInDoubt = false

  init(_ session: ProfileSession) { self.session = session }

  func resolve(_ reference: String, from source: TreeNode) -> TreeNode? {
    if let found = session.bundle?.resolve(reference, from: source, table: session.library.table) {
      return found
    }
    session.isTargetMissed = session.isTargetMissed || !source.tree.rootExpression.isEmpty
    isInDoubt = true
    return nil
  }

  func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? {
    let answer = session.library.answers.isMember(value, of: valueSet)
    if answer == nil { isInDoubt = true }
    return answer
  }

  func subsumes(_ code: TerminologyValue, _ other: TerminologyValue) -> Bool? {
    let answer = session.library.answers.subsumes(code, other)
    if answer == nil { isInDoubt = true }
    return answer
  }

  func elementDefinition(of element: TreeNode) -> TreeNode? {
    let walk = ProfileWalk(tree: element.tree, session: session, options: ValidationOptions())
    let answer = walk.elementDefinition(of: element.node)
    if answer == nil { isInDoubt = true }
    return answer
  }

  func slice(_ name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer {
    let answer = session.members(ofSlice: name, of: structure, in: elements)
    if case .members = answer { return answer }
    isInDoubt = true
    return answer
  }

  func conforms(_ element: TreeNode, to profile: String) -> Bool? {
    var walk = ProfileWalk(tree: element.tree, session: session, options: ValidationOptions())
    let type = element.type ?? walk.resourceType(element.node) ?? session.library.types.element
    let answer = walk.conforms(element.node, type, to: session.library.number(of: profile))
    if answer == nil { isInDoubt = true }
    return answer
  }

  func passesHTMLChecks(_ element: TreeNode) -> Bool {
    element.tree.withText(element.node, scratch: TextBuffer()) { NarrativeReader($0).faults.isEmpty }
  }
}

/// An evaluator and the world it asks.
struct ProfileEvaluator {
  let evaluator: Evaluator
  let environment: ProfileEnvironment
}

extension ProfileSession {
  /// Calls `body` with an evaluator that is not in use: `conformsTo()` leads to expressions within an expression.
  func withEvaluator<Result>(_ body: (Evaluator, ProfileEnvironment) -> Result) -> Result {
    let free: ProfileEvaluator
    if let last = evaluators.popLast() {
      free = last
    } else {
      let environment = ProfileEnvironment(self)
      free = ProfileEvaluator(
        evaluator: Evaluator(table: library.table, environment: environment), environment: environment)
    }
    free.environment.isInDoubt = false
    defer { evaluators.append(free) }
    return body(free.evaluator, free.environment)
  }
}
