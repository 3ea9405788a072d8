import Foundation

/// A finding as `validate --format ndjson` writes it.
struct Finding: Decodable {
  var line: Int
  var rule: String
  var severity: String
  var message: String

  static func all(in output: String) throws -> [Finding] {
    try output.split(separator: "\n").map { try JSONDecoder().decode(Finding.self, from: Data($0.utf8)) }
  }
}
