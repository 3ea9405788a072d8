import BSON

/// The place of an element as examples name it: `telecom[0].value`. An index behind a list's last item adds one.
struct ElementPath {
  private enum Step {
    case member(String)
    case item(Int)
  }

  private let steps: [Step]

  /// nil for what is no path.
  init?(_ text: String) {
    var steps: [Step] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard let match = part.wholeMatch(of: /([A-Za-z_][A-Za-z0-9_]*)((?:\[[0-9]{1,6}\])*)/) else {
        return nil
      }
      steps.append(.member(String(match.1)))
      for index in match.2.matches(of: /[0-9]+/) {
        guard let number = Int(index.0) else { return nil }
        steps.append(.item(number))
      }
    }
    self.steps = steps
  }

  /// Sets what stands at the path; null takes it away, with lists and objects that are left empty. False where the path
  /// leads nowhere.
  func set(_ value: BSONValue, in resource: inout BSONValue) -> Bool {
    ElementPath.set(value, steps[...], &resource)
  }

  private static func set(_ value: BSONValue, _ steps: ArraySlice<Step>, _ element: inout BSONValue) -> Bool {
    guard let step = steps.first else {
      element = value
      return true
    }
    switch step {
    case .member(let name):
      guard var fields = element.fields else { return false }
      let isList: Bool = if case .item? = steps.dropFirst().first { true } else { false }
      var inner = fields[name] ?? (isList ? .array([]) : .document(BSONFields()))
      guard set(value, steps.dropFirst(), &inner) else { return false }
      fields[name] = inner.isNothing ? Optional.none : inner
      element = .document(fields)
    case .item(let index):
      guard var items = element.elements, index <= items.count else { return false }
      var inner = index < items.count ? items[index] : .document(BSONFields())
      guard set(value, steps.dropFirst(), &inner) else { return false }
      if inner.isNothing {
        guard index < items.count else { return false }
        items.remove(at: index)
      } else if index < items.count {
        items[index] = inner
      } else {
        items.append(inner)
      }
      element = .array(items)
    }
    return true
  }
}

extension BSONValue {
  fileprivate var isNothing: Bool {
    self == .null || fields?.fields.isEmpty ?? false || elements?.isEmpty ?? false
  }
}
