import FHIRModel
import Foundation
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

  @Test func `of a long array little is in memory`() throws {
    var array = FiledArray<UInt64>()
    array.reserveCapacity(12_000_000)
    let piece = (0..<100_000).map { UInt64($0) }
    for _ in 0..<120 { array.append(contentsOf: piece) }
    var sum: UInt64 = 0
    for index in stride(from: 0, to: array.count, by: 500) { sum &+= array[index] }
    #expect(sum == 120 * 500 * (0..<200).reduce(0) { $0 + $1 })
    // All such files of the process: other tests have some.
    #expect(try FiledArrayTests.residentMegabytes() < 48)
    #expect(array.last == 99_999)
  }

  /// How much of the arrays' files the process has in its memory.
  private static func residentMegabytes() throws -> Int {
    var kilobytes = 0
    var isFile = false
    for line in try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 1, words[1] == "rw-s" {
        isFile = line.contains("/fhirline-")
      } else if words.count > 1, words[1].count == 4, words[1].hasSuffix("p") {
        isFile = false
      } else if isFile, words.first == "Rss:" {
        kilobytes += Int(words[1]) ?? 0
      }
    }
    return kilobytes >> 10
  }
}
