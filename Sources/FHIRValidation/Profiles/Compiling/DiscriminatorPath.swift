/// A discriminator's path in steps: the restricted FHIRPath that R4 allows there.
///
/// See http://hl7.org/fhir/R4/profiling.html#discriminator
enum DiscriminatorStep: Equatable {
  case child(String)
  case `extension`(String)
  case resolve
  case ofType(String)

  /// The steps of a path; nil if it is written in another way than R4 allows. `$this` is no step at all.
  static func steps(_ path: String) -> [DiscriminatorStep]? {
    var steps: [DiscriminatorStep] = []
    for part in parts(path) {
      guard let open = part.firstIndex(of: "(") else {
        switch part {
        case "$this": break
        case "": return nil
        default:
          let name = part.hasSuffix("[x]") ? part.dropLast(3) : part
          guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
            return nil
          }
          steps.append(.child(String(name)))
        }
        continue
      }
      guard part.last == ")" else { return nil }
      let argument = part[part.index(after: open)...].dropLast().trimmingQuotes
      switch part[..<open] {
      case "resolve" where argument.isEmpty: steps.append(.resolve)
      case "extension" where !argument.isEmpty: steps.append(.extension(argument))
      case "ofType" where !argument.isEmpty, "as" where !argument.isEmpty:
        steps.append(.ofType(argument.split(separator: ".").last.map(String.init) ?? argument))
      default: return nil
      }
    }
    return steps
  }

  /// The parts between dots that stand outside of parentheses and quotes.
  private static func parts(_ path: String) -> [Substring] {
    var parts: [Substring] = []
    var start = path.startIndex
    var depth = 0
    var isQuoted = false
    for index in path.indices {
      switch path[index] {
      case "'": isQuoted.toggle()
      case "(" where !isQuoted: depth += 1
      case ")" where !isQuoted: depth -= 1
      case "." where !isQuoted && depth == 0:
        parts.append(path[start..<index])
        start = path.index(after: index)
      default: break
      }
    }
    return parts + [path[start...]]
  }
}

extension Substring {
  fileprivate var trimmingQuotes: String {
    var text = self.drop { $0 == " " }
    while text.last == " " { text = text.dropLast() }
    if text.first == "'" && text.last == "'" && text.count > 1 { text = text.dropFirst().dropLast() }
    return String(text)
  }
}
