/// One step of an element's id: `extension:race` of `Patient.extension:race.url`.
///
/// See http://hl7.org/fhir/R4/elementdefinition.html#id
struct ElementStep: Hashable {
  let name: String
  /// A slice of a slice bears both names: `a/b`.
  var slice: String?
}

/// The elements of a snapshot or a differential, each with the steps that lead to it.
///
/// Ids tell the steps; where they are missing or contradict the path, the elements before tell in which slice one stands.
struct ElementSteps {
  /// The steps to the last element of each path.
  private var latest: [Substring: [ElementStep]] = [:]

  /// The steps to the next element of the list.
  mutating func next(_ element: ElementDefinition) -> [ElementStep] {
    let steps = Self.steps(id: element.id, of: element) ?? stepsByOrder(of: element)
    latest[element.path[...]] = steps
    return steps
  }

  private static func steps(id: String?, of element: ElementDefinition) -> [ElementStep]? {
    guard let id else { return nil }
    let names = element.path.split(separator: ".", omittingEmptySubsequences: false)
    let parts = id.split(separator: ".", omittingEmptySubsequences: false)
    guard names.count == parts.count else { return nil }
    var steps: [ElementStep] = []
    for (name, part) in zip(names, parts) {
      let colon = part.firstIndex(of: ":")
      let step = ElementStep(
        name: String(part[..<(colon ?? part.endIndex)]),
        slice: colon.map { String(part[part.index(after: $0)...]) })
      let isShorthand = step.name.hasSuffix("[x]") && name.hasPrefix(step.name.dropLast(3))
      guard step.name == name || isShorthand, step.slice != "" else { return nil }
      steps.append(step)
    }
    if let slice = element.sliceName, steps.last?.slice != slice { return nil }
    return steps
  }

  private func stepsByOrder(of element: ElementDefinition) -> [ElementStep] {
    guard let dot = element.path.lastIndex(of: ".") else { return [ElementStep(name: element.path)] }
    let parent = element.path[..<dot]
    let above =
      latest[parent]
      ?? parent.split(separator: ".", omittingEmptySubsequences: false).map { ElementStep(name: String($0)) }
    let name = String(element.path[element.path.index(after: dot)...])
    return above + [ElementStep(name: name, slice: element.sliceName)]
  }
}
