@testable import FHIRMapping
import TestSupport
import Testing

@Suite("Order of keys")
struct KeyOrderTests {
  /// Keys in the order in which elements stand after sorting them.
  private func sorted(_ keys: [String]) -> [String] {
    let bytes = keys.map { [UInt8]($0.utf8) }
    let all = bytes.flatMap { $0 }
    return all.withUnsafeBytes { all in
      var views: [UnsafeRawBufferPointer] = []
      var start = 0
      for key in bytes {
        views.append(UnsafeRawBufferPointer(rebasing: all[start..<start + key.count]))
        start += key.count
      }
      var elements = keys.indices.map { UInt32($0) }
      KeyOrder.sort(&elements, key: { views[Int($0)] }, rank: { UInt64($0) })
      return elements.map { keys[Int($0)] }
    }
  }

  @Test("Keys are sorted by their bytes, whatever their types and however they begin", arguments: 0..<40)
  func randomKeys(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed) &+ 1)
    let types = ["Medication", "MedicationRequest", "Observation", "Ob", "Z"].shuffled(using: &generator)
      .prefix(Int.random(in: 1...5, using: &generator))
    let begins = ["", "a", "patient-1-observation-", "00000000"]
    var keys = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
      let type = types.randomElement(using: &generator) ?? ""
      let id =
        (begins.randomElement(using: &generator) ?? "")
        + String(Int.random(in: 0...2000, using: &generator))
      return type + "/" + (Int.random(in: 0...30, using: &generator) == 0 ? "" : id)
    }
    if seed % 4 == 0 { keys += ["Observ", "Zed", ""] }
    #expect(sorted(keys) == keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
  }

  @Test("Elements of one key stand in the order of their ranks")
  func ranks() {
    let key = [UInt8]("Observation/1".utf8)
    key.withUnsafeBytes { key in
      var elements: [UInt32] = [3, 0, 2, 1]
      KeyOrder.sort(&elements, key: { _ in key }, rank: { UInt64(10 - $0) })
      #expect(elements == [3, 2, 1, 0])
    }
  }
}
