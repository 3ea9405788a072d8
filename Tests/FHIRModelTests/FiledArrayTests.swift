import FHIRModel
import Testing

@Suite struct FiledArrayTests {
  /// An array of the numbers from 0 on, longer than what stays in memory.
  private func numbers(_ count: Int) -> FiledArray<UInt64> {
    var array = FiledArray<UInt64>()
    for start in stride(from: 0, to: count, by: 100_000) {
      array.append(contentsOf: (start..<start + 100_000).map { UInt64($0) })
    }
    return array
  }

  @Test func `what was appended is there, in whatever order it is asked for`() {
    #expect(FiledArray<UInt64>().isEmpty && FiledArray<UInt64>().first == nil)
    var array = numbers(2_000_000)
    for number in 2_000_000..<2_000_500 { array.append(UInt64(number)) }
    #expect(array.count == 2_000_500 && array.last == 2_000_499)
    var index = 1
    for _ in 0..<10_000 {
      index = (index &* 48_271) % array.count
      #expect(array[index] == UInt64(index))
    }
    #expect(array.lend(1_999_999..<2_000_002).elementsEqual([1_999_999, 2_000_000, 2_000_001]))
  }

  @Test func `a copy stays as it was when the other changes`() {
    for count in [3, 1_200_000] {
      var array = FiledArray<UInt64>(repeating: 5, count: count)
      let copy = array
      array[1] = 6
      array.append(7)
      #expect(copy.count == count && copy[1] == 5)
      #expect(array.count == count + 1 && array[1] == 6 && array[count] == 7 && array[2] == 5)
    }
  }
}
