import Testing

@testable import FHIRPipeline

/// What a run's index knows by name, however many names there are.
@Suite("Names of very many resources")
struct NameTableTests {
  /// More than stand in memory as a table: there are several lists, and one of them stands in a file.
  private static let count = 700_000

  private static func target(_ number: Int) -> TargetIndex.Target {
    TargetIndex.Target(type: "Patient", id: "p\(number)")
  }

  private static func name(_ number: Int) -> String { "Patient?identifier=mrn|\(number)" }

  private static func index(of numbers: some Sequence<Int>) -> TargetIndex {
    var index = TargetIndex(isLarge: true)
    for number in numbers { index.add(target(number), names: [NameHash.of(name(number))]) }
    return index
  }

  @Test("each is found by its name, before and after the index is settled, and nobody by another")
  func found() {
    var index = Self.index(of: 0..<Self.count)
    for isSettled in [false, true] {
      if isSettled { index.settle() }
      for number in stride(from: 0, to: Self.count, by: 37) {
        #expect(index.target(named: Self.name(number)) == Self.target(number))
      }
      for number in Self.count..<Self.count + 1000 { #expect(index.matches(of: Self.name(number)) == .none) }
    }
  }

  @Test("a name that two resources have leads to neither, however far apart they came")
  func several() {
    var index = Self.index(of: 0..<Self.count)
    let shared = stride(from: 0, to: Self.count, by: 1009)
    for number in shared {
      index.add(Self.target(Self.count + number), names: [NameHash.of(Self.name(number))])
    }
    for isSettled in [false, true] {
      if isSettled { index.settle() }
      for number in shared { #expect(index.matches(of: Self.name(number)) == .several) }
      #expect(index.matches(of: Self.name(1)) == .one(Self.target(1)))
    }
  }

  @Test("a resource that comes again is still the one of its name")
  func again() {
    var index = Self.index(of: 0..<Self.count)
    for number in stride(from: 0, to: Self.count, by: 3) {
      index.add(Self.target(number), names: [NameHash.of(Self.name(number))])
    }
    index.settle()
    for number in stride(from: 0, to: Self.count, by: 101) {
      #expect(index.matches(of: Self.name(number)) == .one(Self.target(number)))
    }
  }

  @Test("what two workers found is the same as what one would have")
  func merged() {
    var index = Self.index(of: stride(from: 0, to: Self.count, by: 2))
    let other = Self.index(of: (0..<Self.count).filter { $0 % 2 == 1 || $0 % 1000 == 0 })
    index.merge(other)
    index.settle()
    for number in stride(from: 0, to: Self.count, by: 25) {
      #expect(index.target(named: Self.name(number)) == Self.target(number))
    }
  }
}
