import FHIRMapping
import TestSupport
import Testing

@testable import FHIRPipeline

@Suite("Items in the order of their keys, in little memory")
struct SortedItemsTests {
  private struct Item: Equatable {
    var section: String
    var key: String
    var words: ContentDigest.Words
  }

  /// - Parameter memory: from where all are held at once to where every item is a run of its own.
  @Test(arguments: [1, 200, 5_000, 1 << 20])
  func theOrderIsThatOfSectionsAndKeys(memory: Int) throws {
    var random = SeededGenerator(seed: UInt64(memory))
    let names = ["observations", "conditions", "x", "a b"]
    var expected: [Item] = []
    var sorted = SortedItems(memory: memory)
    for number in 0..<1_000 {
      let section = names.randomElement(using: &random) ?? "x"
      // Few keys, so that some come twice; some are long, empty or no ASCII.
      let key =
        switch Int.random(in: 0..<300, using: &random) {
        case 0: ""
        case 1: String(repeating: "k", count: 9_000)
        case 2: "Observation/ü"
        case let other: "Observation/\(other)"
        }
      let item = Item(section: section, key: key, words: .init(high: UInt64(number), low: 7))
      expected.append(item)
      try sorted.add(item.key, item.words, to: sorted.place(of: section))
    }
    // A section without items counts as well.
    _ = sorted.place(of: "empty")
    try sorted.finish()

    var found: [Item] = []
    var sections: [String] = []
    try sorted.forEach { step in
      switch step {
      case .section(let name): sections.append(name)
      case .item(let key, let words):
        found.append(
          Item(section: sections.last ?? "", key: String(decoding: key, as: UTF8.self), words: words))
      }
    }
    #expect(sections == ["a b", "conditions", "empty", "observations", "x"])
    let order = expected.enumerated().sorted { a, b in
      if a.element.section != b.element.section { return a.element.section < b.element.section }
      if a.element.key.utf8.elementsEqual(b.element.key.utf8) { return a.offset < b.offset }
      return a.element.key.utf8.lexicographicallyPrecedes(b.element.key.utf8)
    }
    #expect(found == order.map(\.element))
  }

  @Test func nothingIsNothing() throws {
    var sorted = SortedItems(memory: 10)
    try sorted.finish()
    try sorted.forEach { _ in Issue.record("there is nothing") }
  }
}
