package import FHIRDefinitions
package import FHIRModel
package import FHIRPath
import FHIRTerminology

/// What expressions by themselves ask of definitions: whether elements meet profiles, what codes mean, what defines an element.
package final class DefinitionAnswers: EvaluationEnvironment, Sendable {
  private let rules: ProfileRules

  package init(_ definitions: ConformanceStore = .core, table: DefinitionTable = .r4) {
    let isCore = table.isEmbedded && definitions === ConformanceStore.core
    rules = ProfileRules(
      definitions: definitions, table: table,
      terminology: isCore ? .core : Terminology(table: table, source: definitions), options: ProfileOptions())
  }

  package func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? {
    ask { $0.isMember(value, of: valueSet) }
  }

  package func conforms(_ element: TreeNode, to profile: String) -> Bool? {
    ask { $0.conforms(element, to: profile) }
  }

  package func subsumes(_ code: TerminologyValue, _ other: TerminologyValue) -> Bool? {
    ask { $0.subsumes(code, other) }
  }

  package func passesHTMLChecks(_ element: TreeNode) -> Bool { ask { $0.passesHTMLChecks(element) } }

  package func elementDefinition(of element: TreeNode) -> TreeNode? {
    ask { $0.elementDefinition(of: element) }
  }

  package func slice(_ name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer {
    ask { $0.slice(name, of: structure, in: elements) }
  }

  private func ask<Answer>(_ question: (ProfileEnvironment) -> Answer) -> Answer {
    rules.withSession { question(ProfileEnvironment($0)) }
  }
}
