internal import CDefinitions

extension DefinitionTable {
  /// The element name of a type that an unknown one was perhaps meant to be; for messages, not for speed.
  package func closestName(to name: String, in type: TypeID) -> String? {
    let names = elements(of: type).flatMap { element in
      typeRefs(of: element).map { string(of: NameID(rawValue: $0.json_name)) }
    }
    return closest(to: name, among: names)
  }

  /// The resource type that an unknown one was perhaps meant to be.
  package func closestResourceType(to name: String) -> String? {
    closest(to: name, among: resourceTypes.map { self.name(of: $0) })
  }

  /// The code of a value set that an unknown one was perhaps meant to be.
  package func closestCode(to code: String, valueSet: Int) -> String? {
    closest(to: code, among: codes(of: valueSet).map { string($0.code) })
  }
}

/// The candidate that is fewest typing mistakes away, if that is near enough to be meant; of equals the first.
///
/// Near enough is a third of the length, and never more than three mistakes; one that differs in case only is always
/// near.
package func closest(to name: String, among candidates: some Sequence<String>) -> String? {
  let wanted = Array(name.unicodeScalars)
  // Longer than any FHIR name: data that went astray, not a misspelling.
  guard !wanted.isEmpty, wanted.count <= 100 else { return nil }
  let limit = min(3, max(1, wanted.count / 3))
  let lowercased = name.lowercased()
  var best: (name: String, distance: Int)?
  for candidate in candidates {
    let distance =
      candidate.lowercased() == lowercased
      ? 0 : editDistance(wanted, Array(candidate.unicodeScalars), limit: limit)
    if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

/// How many scalars must be inserted, left out, replaced or swapped with their neighbour (Damerau-Levenshtein, each
/// stretch edited once); `limit + 1` if more than the limit.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], limit: Int) -> Int {
  guard abs(a.count - b.count) <= limit, !a.isEmpty, !b.isEmpty else { return limit + 1 }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var row = last
  for i in 1...a.count {
    row[0] = i
    for j in 1...b.count {
      var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
      row[j] = cost
    }
    (beforeLast, last, row) = (last, row, beforeLast)
  }
  return min(last[b.count], limit + 1)
}
