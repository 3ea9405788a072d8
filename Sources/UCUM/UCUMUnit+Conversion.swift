extension UCUMUnit {
  /// A value of this unit in base units: 1 `Cel` is 274.15 `K`. Nil where the unit is no scale of its own.
  ///
  /// Of two commensurable quantities the one with the larger canonical value is the larger.
  package func canonical(_ value: ExactNumber) -> ExactNumber? {
    switch scale {
    case .ratio(let factor): value * factor
    case .special(let special, let prefix, let factor): special.toRatio(value * prefix).map { $0 * factor }
    case .none: nil
    }
  }

  /// The value of this unit that base units amount to: the inverse of ``canonical(_:)``.
  package func value(ofCanonical canonical: ExactNumber) -> ExactNumber? {
    switch scale {
    case .ratio(let factor): factor.isZero ? nil : canonical / factor
    case .special(let special, let prefix, let factor):
      special.fromRatio(canonical / factor).map { $0 / prefix }
    case .none: nil
    }
  }

  /// A value of this unit as one of another; nil where they do not measure the same.
  package func convert(_ value: ExactNumber, to other: UCUMUnit) -> ExactNumber? {
    guard isCommensurable(with: other) else { return nil }
    if code == other.code { return value }
    return canonical(value).flatMap { other.value(ofCanonical: $0) }
  }

  /// A decimal of this unit as one of another, with all its digits, or 28 significant ones where they never end.
  ///
  /// Nil where the units do not measure the same, or the text is no decimal.
  package func convert(decimal text: String, to other: UCUMUnit) -> String? {
    guard let value = ExactNumber(decimal: text) else { return nil }
    return convert(value, to: other)?.decimalText()
  }
}
