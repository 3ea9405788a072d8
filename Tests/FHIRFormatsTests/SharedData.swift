import Foundation
import TestSupport

extension SharedData {
  static let isPresent = has("examples")

  /// What a file holds, wherever it is; nothing where there is none.
  static func bytes(_ path: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path) ?? Data())
  }
}
