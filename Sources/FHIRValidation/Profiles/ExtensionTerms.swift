import FHIRDefinitions
import FHIRModel
import FHIRPath

/// Where an extension may stand and what parts it has, as its definition says.
///
/// See http://hl7.org/fhir/R4/defining-extensions.html#context
struct ExtensionTerms: Sendable {
  var contexts: [Context] = []
  /// What must hold for the element on which it stands.
  var invariants: [CompiledExpression]
  var isModifier: Bool
  /// How often it may stand on one element; nil is any number.
  var most: Int?
  /// It consists of extensions, with these names as their urls.
  var isComplex: Bool
  var parts: Set<String> = []
  /// One of its contexts is any element.
  var isAnywhere: Bool

  struct Context: Sendable {
    enum Kind: String, Sendable { case element, `extension`, fhirpath }

    var kind: Kind
    var expression: String
    /// The type that the expression names as a whole.
    var type: TypeID?
    /// The type at which a path begins, and the names behind it.
    var start: TypeID?
    var path: [NameID] = []
    /// What gives the elements on which it may stand, of the resource; nil where it cannot be evaluated.
    var elements: CompiledExpression?
    /// It is written in another way than R4 knows: it says nothing here.
    var isOpaque = false
  }

  /// Where R4 itself uses extensions of its own beside the places that their definitions name.
  private static let corrections: [String: [String]] = [
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type": ["ElementDefinition.type"],
    "http://hl7.org/fhir/StructureDefinition/regex": ["ElementDefinition.type"],
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version": ["ElementDefinition"],
  ]

  init(_ definition: StructureDefinition, root: SnapshotElement, table: DefinitionTable) {
    // Those that speak of %extension are not evaluated.
    invariants = definition.contextInvariants.compactMap {
      try? CompiledExpression($0, table: table, options: .invariants)
    }
    isModifier = root.definition.isModifier
    most = root.definition.max
    isAnywhere = definition.contexts.contains { $0.type == "element" && $0.expression == "Element" }
    contexts = definition.contexts.map { Context(kind: $0.type, expression: $0.expression, table) }
    for correction in Self.corrections[definition.url] ?? [] {
      contexts.append(Context(kind: "element", expression: correction, table))
    }
    let slices = root.child("extension")?.slices ?? []
    isComplex = !slices.isEmpty
    for slice in slices {
      let url = slice.child("url")?.definition.fixed.map { $0.tree.string(at: $0.node) }
      if let name = url ?? slice.definition.sliceName { parts.insert(name) }
    }
  }
}

extension ExtensionTerms.Context {
  fileprivate init(kind: String, expression: String, _ table: DefinitionTable) {
    self.expression = expression
    guard let kind = Kind(rawValue: kind) else {
      self.kind = .element
      isOpaque = true
      return
    }
    self.kind = kind
    if kind == .fhirpath {
      elements = try? CompiledExpression(expression, table: table, options: .invariants)
    }
    guard kind == .element else { return }
    type = table.typeID(expression)
    var parts = expression.split(separator: ".").map(String.init)
    guard !parts.isEmpty else {
      isOpaque = true
      return
    }
    start = table.typeID(parts.removeFirst())
    path = parts.compactMap { part in
      let stem = part.hasSuffix("[x]") ? String(part.dropLast(3)) : part
      return table.nameID(stem)
    }
    // A type or an element that R4 does not have, or a profile's URL.
    isOpaque = start == nil && type == nil || path.count != parts.count
    if parts.isEmpty { start = nil }
  }
}
