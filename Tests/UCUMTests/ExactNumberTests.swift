import Testing

@testable import UCUM

struct ExactNumberTests {
  /// Division is the inverse of multiplication, for numbers of many lengths.
  @Test func divisionGivesQuotientAndRemainder() {
    var state: UInt64 = 42
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
    func number(_ words: Int) -> Magnitude {
      (0..<words).reduce(.zero) { sum, _ in
        // All ones and all zeros are where the guess of a digit goes wrong.
        let word = [0, .max, random(), 1 << 63, random() >> 40][Int(random() >> 33) % 5]
        return sum * Magnitude(1 << 32) * Magnitude(1 << 32) + Magnitude(word)
      }
    }
    for _ in 0..<4000 {
      let divisor = number(1 + Int(random() >> 33) % 4)
      if divisor.isZero { continue }
      let dividend = number(1 + Int(random() >> 33) % 7)
      let (quotient, remainder) = dividend.divided(by: divisor)
      #expect(remainder < divisor)
      #expect(quotient * divisor + remainder == dividend)
    }
  }

  @Test(arguments: [
    ("1.50", "1.5"), ("-0.0", "0"), ("1e3", "1000"), ("1E-3", "0.001"), ("+7", "7"), ("00.10", "0.1"),
    ("123456789012345678901234567890.123", "123456789012345678901234567890.123"),
  ])
  func keepsEveryDigit(text: String, expected: String) throws {
    let number = try #require(ExactNumber(decimal: text))
    #expect(number.decimalText() == expected)
  }

  @Test func comparesAcrossSignsAndSizes() throws {
    let ordered = try ["-1e30", "-2", "-0.5", "0", "1e-30", "0.3333", "1", "1e30"].map {
      try #require(ExactNumber(decimal: $0))
    }
    #expect(ordered.sorted(by: >).reversed() == ordered)
  }

  @Test func roundsWhatNeverEnds() {
    let third = ExactNumber(1) / ExactNumber(3)
    #expect(third.fractionDigits == nil)
    #expect(third.decimalText(significantDigits: 5) == "0.33333")
    #expect((ExactNumber(-200) / ExactNumber(3)).decimalText(significantDigits: 4).hasPrefix("-66.67"))
    #expect((ExactNumber(1) / ExactNumber(8)).decimalText(significantDigits: 1) == "0.125")
  }
}
