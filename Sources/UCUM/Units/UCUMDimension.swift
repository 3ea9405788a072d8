/// What a unit measures: powers of UCUM's base units, and of arbitrary units, each of which stands for itself.
package struct UCUMDimension: Hashable, Sendable {
  /// Ascending by the unit's number in the table; no exponent is zero.
  private var powers: [Power]

  private struct Power: Hashable {
    let unit: Int
    var exponent: Int
  }

  /// A number's: of %, of 10*3, of {cells}.
  package static let none = UCUMDimension(powers: [])

  private init(powers: [Power]) { self.powers = powers }

  init(of unit: Int) { powers = [Power(unit: unit, exponent: 1)] }

  package var isNone: Bool { powers.isEmpty }

  func times(_ other: UCUMDimension, power: Int) -> UCUMDimension {
    var product = powers
    for factor in other.powers {
      if let index = product.firstIndex(where: { $0.unit == factor.unit }) {
        product[index].exponent += factor.exponent * power
      } else {
        product.append(Power(unit: factor.unit, exponent: factor.exponent * power))
      }
    }
    return UCUMDimension(
      powers: product.filter { $0.exponent != 0 }.sorted { $0.unit < $1.unit })
  }
}

extension UCUMDimension: CustomStringConvertible {
  /// The dimension as a UCUM unit: `m.s-2`, `g`, `1`.
  package var description: String {
    if powers.isEmpty { return "1" }
    return powers.map { power in
      UnitTable.shared.units[power.unit].code + (power.exponent == 1 ? "" : String(power.exponent))
    }.joined(separator: ".")
  }
}
