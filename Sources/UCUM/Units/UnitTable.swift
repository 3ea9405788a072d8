/// UCUM's prefixes and units, and what they are worth in base units.
struct UnitTable: Sendable {
  struct Prefix: Sendable {
    let code: String
    let factor: ExactNumber
  }

  struct Unit: Sendable {
    let code: String
    let isMetric: Bool
    let meaning: Meaning
  }

  enum Meaning: Sendable {
    /// One of UCUM's seven base units, or an arbitrary unit: no other unit measures the same.
    case dimension
    /// So many of another unit.
    case multiple(value: String, unit: String)
    /// A unit whose scale is no multiple of another's: degrees Celsius, pH, bel.
    case special(SpecialScale, value: String, unit: String)
  }

  let prefixes: [Prefix]
  let units: [Unit]
  private let prefixNumbers: [String: Int]
  private let unitNumbers: [String: Int]

  static let shared = UnitTable(facts: unitFacts)

  init(facts: String) {
    var prefixes: [Prefix] = []
    var units: [Unit] = []
    for line in facts.utf8.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
        String(Substring($0))
      }
      switch fields[0] {
      case "prefix": prefixes.append(Prefix(code: fields[1], factor: Self.number(fields[2])))
      case "base", "arbitrary":
        units.append(Unit(code: fields[1], isMetric: fields[2] == "metric", meaning: .dimension))
      case "unit":
        units.append(
          Unit(
            code: fields[1], isMetric: fields[2] == "metric",
            meaning: .multiple(value: fields[3], unit: fields[4])))
      default:
        guard let scale = SpecialScale(rawValue: fields[0]) else {
          preconditionFailure("no scale is called \(fields[0])")
        }
        units.append(
          Unit(
            code: fields[1], isMetric: fields[2] == "metric",
            meaning: .special(scale, value: fields[3], unit: fields[4])))
      }
    }
    self.prefixes = prefixes
    self.units = units
    prefixNumbers = Dictionary(uniqueKeysWithValues: prefixes.enumerated().map { ($1.code, $0) })
    unitNumbers = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.code, $0) })
  }

  func unit(_ code: String) -> Int? { unitNumbers[code] }
  func prefix(_ code: String) -> Int? { prefixNumbers[code] }

  static func number(_ text: String) -> ExactNumber {
    guard let number = ExactNumber(decimal: text) else { preconditionFailure("\(text) is no number") }
    return number
  }
}
