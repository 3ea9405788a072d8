import CDefinitions
import FHIRModel

/// What FHIR's primitives are in the language's own types.
///
/// See https://hl7.org/fhir/R4/fhirpath.html#types
extension Evaluator {
  /// Whether a primitive has a value, not extensions alone.
  func hasValue(_ ref: NodeRef) -> Bool {
    let node = views[Int(ref.tree)].nodes[Int(ref.index)]
    return node.flags.contains(.hasValue) && node.textLength > 0 && node.flags.kind != .resource
  }

  func grammar(_ ref: NodeRef) -> UInt8 {
    ref.type == NodeRef.unknownType ? 0 : table.types[Int(ref.type)].grammar
  }

  /// The value of a primitive as a value of the language; nil for other elements, for those without a value, and for
  /// texts that are no value of their type.
  func value(of ref: NodeRef) -> Item? {
    let view = views[Int(ref.tree)]
    let node = view.nodes[Int(ref.index)]
    guard node.flags.contains(.hasValue), node.flags.kind != .resource else { return nil }
    var grammar = UInt32(grammar(ref))
    if grammar == 0 {
      if ref.type != NodeRef.unknownType { return nil }
      // An element that no definition knows is what JSON says it is.
      switch node.flags.kind {
      case .boolean: grammar = GRAMMAR_BOOLEAN.rawValue
      case .number: grammar = GRAMMAR_DECIMAL.rawValue
      case .string, .text: grammar = GRAMMAR_STRING.rawValue
      default: return nil
      }
    }
    let raw = UnsafeBufferPointer(start: view.text + Int(node.textStart), count: Int(node.textLength))
    switch grammar {
    case GRAMMAR_BOOLEAN.rawValue:
      if raw.elementsEqual("true".utf8) { return .boolean(true) }
      return raw.elementsEqual("false".utf8) ? .boolean(false) : nil
    case GRAMMAR_INTEGER.rawValue, GRAMMAR_POSITIVE_INT.rawValue, GRAMMAR_UNSIGNED_INT.rawValue:
      return Decimal(raw)?.integer.map { .integer($0) }
    case GRAMMAR_DECIMAL.rawValue: return Decimal(raw).map { .decimal($0) }
    case GRAMMAR_DATE.rawValue: return Temporal(date: raw).map { .temporal($0) }
    case GRAMMAR_DATETIME.rawValue, GRAMMAR_INSTANT.rawValue:
      return Temporal(dateTime: raw).map { .temporal($0) }
    case GRAMMAR_TIME.rawValue: return Temporal(time: raw).map { .temporal($0) }
    default: return .string(string(of: ref))
    }
  }

  func string(of ref: NodeRef) -> String { trees[Int(ref.tree)].string(at: Int(ref.index)) }

  /// Whether a primitive is a text to the language, as codes, ids and URIs are.
  func isText(_ ref: NodeRef) -> Bool {
    let grammar = UInt32(grammar(ref))
    guard grammar != 0 else {
      let kind = views[Int(ref.tree)].nodes[Int(ref.index)].flags.kind
      return ref.type == NodeRef.unknownType && (kind == .string || kind == .text)
    }
    switch grammar {
    case GRAMMAR_STRING.rawValue...GRAMMAR_BASE64.rawValue, GRAMMAR_XHTML.rawValue: return true
    default: return false
    }
  }

  /// The decoded text of a primitive, without a copy unless it holds escapes.
  @inline(__always)
  func withText<R>(
    _ ref: NodeRef, _ scratch: TextBuffer, _ body: (UnsafeBufferPointer<UInt8>) throws -> R
  ) rethrows -> R {
    let view = views[Int(ref.tree)]
    let node = view.nodes[Int(ref.index)]
    let raw = UnsafeBufferPointer(start: view.text + Int(node.textStart), count: Int(node.textLength))
    guard node.flags.contains(.escaped) else { return try body(raw) }
    scratch.count = 0
    _ = JSONEscapes.decode(raw, into: scratch)
    return try body(UnsafeBufferPointer(start: scratch.bytes, count: scratch.count))
  }

  /// An item as a value of the language: a primitive's value, a Quantity's, or what is one already.
  func plain(_ item: Item) -> Item? {
    guard case .node(let node) = item else { return item }
    return value(of: node) ?? quantity(of: node).map { .quantity($0) }
  }

  /// The text of an item: of a text, or of any primitive.
  ///
  /// The language converts only texts, codes and URIs to String. Dates and numbers of FHIR are taken as they are
  /// written, as invariants of guides expect.
  func text(of item: Item) -> String? {
    switch item {
    case .string(let text): return text
    case .node(let node): return hasText(node) ? string(of: node) : nil
    default: return nil
    }
  }

  func hasText(_ node: NodeRef) -> Bool {
    hasValueOrEmptyText(node) && (grammar(node) != 0 || node.type == NodeRef.unknownType)
  }

  private func hasValueOrEmptyText(_ ref: NodeRef) -> Bool {
    let node = views[Int(ref.tree)].nodes[Int(ref.index)]
    return node.flags.contains(.hasValue) && node.flags.kind != .resource
  }

  /// The only item of an operation as a text; an error if it is none.
  func text(_ index: Int, _ focus: borrowing Focus, for operation: Int) throws -> String? {
    guard let item = try single(index, focus) else { return nil }
    if let text = text(of: item) { return text }
    // A primitive of extensions alone has no text, which is no mistake.
    if case .node(let node) = item, grammar(node) != 0 { return nil }
    throw failure(operation, "a text is expected, and this is \(describe(item))")
  }

  /// The only item of an operation as a whole number; an error if it is none.
  func integer(_ index: Int, _ focus: borrowing Focus) throws -> Int? {
    guard let item = try single(index, focus) else { return nil }
    if case .integer(let value)? = plain(item) { return Int(value) }
    throw failure(index, "a whole number is expected, and this is \(describe(item))")
  }

  /// What an item is, in words; never its value.
  func describe(_ item: Item) -> String {
    let name = typeName(of: item)
    return "a \(name.namespace).\(name.name)"
  }

  // MARK: Quantities

  func isQuantity(_ ref: NodeRef) -> Bool {
    guard let type = ref.typeID else { return false }
    if ref.type == schema.quantity { return true }
    return table.isSubtype(type, of: TypeID(rawValue: schema.quantity))
  }

  /// A Quantity of FHIR as one of the language: with its UCUM code, or its unit's words if it has no code.
  ///
  /// See https://hl7.org/fhir/R4/fhirpath.html#quantity
  func quantity(of ref: NodeRef) -> Quantity? {
    guard isQuantity(ref) else { return nil }
    let names = schema.quantityNames
    guard let number = child(names.value, of: ref), case .decimal(let value)? = self.value(of: number)
    else { return nil }
    let code = child(names.code, of: ref).map { string(of: $0) }
    let system = child(names.system, of: ref).map { string(of: $0) }
    let unit = child(names.unit, of: ref).map { string(of: $0) }
    if let code, system == nil || system == "http://unitsofmeasure.org" {
      return Quantity(value: value, unit: code)
    }
    // Not UCUM's: two such quantities compare only if they have the same code, or are written alike.
    let foreign = system.flatMap { system in code.map { Quantity.ForeignUnit(system: system, code: $0) } }
    return Quantity(value: value, unit: unit ?? code ?? Quantity.unity, foreign: foreign)
  }
}
