import Foundation

/// A run of HL7's validator suite: a file, what it is validated with, and what comes out.
struct ValidatorCase {
  let name: String
  /// `base`: against the specification; `profile`: against a profile besides.
  let kind: String
  let group: String
  let file: URL
  let supporting: [URL]
  let profile: URL?
  let expected: Expectation
  /// `name#version` of packages in the cache.
  var packages: [String] = []
  /// Where the case lets unknown extensions come from: the beginnings of their URLs.
  var extensionDomains: [String] = []

  var id: String { "validator/\(name)/\(kind)" }

  struct Expectation {
    /// `error: expression: words`, for people.
    var lines: [String] = []
    /// Where errors are, normalised.
    var errorExpressions: Set<String> = []
    var isValid = true
  }
}

extension ValidatorCase.Expectation {
  /// What an OperationOutcome says.
  init(outcome: [String: Any]) {
    for issue in outcome["issue"] as? [[String: Any]] ?? [] {
      let severity = issue["severity"] as? String ?? ""
      let expressions = issue["expression"] as? [String] ?? issue["location"] as? [String] ?? []
      let words = (issue["details"] as? [String: Any])?["text"] as? String ?? issue["diagnostics"] as? String
      lines.append("\(severity): \(expressions.first ?? ""): \(words ?? "")")
      guard severity == "error" || severity == "fatal" else { continue }
      isValid = false
      errorExpressions.insert(Expressions.normalised(expressions.first ?? ""))
    }
  }

  /// What older manifests say: a number of errors, and lines like `ERROR: Patient.name[0]: words`.
  init(errorCount: Int, output: [String]) {
    lines = output
    isValid = errorCount == 0
    for line in output where line.hasPrefix("ERROR: ") {
      let expression = line.dropFirst(7).components(separatedBy: ": ")[0]
      errorExpressions.insert(Expressions.normalised(expression))
    }
  }

  /// What a manifest's `java` says, in any of the forms that it has had.
  init?(manifest value: Any?, outcomes: URL) {
    if let path = value as? String {
      guard let data = try? Data(contentsOf: outcomes.appending(path: path)),
        let outcome = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
      else { return nil }
      self.init(outcome: outcome)
    } else if let object = value as? [String: Any] {
      if let outcome = object["outcome"] {
        if let outcome = outcome as? [String: Any] {
          self.init(outcome: outcome)
        } else {
          self.init(manifest: outcome as? String, outcomes: outcomes)
        }
      } else if let count = object["errorCount"] as? Int {
        self.init(errorCount: count, output: object["output"] as? [String] ?? [])
        for place in object["error-locations"] as? [String] ?? [] {
          errorExpressions.insert(Expressions.normalised(place))
        }
      } else {
        return nil
      }
    } else {
      return nil
    }
  }
}

/// Expressions as different validators write them, made comparable.
enum Expressions {
  /// Without comments (`/*Patient/1*/`), choices by name (`valueQuantity`), XPath as FHIRPath.
  static func normalised(_ expression: String) -> String {
    var text = expression.replacing(#/\/\*.*?\*\//#, with: "")
    if text.hasPrefix("/") {
      // What HL7's XML parser says: /f:List/f:id. It has no indices.
      text = text.split(separator: "/").map { $0.split(separator: ":").last ?? $0 }.joined(separator: ".")
    }
    // A name of another namespace.
    text = text.replacing(#/\{[^}]*\}/#, with: "")
    text = text.replacing(#/\.ofType\(([A-Za-z]+)\)/#) { match in
      match.1.prefix(1).uppercased() + match.1.dropFirst()
    }
    return text
  }

  /// Places that name no element: where a document as a whole could not be read.
  static func isPlaceless(_ expression: String) -> Bool {
    expression.isEmpty || expression == "XML" || expression.hasPrefix("(")
  }

  /// Whether two sets name the same places.
  static func agree(_ expected: Set<String>, _ actual: Set<String>) -> Bool {
    if expected == actual { return true }
    let places = expected.filter { !isPlaceless($0) }
    // XPath has no indices, and a document that cannot be read has no place that both must name.
    let known = Set(expected.union(actual).filter { $0.contains("[") }.map(withoutIndices))
    if places.isEmpty { return !actual.isEmpty }
    return Set(places.map { known.contains($0) ? withoutIndices($0) : $0 })
      == Set(
        actual.filter { !isPlaceless($0) }.map {
          places.contains(withoutIndices($0)) ? withoutIndices($0) : $0
        })
  }

  private static func withoutIndices(_ expression: String) -> String {
    expression.replacing(#/\[[0-9]+\]/#, with: "")
  }
}
