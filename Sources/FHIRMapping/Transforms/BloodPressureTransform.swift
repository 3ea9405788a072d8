import BSON

/// Two components of an Observation as "systolic/diastolic".
struct BloodPressureTransform: FieldTransform {
  static let name = "blood_pressure"
  static let types = ["Observation"]

  let systolic: String
  let diastolic: String
  let system: String
  let conversion: QuantityConversion
  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) {
    let values = try arguments.values(
      allowed: ["system", "systolic", "diastolic", "unit"],
      required: ["system", "systolic", "diastolic", "unit"])
    guard let systemNode = values["system"], let systolicNode = values["systolic"],
      let diastolicNode = values["diastolic"], let unitNode = values["unit"]
    else {
      throw arguments.place.error(.missingKey, "blood_pressure needs system, systolic, diastolic, unit")
    }
    system = try systemNode.string()
    systolic = try systolicNode.string()
    diastolic = try diastolicNode.string()
    guard diastolic != systolic else {
      throw diastolicNode.error(
        .conflict, "systolic and diastolic have one code: they could not be told apart")
    }
    guard let unit = UnitTable.unit(code: try unitNode.string()), unit.dimension == .pressure else {
      throw unitNode.error(.notInvertible, "this is no unit of pressure: expected mm[Hg]")
    }
    conversion = QuantityConversion(unit: unit, display: "mmHg", decimals: 1, molarMass: nil)
  }

  func read(_ element: BSONValue) -> BSONValue? {
    let components = element["component"]?.listItems ?? []
    guard let high = number(of: systolic, in: components), let low = number(of: diastolic, in: components),
      let highText = JSONNumber.text(of: high), let lowText = JSONNumber.text(of: low)
    else { return nil }
    return .string(highText + "/" + lowText)
  }

  private func number(of code: String, in components: [BSONValue]) -> Double? {
    index(of: code, in: components).flatMap { components[$0]["valueQuantity"] }.flatMap {
      conversion.read($0)
    }
  }

  private func index(of code: String, in components: [BSONValue]) -> Int? {
    components.firstIndex { component in
      (component["code"]?["coding"]?.listItems ?? []).contains {
        $0["system"]?.text == system && $0["code"]?.text == code
      }
    }
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text, let pair = BloodPressureTransform.parse(text) else { return nil }
    if let element, read(element) == value { return element }
    var fields = element?.fields ?? [:]
    var components = fields["component"]?.listItems ?? []
    for (code, display, number) in [
      (systolic, "Systolic blood pressure", pair.systolic),
      (diastolic, "Diastolic blood pressure", pair.diastolic),
    ] {
      if let index = index(of: code, in: components) {
        var component = components[index].fields ?? [:]
        guard let quantity = conversion.write(number, over: component["valueQuantity"]) else { return nil }
        component["valueQuantity"] = quantity
        component["dataAbsentReason"] = nil
        components[index] = .document(component)
      } else {
        guard let quantity = conversion.write(number, over: nil) else { return nil }
        let coding = BSONValue.object([
          ("system", .string(system)), ("code", .string(code)), ("display", .string(display)),
        ])
        components.append(
          .object([("code", .object([("coding", .array([coding]))])), ("valueQuantity", quantity)]))
      }
    }
    fields["component"] = .array(components)
    return .document(fields)
  }

  private static func parse(_ text: String) -> (systolic: SaidNumber, diastolic: SaidNumber)? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
      $0.trimmingPrefix { $0 == " " }
    }
    guard parts.count == 2 else { return nil }
    let low = parts[1].prefix { $0.isNumber || $0 == "." || $0 == "-" }
    let unit = parts[1].dropFirst(low.count).filter { $0 != " " }.lowercased()
    guard unit.isEmpty || unit == "mmhg" || unit == "mm[hg]" else { return nil }
    guard let systolic = SaidNumber(parts[0].filter { $0 != " " }), let diastolic = SaidNumber(String(low)),
      systolic.value >= 0, diastolic.value >= 0
    else { return nil }
    return (systolic, diastolic)
  }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    if case .null = stored { return .absent }
    guard case .string = stored else { return .refused("expected a text such as 120/80") }
    guard let text = stored.trimmedText else { return .absent }
    guard let pair = BloodPressureTransform.parse(text) else {
      return .refused("expected a text such as 120/80")
    }
    return .value(.string(pair.systolic.text + "/" + pair.diastolic.text))
  }
}
