package import FHIRModel

/// What the user asked of validation.
package struct ValidationOptions: Sendable, Hashable {
  /// Whether messages may show values. They are patient data: off unless asked for.
  package var showValues: Bool
  /// After so many findings in one record the rest is left out, and a finding says so.
  package var maxIssues: Int

  package init(showValues: Bool = false, maxIssues: Int = 1000) {
    self.showValues = showValues
    self.maxIssues = maxIssues
  }
}

/// Checks resources against the definitions: structure, primitives, required bindings, references.
///
/// It is compiled once from a table to an immutable plan; any number of threads may then validate with it.
package struct Validator: Sendable {
  let plan: ValidationPlan
  let options: ValidationOptions

  package init(table: DefinitionTable = .r4, options: ValidationOptions = ValidationOptions()) {
    plan = ValidationPlan(table: table)
    self.options = options
  }

  /// Appends what is wrong with a tree to `issues`, in the order of the tree's nodes.
  ///
  /// The tree's root is a resource, or the entry of a Bundle (`rootExpression` is then `Bundle.entry[3]`).
  package func validate(_ tree: ResourceTree, into issues: inout [Issue]) {
    guard tree.count > 0 else { return }
    var walk = StructureWalk(tree: tree, plan: plan, options: options)
    walk.run()
    walk.finish(into: &issues)
  }
}
