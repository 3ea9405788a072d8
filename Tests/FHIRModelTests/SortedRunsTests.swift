import FHIRModel
import Testing

@Suite struct SortedRunsTests {
  @Test(arguments: [0, 1, 1000, 1_700_000])
  func `what comes in any order goes in order, however much it is`(count: Int) {
    var runs = SortedRuns<UInt64>()
    var number: UInt64 = 1
    var sum: UInt64 = 0
    for _ in 0..<count {
      number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Of a million numbers many come twice.
      runs.append(number >> 44)
      sum &+= number >> 44
    }
    for _ in 0..<2 {
      var last: UInt64 = 0
      var seen = 0
      var rest = sum
      var areInOrder = true
      for number in runs.sorted() {
        areInOrder = areInOrder && number >= last
        last = number
        seen += 1
        rest &-= number
      }
      #expect(seen == count && rest == 0 && areInOrder)
    }
  }
}
