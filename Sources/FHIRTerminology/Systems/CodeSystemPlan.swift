internal import FHIRModel

/// A CodeSystem resource made ready for look-ups.
///
/// See https://hl7.org/fhir/R4/codesystem.html
final class CodeSystemPlan: Sendable {
  /// How much of the code system the resource holds.
  enum Content: String {
    case complete, fragment, example, supplement
    case notPresent = "not-present"
  }

  let url: String
  let version: String?
  let content: Content
  /// Whether codes that the resource does not list are put together from those that it does.
  let isCompositional: Bool
  /// Every concept's code, parents before their children.
  let codes: CodeIndex
  /// The same, but for case; nil where the system says that case counts.
  private let folded: CodeIndex?
  /// Whether the system says that case does not count.
  let ignoresCase: Bool
  /// The URL of the value set that is all of the system's codes.
  let valueSet: String?
  private let tree: ResourceTree
  private let nodes: [Int]
  /// The concepts directly above each.
  private let parents: [[Int32]]
  private let children: [[Int32]]
  private let inactive: Set<Int32>
  /// What supplements call concepts besides, but for case and white space.
  private let otherNames: [Int: Set<String>]
  /// Supplements' trees, and where in them concepts stand.
  private let additions: [Int: [(tree: ResourceTree, node: Int)]]

  /// - Parameter supplements: CodeSystems that add words to this one's concepts.
  init(_ tree: ResourceTree, supplements: [ResourceTree] = []) {
    let root = Definition(tree)
    url = root.text(Definition.Names.url) ?? ""
    version = root.text(Definition.Names.version)
    content = root.text(Definition.Names.content).flatMap { Content(rawValue: $0) } ?? .fragment
    isCompositional = root.text(Definition.Names.compositional) == "true"
    self.tree = tree
    let reading = ConceptReading(root)
    let codes = CodeIndex(reading.codes)
    self.codes = codes
    // Where a system does not say that case counts, a code that differs in case only is not called wrong.
    let caseSensitive = root.text(Definition.Names.caseSensitive)
    folded = caseSensitive == "true" ? nil : CodeIndex(reading.codes, ignoresCase: true)
    ignoresCase = caseSensitive == "false"
    valueSet = root.text(Definition.Names.valueSet)
    nodes = reading.nodes
    parents = reading.parents
    var children = [[Int32]](repeating: [], count: reading.nodes.count)
    for (child, parents) in reading.parents.enumerated() {
      for parent in parents { children[Int(parent)].append(Int32(child)) }
    }
    self.children = children
    inactive = reading.inactive
    var otherNames: [Int: Set<String>] = [:]
    var additions: [Int: [(tree: ResourceTree, node: Int)]] = [:]
    for supplement in supplements {
      let words = ConceptReading(Definition(supplement))
      for (code, node) in zip(words.codes, words.nodes) {
        var code = code
        guard let concept = code.withUTF8({ codes.number(of: $0) }) else { continue }
        additions[concept, default: []].append((supplement, node))
        let definition = Definition(supplement, node)
        let designations = definition.children(Definition.Names.designation).compactMap {
          $0.text(Definition.Names.value)
        }
        let names = [definition.text(Definition.Names.display)].compactMap(\.self) + designations
        otherNames[concept, default: []].formUnion(names.map(Self.normal))
      }
    }
    self.otherNames = otherNames
    self.additions = additions
  }

  /// Whether all of the system's codes are listed: one that is not listed is none.
  var isComplete: Bool { content == .complete && !isCompositional }

  func number(of code: UnsafeBufferPointer<UInt8>) -> Int? {
    codes.number(of: code) ?? folded.flatMap { $0.number(of: code) }
  }

  func number(of code: String) -> Int? {
    var code = code
    return code.withUTF8 { number(of: $0) }
  }

  func isInactive(_ concept: Int) -> Bool { inactive.contains(Int32(concept)) }

  /// A concept's code as the resource writes it.
  func code(_ concept: Int) -> String { definition(concept).text(Definition.Names.code) ?? "" }

  func definition(_ concept: Int) -> Definition { Definition(tree, nodes[concept]) }

  /// What the system and its supplements say of a concept.
  func definitions(of concept: Int) -> [Definition] {
    [definition(concept)] + (additions[concept] ?? []).map { Definition($0.tree, $0.node) }
  }

  func membership(of code: UnsafeBufferPointer<UInt8>) -> Membership {
    if content != .supplement, number(of: code) != nil { return .yes }
    return isComplete ? .no : .unknown
  }

  // MARK: Hierarchy

  /// Which concepts stand below one, itself included.
  func subtree(of concept: Int) -> [Bool] { reach(from: concept, children) }

  /// Which concepts stand above one, itself included.
  func ancestry(of concept: Int) -> [Bool] { reach(from: concept, parents) }

  private func reach(from concept: Int, _ edges: [[Int32]]) -> [Bool] {
    var reached = [Bool](repeating: false, count: codes.count)
    var pending = [concept]
    while let next = pending.popLast() {
      if reached[next] { continue }
      reached[next] = true
      pending += edges[next].lazy.map { Int($0) }
    }
    return reached
  }

