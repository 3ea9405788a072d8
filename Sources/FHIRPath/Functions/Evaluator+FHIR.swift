import CDefinitions
import FHIRModel

/// What FHIR adds to the language.
///
/// See https://hl7.org/fhir/R4/fhirpath.html#functions
extension Evaluator {
  /// Extensions by their URL.
  func extensions(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    guard let url = try text(argument(0, operation), focus, for: index) else { return true }
    let names = schema.names
    return try each(Int(operation.a), focus) { item in
      guard case .node(let node) = item else { return true }
      return try eachChild(node) { child in
        let own = views[Int(child.tree)].nodes[Int(child.index)].name
        guard own == names.extension, let address = self.child(names.url, of: child),
          try areEqual(.node(address), .string(url)) == true
        else { return true }
        return try body(.node(child))
      }
    }
  }

  // MARK: References

  func resolved(_ operation: Operation, _ focus: borrowing Focus, _ body: Body) throws -> Bool {
    try each(Int(operation.a), focus) { item in
      guard let reference = reference(in: item), let target = target(of: reference, from: item) else {
        return true
      }
      return try body(.node(target))
    }
  }

  /// The text of a Reference, or a URI that is one.
  private func reference(in item: Item) -> String? {
    guard case .node(let node) = item else { return text(of: item) }
    if hasText(node) { return string(of: node) }
    return child(schema.names.reference, of: node).map { string(of: $0) }
  }

  private func target(of reference: String, from item: Item) -> NodeRef? {
    guard !reference.isEmpty else { return nil }
    var source = rootResource ?? context
    if case .node(let node) = item { source = node }
    guard let source else { return nil }
    if reference.hasPrefix("#") {
      let root = source.tree == 0 ? rootResource ?? rootOfTree(0) : rootOfTree(Int(source.tree))
      return reference == "#" ? root : contained(String(reference.dropFirst()), in: root)
    }
    let element = treeNode(source)
    return ask({ $0.resolve(reference, from: element) }).flatMap { ref(to: $0) }
  }

  /// A contained resource by its id.
  private func contained(_ id: String, in resource: NodeRef) -> NodeRef? {
    var found: NodeRef?
    _ = eachChild(resource) { child in
      let node = views[Int(child.tree)].nodes[Int(child.index)]
      guard node.flags.kind == .resource, let own = self.child(schema.names.id, of: child),
        string(of: own).utf8.elementsEqual(id.utf8)
      else { return true }
      found = child
      return false
    }
    return found
  }

  // MARK: Modifiers

  /// An error where an element bears a modifier extension that is not among those named.
  func checkedModifiers(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    var known: [String] = []
    for number in 0..<Int(operation.count) {
      if let url = try text(argument(number, operation), focus, for: index) { known.append(url) }
    }
    let name = table.nameID("modifierExtension")
    return try each(Int(operation.a), focus) { item in
      guard case .node(let node) = item else { return try body(item) }
      _ = try eachChild(node) { child in
        guard views[Int(child.tree)].nodes[Int(child.index)].name == name else { return true }
        let url = self.child(schema.names.url, of: child).map { string(of: $0) }
        guard let url, known.contains(url) else {
          throw failure(index, "an element bears a modifier extension that is not expected here")
        }
        return true
      }
      return try body(item)
    }
  }

  // MARK: Profiles and terminology

  private static let coreProfiles = "http://hl7.org/fhir/StructureDefinition/"

  func conforms(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let item = try single(Int(operation.a), focus),
      let profile = try text(argument(0, operation), focus, for: index)
    else { return nil }
    guard case .node(let node) = item else {
      throw failure(index, "conformsTo() is for resources and elements, and this is \(describe(item))")
    }
    let element = treeNode(node)
    if let answer = ask({ $0.conforms(element, to: profile) }) { return answer }
    // The profile of a type as such says no more than that it is of that type.
    let canonical = profile.prefix { $0 != "|" }
    if canonical.hasPrefix(Evaluator.coreProfiles),
      let type = table.typeID(String(canonical.dropFirst(Evaluator.coreProfiles.count)))
    {
      return element.type.map { table.isSubtype($0, of: type) } ?? false
    }
    throw cannotTell(index, "the profile is not known here")
  }

  private func terminologyValue(_ item: Item) -> TerminologyValue? {
    if case .node(let node) = item { return .element(treeNode(node)) }
    return text(of: item).map { .code($0) }
  }

  func isMember(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let item = try single(Int(operation.a), focus),
      let valueSet = try text(argument(0, operation), focus, for: index)
    else { return nil }
    guard let value = terminologyValue(item) else {
      throw failure(index, "memberOf() is for codes and concepts, and this is \(describe(item))")
    }
    if let answer = ask({ $0.isMember(value, of: valueSet) }) { return answer }
    guard let answer = isListed(item, in: valueSet) else {
      throw cannotTell(index, "the value set, or what is in it, is not known here")
    }
    return answer
  }

  /// What the definitions know of a value set's codes.
  private func isListed(_ item: Item, in valueSet: String) -> Bool? {
    guard let set = table.valueSet(valueSet), table.valueSets[set].codes == UInt8(CODES_LISTED.rawValue)
    else { return nil }
    func contains(_ code: String, _ system: String?) -> Bool {
      var code = code
      return code.withUTF8 { code in
        guard var system else { return table.contains(code: code, valueSet: set) }
        return system.withUTF8 { table.contains(code: code, system: $0, valueSet: set) }
      }
    }
    if let text = text(of: item) { return contains(text, nil) }
    guard case .node(let node) = item else { return nil }
    let names = schema.quantityNames
    func coding(_ node: NodeRef) -> Bool {
      guard let code = child(names.code, of: node) else { return false }
      return contains(string(of: code), child(names.system, of: node).map { string(of: $0) })
    }
    if node.typeID.map({ table.name(of: $0) }) == "CodeableConcept" {
      let name = table.nameID("coding")
      return !eachChild(node) { child in
        views[Int(child.tree)].nodes[Int(child.index)].name != name || !coding(child)
      }
    }
    return coding(node)
  }

  func subsumes(_ index: Int, _ operation: Operation, _ focus: borrowing Focus) throws -> Bool? {
    guard let item = try single(Int(operation.a), focus),
      let other = try single(argument(0, operation), focus)
    else { return nil }
    guard let a = terminologyValue(item), let b = terminologyValue(other) else {
      throw failure(index, "subsumes() is for codes and concepts")
    }
    let isReversed = operation.function == .subsumedBy
    if let answer = ask({ isReversed ? $0.subsumes(b, a) : $0.subsumes(a, b) }) { return answer }
    if try areEqual(item, other) == true { return true }
    throw cannotTell(index, "the code system's hierarchy is not known here")
  }
}
