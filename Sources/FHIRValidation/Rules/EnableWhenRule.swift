import FHIRModel

/// Checks that what enables a question is another question of the questionnaire, and none inside of it.
///
/// See https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen.question
enum EnableWhenRule {
  static func check(_ questionnaire: Int, _ walk: inout StructureWalk) {
    let names = walk.plan.names
    // Items by their linkId, and those that have conditions, in one pass over the resource's nodes.
    var items: [String: Int] = [:]
    var conditions: [(item: Int, question: Int)] = []
    var open = [questionnaire]
    while let parent = open.popLast() {
      for child in walk.tree.children(of: parent) where walk.nodes[child].name == names.item {
        open.append(child)
        for part in walk.tree.children(of: child) {
          if walk.nodes[part].name == names.linkID {
            items[walk.tree.string(at: part)] = child
          } else if walk.nodes[part].name == names.enableWhen,
            let question = walk.tree.child(names.question, of: part)
          {
            conditions.append((child, question))
          }
        }
      }
    }
    for (item, question) in conditions {
      guard let target = items[walk.tree.string(at: question)] else {
        report(item, question, "names a question that the questionnaire does not have", &walk)
        continue
      }
      if target == item {
        report(item, question, "may not name the question that it enables", &walk)
      } else if target > item && target < Int(walk.nodes[item].end) {
        report(item, question, "may not name a question inside the one that it enables", &walk)
      }
    }
  }

  private static func report(_ item: Int, _ question: Int, _ what: String, _ walk: inout StructureWalk) {
    walk.report(
      .error, .enableWhen, at: item, position: question, "Questionnaire.item.enableWhen.question \(what)")
  }
}
