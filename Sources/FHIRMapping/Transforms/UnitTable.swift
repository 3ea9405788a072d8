/// Units of UCUM that vital signs come in, with the spellings that systems use for them.
///
/// See https://ucum.org/ucum: [in_i] is 2.54 cm, [ft_i] 12 [in_i], [lb_av] 453.59237 g, by definition.
enum UnitTable {
  enum Dimension: Equatable {
    case length, mass, pressure, massConcentration, substanceConcentration
  }

  struct Unit {
    let code: String
    let dimension: Dimension
    /// How many of the dimension's base (m, g, mm[Hg], g/L, mol/L) one of it is.
    let factor: Double
    let spellings: [String]
  }

  private static let units: [Unit] = [
    Unit(code: "m", dimension: .length, factor: 1, spellings: ["meter", "metre", "meters"]),
    Unit(code: "dm", dimension: .length, factor: 0.1, spellings: []),
    Unit(code: "cm", dimension: .length, factor: 0.01, spellings: ["centimeter", "centimeters", "cms"]),
    Unit(code: "mm", dimension: .length, factor: 0.001, spellings: ["millimeter", "millimeters"]),
    Unit(
      code: "[in_i]", dimension: .length, factor: 0.0254, spellings: ["in", "inch", "inches", "in_i", "\""]),
    Unit(code: "[in_us]", dimension: .length, factor: 100.0 / 3937.0, spellings: []),
    Unit(code: "[ft_i]", dimension: .length, factor: 0.3048, spellings: ["ft", "foot", "feet"]),
    Unit(code: "kg", dimension: .mass, factor: 1000, spellings: ["kilogram", "kilograms", "kgs"]),
    Unit(code: "g", dimension: .mass, factor: 1, spellings: ["gram", "grams", "gm"]),
    Unit(code: "mg", dimension: .mass, factor: 0.001, spellings: ["milligram"]),
    Unit(
      code: "[lb_av]", dimension: .mass, factor: 453.59237,
      spellings: ["lb", "lbs", "pound", "pounds", "lb_av"]),
    Unit(
      code: "[oz_av]", dimension: .mass, factor: 28.349523125, spellings: ["oz", "ounce", "ounces", "oz_av"]),
    Unit(code: "[stone_av]", dimension: .mass, factor: 6350.29318, spellings: ["st", "stone"]),
    Unit(code: "t", dimension: .mass, factor: 1_000_000, spellings: []),
    Unit(code: "mm[Hg]", dimension: .pressure, factor: 1, spellings: ["mmHg", "mm Hg", "mm hg"]),
    Unit(code: "kPa", dimension: .pressure, factor: 1 / 0.133322, spellings: []),
    Unit(code: "cm[H2O]", dimension: .pressure, factor: 9.80665 / 133.322, spellings: []),
    Unit(code: "mg/dL", dimension: .massConcentration, factor: 0.01, spellings: ["mg/dl", "mg%"]),
    Unit(code: "g/L", dimension: .massConcentration, factor: 1, spellings: ["g/l"]),
    Unit(code: "g/dL", dimension: .massConcentration, factor: 10, spellings: ["g/dl"]),
    Unit(code: "mg/L", dimension: .massConcentration, factor: 0.001, spellings: ["mg/l"]),
    Unit(code: "mmol/L", dimension: .substanceConcentration, factor: 0.001, spellings: ["mmol/l"]),
    Unit(
      code: "umol/L", dimension: .substanceConcentration, factor: 0.000_001, spellings: ["umol/l", "µmol/L"]),
    Unit(code: "mol/L", dimension: .substanceConcentration, factor: 1, spellings: []),
  ]

  private static let byCode = Dictionary(uniqueKeysWithValues: units.map { ($0.code, $0) })
  private static let bySpelling: [String: Unit] = {
    var table = byCode
    for unit in units {
      for spelling in unit.spellings where table[spelling] == nil { table[spelling] = unit }
    }
    return table
  }()

  static func unit(code: String) -> Unit? { byCode[code] }
  static func unit(spelling: String) -> Unit? { bySpelling[spelling] ?? bySpelling[spelling.lowercased()] }

  /// The factor that turns a number of one unit into one of another; nil where they do not measure the same.
  ///
  /// - Parameter molarMass: of the substance measured, in g/mol; joins mass and substance concentrations.
  static func factor(from: Unit, to: Unit, molarMass: Double?) -> Double? {
    if from.code == to.code { return 1 }
    if from.dimension == to.dimension { return from.factor / to.factor }
    guard let molarMass else { return nil }
    switch (from.dimension, to.dimension) {
    case (.substanceConcentration, .massConcentration): return from.factor * molarMass / to.factor
    case (.massConcentration, .substanceConcentration): return from.factor / molarMass / to.factor
    default: return nil
    }
  }
}
