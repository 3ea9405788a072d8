import Testing

@testable import UCUM

/// UCUM's syntax rules, §§ 3 to 12 of its specification.
struct UnitGrammarTests {
  @Test(arguments: [
    "m", "mg/dL", "mm[Hg]", "10*3/uL", "10^3/uL", "10*-6.L", "{score}", "{beats}/min", "/min", "/{tot}", "1",
    "kg/m2", "kg.m.s-2", "m+2", "g/(kg.d)", "(g/kg)/d", "mL/min/{1.73_m2}", "[degF]", "Cel", "mCel", "[iU]/L",
    "k[IU]/mL", "%", "'", "''", "[in_i'Hg]", "cal_[15]", "B[10.nV]", "dB[10.nV]", "[m/s2/Hz^(1/2)]", "m[H2O]",
    "cm[H2O]", "dar", "Pa", "cd", "2.mg", "24.h", "g{dry}", "10*3{RBC}", "{a}{b}", "KiBy", "mol{H+}/L",
    "ueq/L", "[arb'U]/mL", "a_j", "U/mL", "[pi].rad",
  ])
  func takesUnit(_ code: String) { #expect(UCUMUnit.isValid(code)) }

  @Test(arguments: [
    "", " ", "mg/dl ", "kgs", "lbs", "mmHg", "cmH20", "beats/min", "mg//dL", "mg/", "mg.", ".m", "(m", "m)",
    "()",
    "5mg", "k[in_i]", "mmin", "kday", "m{a", "m}", "{a}m", "{é}", "m2m", "m^2", "m--2", "[unknown]", "[in_i",
    "MGG", "da", "µg", "m100", "99999999999999999999", "m-", "°C", "{a{b}}",
  ])
  func refuses(_ code: String) { #expect(!UCUMUnit.isValid(code)) }

  @Test func tellsWhatIsWrongAndWhere() {
    #expect(throws: UCUMError(code: .unknownUnit, offset: 3)) { try UCUMUnit(parsing: "mg/furlong") }
    #expect(throws: UCUMError(code: .notMetric, offset: 0)) { try UCUMUnit(parsing: "k[in_i]") }
    #expect(throws: UCUMError(code: .parenthesis, offset: 2)) { try UCUMUnit(parsing: "(m") }
    #expect(throws: UCUMError(code: .annotation, offset: 1)) { try UCUMUnit(parsing: "m{a") }
  }

  @Test func boundsDepthAndLength() {
    let deep = String(repeating: "(", count: 100_000) + "m" + String(repeating: ")", count: 100_000)
    #expect(throws: UCUMError(code: .tooLong, offset: 1000)) { try UCUMUnit(parsing: deep) }
    let nested = String(repeating: "(", count: 40) + "m" + String(repeating: ")", count: 40)
    #expect(throws: UCUMError(code: .tooDeep, offset: 33)) { try UCUMUnit(parsing: nested) }
    #expect(UCUMUnit.isValid("((((m))))"))
  }

  /// A product so large that it is no longer worked out is a unit all the same.
  @Test func givesUpOnEndlessFactors() throws {
    let unit = try UCUMUnit(parsing: Array(repeating: "[ly]99", count: 140).joined(separator: "."))
    #expect(unit.factor == nil)
    #expect(unit.convert(decimal: "1", to: unit) == "1")
  }
}
