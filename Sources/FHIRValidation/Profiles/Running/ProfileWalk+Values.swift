import FHIRModel

// Values compared with those that a definition gives.
extension ProfileWalk {
  /// The node at which a value is not what it must be, or nil if it is.
  ///
  /// - Parameter exactly: the value must be the definition's and nothing more (`fixed[x]`); else it may have more
  ///   (`pattern[x]`). See http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
  func mismatch(_ node: Int, _ value: Int32, exactly: Bool, _ plan: PlanReference) -> Int? {
    let expected = plan.records.values + Int(value)
    if expected.pointee.kind != .none {
      guard text(node, equals: expected, plan) else { return node }
    } else if exactly && nodes[node].flags.contains(.hasValue) {
      return node
    }
    return mismatchBelow(node, value, exactly: exactly, plan)
  }

  private func mismatchBelow(_ node: Int, _ value: Int32, exactly: Bool, _ plan: PlanReference) -> Int? {
    let values = plan.records.values
    let end = values[Int(value)].end
    var item = value + 1
    var expectedCount = 0
    while item < end {
      defer { item = values[Int(item)].end }
      expectedCount += 1
      let expected = values + Int(item)
      if exactly && expected.pointee.repeats {
        // Items are compared in their order.
        var position = 0
        var elder = value + 1
        while elder < item {
          if values[Int(elder)].name == expected.pointee.name { position += 1 }
          elder = values[Int(elder)].end
        }
        guard let own = child(expected.pointee.name, at: position, of: node) else { return node }
        if let found = mismatch(own, item, exactly: true, plan) { return found }
        continue
      }
      var candidate: Int?
      var isFound = false
      for child in tree.children(of: node) where nodes[child].name == expected.pointee.name {
        guard let found = mismatch(child, item, exactly: exactly, plan) else {
          isFound = true
          break
        }
        candidate = found
      }
      if isFound { continue }
      // Of items that may repeat none is the culprit more than another.
      return expected.pointee.repeats ? node : candidate ?? node
    }
    guard exactly else { return nil }
    var count = 0
    for _ in tree.children(of: node) { count += 1 }
    return count == expectedCount ? nil : node
  }

  private func child(_ name: NameID, at position: Int, of node: Int) -> Int? {
    var left = position
    for child in tree.children(of: node) where nodes[child].name == name {
      if left == 0 { return child }
      left -= 1
    }
    return nil
  }

  /// Whether a node's value is a text of the plan's; decimals are the same if value and precision are.
  @inline(__always)
  func text(_ node: Int, equals expected: UnsafePointer<PlanNode>, _ plan: PlanReference) -> Bool {
    let own = tree.rawText(node)
    let other = UnsafeBufferPointer(
      start: plan.records.text + Int(expected.pointee.textStart), count: Int(expected.pointee.textLength))
    if nodes[node].flags.contains(.hasValue), !nodes[node].flags.contains(.escaped), own.count == other.count,
      memoryEqual(own.baseAddress, other.baseAddress, own.count)
    {
      return true
    }
    return textDecoded(node, equals: other, isDecimal: expected.pointee.kind == .decimal)
  }

  private func textDecoded(_ node: Int, equals other: UnsafeBufferPointer<UInt8>, isDecimal: Bool) -> Bool {
    let flags = nodes[node].flags
    guard flags.contains(.escaped) || isDecimal, flags.contains(.hasValue) else { return false }
    if isDecimal {
      guard let a = DecimalText(tree.rawText(node)), let b = DecimalText(other) else { return false }
      return a.isIdentical(to: b)
    }
    return tree.withText(node, scratch: session.scratch) {
      $0.count == other.count && memoryEqual($0.baseAddress, other.baseAddress, other.count)
    }
  }

  /// A value of the plan's for a message: its text or, of a complex one, its parts.
  func describe(_ value: Int32, _ plan: PlanReference) -> String {
    let record = plan.records.values[Int(value)]
    if record.kind != .none {
      let text = UnsafeBufferPointer(
        start: plan.records.text + Int(record.textStart), count: Int(record.textLength))
      return "'\(String(decoding: text, as: UTF8.self))'"
    }
    var parts: [String] = []
    var item = value + 1
    while item < record.end {
      parts.append("\(table.string(of: plan.records.values[Int(item)].name)) \(describe(item, plan))")
      item = plan.records.values[Int(item)].end
    }
    return parts.count == 1 ? parts[0] : "{\(parts.joined(separator: ", "))}"
  }
}
