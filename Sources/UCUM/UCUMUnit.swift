/// A unit of measure, read from its case-sensitive UCUM code: `mg/dL`, `10*3/uL`, `mm[Hg]`, `{beats}/min`.
///
/// See https://ucum.org/ucum. Values are converted exactly: numbers are rationals of any size, and no Double is used
/// but for logarithmic units (pH, B, Np).
package struct UCUMUnit: Sendable {
  package let code: String
  /// What it measures. Units of one dimension can be converted into each other.
  package let dimension: UCUMDimension
  let scale: Scale

  enum Scale: Sendable {
    /// So many base units.
    case ratio(ExactNumber)
    /// A special unit by itself: `Cel`, with the factor of its prefix, and that of the unit that it is defined by.
    case special(SpecialScale, prefix: ExactNumber, factor: ExactNumber)
    /// A special unit in a product, which has no meaning as a scale, or a factor that is too large to say.
    case none
  }

  /// The largest factor, in bits of numerator and denominator, that is worked out.
  private static let largestFactor = 1 << 14

  package init(parsing code: String) throws(UCUMError) {
    let factors = try UnitParser.factors(of: code)
    self.code = code
    let table = UnitTable.shared
    let values = UnitValues.shared
    var dimension = UCUMDimension.none
    var scale = Scale.ratio(.one)
    for factor in factors {
      var part = ExactNumber.one
      switch factor.subject {
      case .number(let number): part = ExactNumber(Int(number))
      case .symbol(let unit, let prefix):
        let value = values[unit]
        dimension = dimension.times(value.dimension, power: factor.exponent)
        let prefixFactor = prefix.map { table.prefixes[$0].factor } ?? .one
        if case .special(let special, _, _) = table.units[unit].meaning {
          let isAlone = factors.count == 1 && factor.exponent == 1
          scale = isAlone ? .special(special, prefix: prefixFactor, factor: value.factor) : .none
          continue
        }
        part = prefixFactor * value.factor
      }
      guard case .ratio(let product) = scale, part.bitCount * abs(factor.exponent) < Self.largestFactor,
        let power = part.power(factor.exponent), product.bitCount + power.bitCount < Self.largestFactor
      else {
        scale = .none
        continue
      }
      scale = .ratio(product * power)
    }
    self.dimension = dimension
    self.scale = scale
  }

  /// Whether a text is a unit by UCUM's grammar and table; cheaper than to read it.
  package static func isValid(_ code: UnsafeBufferPointer<UInt8>) -> Bool {
    (try? UnitParser.factors(of: code)) != nil
  }

  package static func isValid(_ code: String) -> Bool {
    var code = code
    return code.withUTF8 { isValid($0) }
  }

  /// How many base units one of it is; nil for special units, whose zero is not theirs.
  package var factor: ExactNumber? {
    if case .ratio(let factor) = scale { factor } else { nil }
  }

  /// Whether both measure the same: `mg` and `[lb_av]` do, `[iU]` and `mg` do not.
  package func isCommensurable(with other: UCUMUnit) -> Bool { dimension == other.dimension }
}
