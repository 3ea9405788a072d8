/// Amounts as people read them.
package enum Amount {
  /// `1 error`, `2,041 errors`.
  package static func of(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  /// `12,345`
  package static func grouped(_ count: Int) -> String {
    var digits = String(count.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (count < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// `22.5 MB`
  package static func bytes(_ count: Int) -> String {
    switch count {
    case ..<1000: "\(count) B"
    case ..<1_000_000: "\(tenths(Double(count) / 1e3)) kB"
    case ..<1_000_000_000: "\(tenths(Double(count) / 1e6)) MB"
    default: "\(tenths(Double(count) / 1e9)) GB"
    }
  }

  /// `0.2 s`
  package static func seconds(_ seconds: Double) -> String {
    seconds < 0.1 ? "\(Int((seconds * 1000).rounded())) ms" : "\(tenths(seconds)) s"
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(grouped(tenths / 10)).\(tenths % 10)"
  }
}
