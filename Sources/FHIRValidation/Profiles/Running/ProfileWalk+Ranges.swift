import FHIRModel

// The least and the greatest value that a profile allows.
extension ProfileWalk {
  mutating func checkRange(_ place: Place, _ range: ValueRange, _ plan: PlanReference) {
    if let least = range.least, order(place.node, least, plan) == .less {
      if isTold() {
        report(
          .error, .profileRange, at: place.node,
          "\(path(place.element, plan)) is less than the least value allowed, \(describe(least.node, plan)): "
            + source(plan))
      }
    }
    if let greatest = range.greatest, order(place.node, greatest, plan) == .greater {
      if isTold() {
        report(
          .error, .profileRange, at: place.node,
          "\(path(place.element, plan)) is greater than the greatest value allowed, "
            + "\(describe(greatest.node, plan)): \(source(plan))")
      }
    }
  }

  private enum Order { case less, same, greater }

  /// How a node's value stands to one of the plan's; nil where they cannot be compared.
  private func order(_ node: Int, _ value: PlanValue, _ plan: PlanReference) -> Order? {
    let record = plan.records.values[Int(value.node)]
    let other = UnsafeBufferPointer(
      start: plan.records.text + Int(record.textStart), count: Int(record.textLength))
    switch value.type {
    case "integer", "decimal", "unsignedInt", "positiveInt", "integer64":
      guard let a = DecimalText(tree.rawText(node)), let b = DecimalText(other) else { return nil }
      return a < b ? .less : b < a ? .greater : .same
    case "date", "dateTime", "instant", "time":
      return nil
    default: return nil
    }
  }

  func isMember(_ place: Place, ofValueSet value: Int32, _ plan: PlanReference) -> Bool { false }
}
