import BSON

/// A Quantity as a number of one unit, converted by UCUM.
///
/// A number that had to be converted is rounded to `decimals` places; one in the unit itself stays as it is. Written
/// over a quantity of another unit, the number is turned back into that unit with as few digits as say it exactly.
struct QuantityTransform: FieldTransform {
  static let name = "quantity"
  static let types = ["Quantity"]

  let conversion: QuantityConversion
  let shape = FieldShape.number

  init(_ arguments: TransformArguments) throws(MappingError) {
    let values = try arguments.values(
      allowed: ["unit", "display", "decimals", "molar_mass"], required: ["unit", "decimals"])
    guard let unitNode = values["unit"], let decimalsNode = values["decimals"] else {
      throw arguments.place.error(.missingKey, "quantity needs unit and decimals")
    }
    guard let unit = UnitTable.unit(code: try unitNode.string()) else {
      throw unitNode.error(
        .notInvertible, "this unit cannot be converted: expected a UCUM code such as [in_i] or kg")
    }
    var molarMass: Double?
    if let node = values["molar_mass"] {
      guard let mass = Double(try node.string()), mass > 0 else {
        throw node.error(.wrongValue, "expected grams per mole")
      }
      molarMass = mass
    }
    conversion = QuantityConversion(
      unit: unit, display: try values["display"]?.string() ?? unit.code,
      decimals: try decimalsNode.integer(0...9),
      molarMass: molarMass)
  }

  func read(_ element: BSONValue) -> BSONValue? { conversion.read(element).map { .double($0) } }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    SaidNumber(value).flatMap { conversion.write($0, over: element) }
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    if case .null = stored { return .absent }
    if let number = SaidNumber(stored) { return .value(number.stored) }
    guard case .string = stored else { return .refused("expected a number") }
    guard let text = stored.trimmedText else { return .absent }
    if let number = SaidNumber(text) { return .value(number.stored) }
    return measure(text) ?? .refused("expected a number")
  }

  /// Drift: a number with a unit behind it, `178 cm`; feet and inches, `5'10"`.
  private func measure(_ text: String) -> AcceptedValue? {
    func number(_ text: Substring, _ unit: String) -> Double? {
      guard let said = said(text) else { return nil }
      return conversion.read(["value": .number(text: said.text), "unit": .string(unit)])
    }
    func said(_ text: Substring) -> SaidNumber? {
      guard text.utf8.allSatisfy({ $0 &- 0x30 <= 9 || $0 == UInt8(ascii: ".") }) else { return nil }
      return SaidNumber(String(text))
    }
    let feet = text.split(separator: "'", omittingEmptySubsequences: false)
    if feet.count == 2, let high = number(feet[0], "ft") {
      let inches = feet[1].filter { $0 != " " && $0 != "\"" }
      if inches.isEmpty { return .value(.double(high)) }
      return number(Substring(inches), "in").map { low in
        .value(.double(QuantityConversion.round(high + low, conversion.decimals)))
      }
    }
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    var unit = text.dropFirst(digits.count).drop { $0 == " " }
    if unit.hasSuffix("."), unit.count > 1 { unit = unit.dropLast() }
    guard !unit.isEmpty, !digits.isEmpty, let number = number(digits, String(unit)) else { return nil }
    if UnitTable.unit(spelling: String(unit))?.code == conversion.unit.code {
      return said(digits).map { .value($0.stored) }
    }
    return .doubtful(
      .double(number),
      "is said in another unit than the field's: it is converted, with \(conversion.decimals) decimal places")
  }
}

/// Quantities to numbers of one unit, and back.
struct QuantityConversion: Sendable {
  static let ucum = "http://unitsofmeasure.org"

  let unit: UnitTable.Unit
  let display: String
  let decimals: Int
  let molarMass: Double?

  func read(_ quantity: BSONValue) -> Double? {
    // "< 5" is no number.
    guard quantity["comparator"] == nil, let number = quantity["value"]?.number, number.isFinite,
      let unit = unitOf(quantity)
    else { return nil }
    return convert(number, from: unit)
  }

  private func unitOf(_ quantity: BSONValue) -> UnitTable.Unit? {
    if let code = quantity["code"]?.text, let unit = UnitTable.unit(code: code) { return unit }
    return quantity["unit"]?.text.flatMap { UnitTable.unit(spelling: $0) }
  }

  private func convert(_ number: Double, from unit: UnitTable.Unit) -> Double? {
    if unit.code == self.unit.code { return number }
    guard let factor = UnitTable.factor(from: unit, to: self.unit, molarMass: molarMass) else { return nil }
    return QuantityConversion.round(number * factor, decimals)
  }

  static func round(_ number: Double, _ decimals: Int) -> Double {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    return (number * scale).rounded() / scale
  }

  func write(_ said: SaidNumber, over quantity: BSONValue?) -> BSONValue? {
    let number = said.value
    let plain = said.text
    if let quantity, read(quantity) == number { return quantity }
    guard let quantity, let unit = unitOf(quantity), unit.code != self.unit.code,
      let back = UnitTable.factor(from: self.unit, to: unit, molarMass: molarMass)
    else {
      if var fields = quantity?.fields, let unit = quantity.flatMap({ unitOf($0) }),
        unit.code == self.unit.code
      {
        fields["comparator"] = nil
        fields["value"] = .number(text: plain)
        return .document(fields)
      }
      return .object([
        ("value", .number(text: plain)), ("unit", .string(display)),
        ("system", .string(QuantityConversion.ucum)),
        ("code", .string(self.unit.code)),
      ])
    }
    var fields = quantity.fields ?? [:]
    fields["comparator"] = nil
    for digits in 0...12 {
      let candidate = QuantityConversion.round(number * back, digits)
      if convert(candidate, from: unit) == number, let text = JSONNumber.text(of: candidate) {
        fields["value"] = .number(text: text)
        return .document(fields)
      }
    }
    // The other unit cannot say it with the digits that reading keeps: say it in the field's own.
    return .object([
      ("value", .number(text: plain)), ("unit", .string(display)),
      ("system", .string(QuantityConversion.ucum)),
      ("code", .string(self.unit.code)),
    ])
  }
}
