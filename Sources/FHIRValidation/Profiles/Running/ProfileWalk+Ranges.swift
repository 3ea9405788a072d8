import FHIRModel
import FHIRPath
import UCUM

// The least and the greatest value that a profile allows.
extension ProfileWalk {
  mutating func checkRange(_ place: Place, _ range: ValueRange, _ plan: PlanReference) {
    if let least = range.least, let order = order(place.node, least, plan), order < 0, isTold() {
      report(
        .error, .profileRange, at: place.node,
        "\(path(place.element, plan)) is less than the least value allowed, \(describe(least.node, plan)): "
          + source(plan))
    }
    if let greatest = range.greatest, let order = order(place.node, greatest, plan), order > 0, isTold() {
      report(
        .error, .profileRange, at: place.node,
        "\(path(place.element, plan)) is greater than the greatest value allowed, "
          + "\(describe(greatest.node, plan)): \(source(plan))")
    }
  }

  /// Below 0 if a node's value is less than one of the plan's, above if it is greater; nil where they cannot be compared.
  private func order(_ node: Int, _ value: PlanValue, _ plan: PlanReference) -> Int? {
    let other = text(value.node, plan)
    switch value.type {
    case "integer", "decimal", "unsignedInt", "positiveInt":
      guard let own = DecimalText(tree.rawText(node)), let other = DecimalText(Array(other.utf8)) else {
        return nil
      }
      return own < other ? -1 : other < own ? 1 : 0
    case "date", "dateTime", "instant":
      // A date and a time compare as far as both go.
      guard let own = Temporal(dateTime: tree.string(at: node)), let other = Temporal(dateTime: other) else {
        return nil
      }
      return own.order(other)
    case "time":
      guard let own = Temporal(time: tree.string(at: node)), let other = Temporal(time: other) else {
        return nil
      }
      return own.order(other)
    case "Quantity": return orderOfQuantities(node, value.node, plan)
    default: return nil
    }
  }

  /// Quantities of one unit, or of units that UCUM converts into each other.
  private func orderOfQuantities(_ node: Int, _ value: Int32, _ plan: PlanReference) -> Int? {
    let names = session.library.names
    func own(_ name: NameID) -> String? { tree.child(name, of: node).map { tree.string(at: $0) } }
    func other(_ name: NameID) -> String? {
      let values = plan.records.values
      var item = value + 1
      while item < values[Int(value)].end {
        if values[Int(item)].name == name { return text(item, plan) }
        item = values[Int(item)].end
      }
      return nil
    }
    guard var amount = own(names.value), let limit = other(names.value) else { return nil }
    let unit = own(names.code)
    let limitUnit = other(names.code)
    guard own(names.system) == other(names.system) else { return nil }
    if unit != limitUnit {
      guard own(names.system) == "http://unitsofmeasure.org", let unit, let limitUnit,
        let from = try? UCUMUnit(parsing: unit), let to = try? UCUMUnit(parsing: limitUnit),
        let converted = from.convert(decimal: amount, to: to)
      else { return nil }
      amount = converted
    }
    guard let a = DecimalText(Array(amount.utf8)), let b = DecimalText(Array(limit.utf8)) else { return nil }
    return a < b ? -1 : b < a ? 1 : 0
  }

  private func text(_ value: Int32, _ plan: PlanReference) -> String {
    let record = plan.records.values[Int(value)]
    return String(
      decoding: UnsafeBufferPointer(
        start: plan.records.text + Int(record.textStart), count: Int(record.textLength)), as: UTF8.self)
  }
}