  func children(of concept: Int) -> [Int] { children[concept].map { Int($0) } }

  func parents(of concept: Int) -> [Int] { parents[concept].map { Int($0) } }

  // MARK: Displays

  /// What the system calls a concept; nil if it says nothing.
  func display(of concept: Int) -> String? { definition(concept).text(Definition.Names.display) }

  /// Whether a text is a concept's display or one of its designations, but for case and white space; true where the
  /// system gives none.
  func isDisplay(_ text: UnsafeBufferPointer<UInt8>, of concept: Int) -> Bool {
    let definition = definition(concept)
    guard let display = definition.child(Definition.Names.display) else { return true }
    let own = tree.rawText(display.node)
    if own.count == text.count, memoryEqual(own.baseAddress, text.baseAddress, text.count),
      !tree.nodes[display.node].flags.contains(.escaped)
    {
      return true
    }
    let others = otherNames[concept]
    let hasDesignations = definition.child(Definition.Names.designation) != nil || others != nil
    if !hasDesignations, !tree.nodes[display.node].flags.contains(.escaped),
      let isSame = Self.isSameASCII(own, text)
    {
      return isSame
    }
    let given = Self.normal(String(decoding: text, as: UTF8.self))
    if given == Self.normal(display.text) || others?.contains(given) == true { return true }
    return definition.children(Definition.Names.designation).contains {
      $0.text(Definition.Names.value).map { Self.normal($0) } == given
    }
  }

  /// Whether two texts are the same but for case and white space; nil where one of them is not plain ASCII.
  private static func isSameASCII(
    _ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>
  ) -> Bool? {
    guard a.allSatisfy({ $0 < 0x80 }), b.allSatisfy({ $0 < 0x80 }) else { return nil }
    var (rest, other) = (a[...], b[...])
    while true {
      let (word, otherWord) = (takeWord(&rest), takeWord(&other))
      if word.isEmpty || otherWord.isEmpty { return word.isEmpty && otherWord.isEmpty }
      guard word.elementsEqual(otherWord, by: { CodeIndex.folded($0) == CodeIndex.folded($1) }) else {
        return false
      }
    }
  }

  private static func takeWord(
    _ rest: inout Slice<UnsafeBufferPointer<UInt8>>
  ) -> Slice<UnsafeBufferPointer<UInt8>> {
    rest = rest.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    let word = rest.prefix { $0 != 0x20 && !(0x09...0x0D).contains($0) }
    rest = rest[word.endIndex...]
    return word
  }

  static func normal(_ text: String) -> String {
    let lower = text.lowercased()
    guard lower.utf8.allSatisfy({ $0 < 0x80 }) else {
      return lower.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return lower.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.map { Substring($0) }
      .joined(separator: " ")
  }
}

/// The concepts of a code system, in the order of the resource.
private struct ConceptReading {
  var codes: [String] = []
  var nodes: [Int] = []
  var parents: [[Int32]] = []
  var inactive: Set<Int32> = []

  init(_ root: Definition) {
    var roles: [String: Role] = [
      "parent": .parent, "subsumedBy": .parent, "child": .child, "status": .status,
    ]
    roles["inactive"] = .inactive
    for property in root.children(Definition.Names.property) {
      guard let code = property.text(Definition.Names.code), let uri = property.text(Definition.Names.uri),
        uri.hasPrefix("http://hl7.org/fhir/concept-properties#")
      else { continue }
      roles[code] = Role(rawValue: String(uri.split(separator: "#")[1]))
    }
    var named: [(parent: Name, child: Name)] = []
    // Concepts stand as deep within each other as the reader of the resource allows.
    var pending = root.children(Definition.Names.concept).reversed().map { (item: $0, parent: Int32?.none) }
    while let (item, parent) = pending.popLast() {
      guard let code = item.text(Definition.Names.code) else { continue }
      let number = Int32(codes.count)
      codes.append(code)
      nodes.append(item.node)
      parents.append(parent.map { [$0] } ?? [])
      for property in item.children(Definition.Names.property) {
        guard let name = property.text(Definition.Names.code), let role = roles[name],
          let value = property.choice(Definition.Names.propertyValues)
        else { continue }
        switch role {
        case .parent: named.append((.code(value.text), .number(number)))
        case .child: named.append((.number(number), .code(value.text)))
        case .status: if ["retired", "inactive"].contains(value.text) { inactive.insert(number) }
        case .inactive: if value.text == "true" { inactive.insert(number) }
        }
      }
      pending += item.children(Definition.Names.concept).reversed().map { ($0, number) }
    }
    link(named)
  }

  private enum Role: String { case parent, child, status, inactive }
  private enum Name {
    case code(String)
    case number(Int32)
  }

  private mutating func link(_ named: [(parent: Name, child: Name)]) {
    guard !named.isEmpty else { return }
    let numbers = Dictionary(
      codes.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    func number(_ name: Name) -> Int32? {
      switch name {
      case .code(let code): numbers[code]
      case .number(let number): number
      }
    }
    for (parent, child) in named {
      guard let parent = number(parent), let child = number(child) else { continue }
      if !parents[Int(child)].contains(parent) { parents[Int(child)].append(parent) }
    }
  }
}
