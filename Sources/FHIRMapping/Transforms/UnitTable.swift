import UCUM

/// Units of UCUM that vital signs come in, with the spellings that systems use for them; UCUM says what they are worth.
enum UnitTable {
  /// What a unit measures, named by the unit that the others' factors refer to.
  enum Dimension: String {
    case length = "m"
    case mass = "g"
    case pressure = "mm[Hg]"
    case massConcentration = "g/L"
    case substanceConcentration = "mol/L"
  }

  struct Unit {
    let code: String
    let dimension: Dimension
    let spellings: [String]

    init(_ code: String, _ dimension: Dimension, _ spellings: [String] = []) {
      self.code = code
      self.dimension = dimension
      self.spellings = spellings
    }

    /// How many of the dimension's own unit one of it is.
    var factor: Double {
      guard let factor = UnitTable.factors[code] else { preconditionFailure("\(code) has no factor") }
      return factor
    }
  }

  private static let units: [Unit] = [
    Unit("m", .length, ["meter", "metre", "meters"]),
    Unit("dm", .length),
    Unit("cm", .length, ["centimeter", "centimeters", "cms"]),
    Unit("mm", .length, ["millimeter", "millimeters"]),
    Unit("[in_i]", .length, ["in", "inch", "inches", "in_i", "\""]),
    Unit("[in_us]", .length),
    Unit("[ft_i]", .length, ["ft", "foot", "feet"]),
    Unit("kg", .mass, ["kilogram", "kilograms", "kgs"]),
    Unit("g", .mass, ["gram", "grams", "gm"]),
    Unit("mg", .mass, ["milligram"]),
    Unit("[lb_av]", .mass, ["lb", "lbs", "pound", "pounds", "lb_av"]),
    Unit("[oz_av]", .mass, ["oz", "ounce", "ounces", "oz_av"]),
    Unit("[stone_av]", .mass, ["st", "stone"]),
    Unit("t", .mass),
    Unit("mm[Hg]", .pressure, ["mmHg", "mm Hg", "mm hg"]),
    Unit("kPa", .pressure),
    Unit("cm[H2O]", .pressure),
    Unit("mg/dL", .massConcentration, ["mg/dl", "mg%"]),
    Unit("g/L", .massConcentration, ["g/l"]),
    Unit("g/dL", .massConcentration, ["g/dl"]),
    Unit("mg/L", .massConcentration, ["mg/l"]),
    Unit("mmol/L", .substanceConcentration, ["mmol/l"]),
    Unit("umol/L", .substanceConcentration, ["umol/l", "µmol/L"]),
    Unit("mol/L", .substanceConcentration),
  ]

  /// By code; worked out when something is to be converted, for UCUM's table takes its time.
  private static let factors = byCode.mapValues { unit -> Double in
    guard let from = try? UCUMUnit(parsing: unit.code),
      let base = try? UCUMUnit(parsing: unit.dimension.rawValue), let factor = from.convert(.one, to: base)
    else { preconditionFailure("\(unit.code) is no unit of \(unit.dimension)") }
    return factor.approximation
  }

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
