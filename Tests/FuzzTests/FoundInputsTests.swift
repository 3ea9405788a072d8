import Foundation
import FuzzTargets
import Testing

/// What a fuzzer once found, and inputs to begin with, are replayed: nothing crashes, and nothing takes long.
@Suite struct FoundInputsTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Inputs")

  @Test(arguments: FuzzTarget.allCases) func `inputs are taken`(target: FuzzTarget) throws {
    let files = try FileManager.default.contentsOfDirectory(
      at: Self.folder.appending(path: target.rawValue), includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files {
      let bytes = [UInt8](try Data(contentsOf: file))
      let time = ContinuousClock().measure { target.run(bytes) }
      #expect(time < .seconds(60), "\(file.lastPathComponent)")
    }
  }
}
