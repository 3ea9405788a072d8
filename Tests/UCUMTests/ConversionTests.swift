import Testing

@testable import UCUM

struct ConversionTests {
  @Test(arguments: [
    ("70", "kg", "g", "70000"),
    ("1", "[in_i]", "cm", "2.54"),
    ("154", "[lb_av]", "kg", "69.85322498"),
    ("69.85322498", "kg", "[lb_av]", "154"),
    ("98.6", "[degF]", "Cel", "37"),
    ("37.0", "Cel", "[degF]", "98.6"),
    ("-40", "Cel", "[degF]", "-40"),
    ("0", "K", "Cel", "-273.15"),
    ("80", "[degRe]", "Cel", "100"),
    ("1000", "mCel", "Cel", "1"),
    ("120", "mm[Hg]", "kPa", "15.99864"),
    ("5", "10*3/uL", "10*9/L", "5"),
    ("90", "mg/dL", "g/L", "0.9"),
    ("1", "[ft_us]", "m", "0.3048006096012192024384048768"),
    ("3937", "[ft_us]", "m", "1200"),
    ("1", "circ", "deg", "360"),
    ("1", "h", "s", "3600"),
    ("1", "a", "d", "365.25"),
    ("1e-20", "Ym", "ym", "10000000000000000000000000000"),
    ("0.123456789012345678901234567890", "m", "mm", "123.45678901234567890123456789"),
    ("1", "[IU]/mL", "k[iU]/L", "1"),
    ("72", "{beats}/min", "/h", "4320"),
    ("25", "%", "1", "0.25"),
    ("1", "mmol/L", "mol/m3", "1"),
    ("1", "[gal_us]", "mL", "3785.411784"),
    ("4", "kcal/(10*2.mL)", "kJ/L", "167.36"),
    ("1", "KiBy", "bit", "8192"),
  ])
  func convertsExactly(value: String, from: String, to: String, expected: String) throws {
    let (from, to) = (try UCUMUnit(parsing: from), try UCUMUnit(parsing: to))
    #expect(from.convert(decimal: value, to: to) == expected)
  }

  @Test(arguments: [
    ("7.4", "[pH]", "nmol/L", "39.810717055349"),
    ("3", "B", "1", "1000"),
    ("20", "dB", "%", "10000"),
    ("2", "B[V]", "V", "10"),
    ("100", "%[slope]", "deg", "45"),
    ("8", "bit_s", "1", "256"),
  ])
  func convertsLogarithms(value: String, from: String, to: String, expected: String) throws {
    let (from, to) = (try UCUMUnit(parsing: from), try UCUMUnit(parsing: to))
    let there = try #require(from.convert(decimal: value, to: to).flatMap { Double($0) })
    #expect(abs(there / (Double(expected) ?? 0) - 1) < 1e-12)
    let number = try #require(ExactNumber(decimal: value))
    let back = try #require(from.convert(number, to: to).flatMap { to.convert($0, to: from) })
    #expect(abs(back.approximation / number.approximation - 1) < 1e-12)
  }

  @Test(arguments: [
    ("mg", "mL"), ("[iU]", "mg"), ("[iU]", "[arb'U]"), ("Cel", "Pa"), ("m2", "m"), ("[iU]/L", "[CFU]/L"),
  ])
  func refusesWhatMeasuresSomethingElse(from: String, to: String) throws {
    let (from, to) = (try UCUMUnit(parsing: from), try UCUMUnit(parsing: to))
    #expect(!from.isCommensurable(with: to))
    #expect(from.convert(decimal: "1", to: to) == nil)
  }

  /// UCUM § 22: a special unit in a product has no scale of its own.
  @Test func convertsNoProductOfASpecialUnit() throws {
    let rate = try UCUMUnit(parsing: "Cel/min")
    #expect(rate.factor == nil)
    #expect(rate.convert(decimal: "1", to: try UCUMUnit(parsing: "K/s")) == nil)
  }

  @Test(arguments: ["", "abc", "1.", ".5", "1e", "--1", "1e99999", "0x10", "1 ", "∞"])
  func convertsNoTextThatIsNoDecimal(_ text: String) throws {
    let unit = try UCUMUnit(parsing: "m")
    #expect(unit.convert(decimal: text, to: unit) == nil)
  }

  /// Every unit of the table has a worth, and turns back into itself.
  @Test func everyUnitOfTheTableConvertsBack() throws {
    for unit in UnitTable.shared.units {
      let parsed = try UCUMUnit(parsing: unit.code)
      let value = ExactNumber(3)
      let back = try #require(
        parsed.canonical(value).flatMap { parsed.value(ofCanonical: $0) }, "\(unit.code)")
      #expect(abs(back.approximation - 3) < 1e-9, "\(unit.code)")
      if parsed.factor != nil { #expect(back == value, "\(unit.code)") }
    }
  }

  @Test func namesADimensionByBaseUnits() throws {
    #expect(try UCUMUnit(parsing: "N").dimension.description == "m.s-2.g")
    #expect(try UCUMUnit(parsing: "%").dimension.description == "1")
  }

  @Test func `every unit of the table is worth something`() {
    for (index, unit) in UnitTable.shared.units.enumerated() {
      #expect(UnitValues.shared[index].factor != ExactNumber(0), "\(unit.code)")
    }
  }
}
