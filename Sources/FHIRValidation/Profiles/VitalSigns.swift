import FHIRModel

/// The profiles that R4 asks of Observations by their LOINC code, claimed or not.
///
/// See http://hl7.org/fhir/R4/observation-vitalsigns.html: a vital sign bears its code of this table, and what bears it
/// must meet the profile.
struct VitalSigns: Sendable {
  private static let profiles: [(code: String, name: String)] = [
    ("85353-1", "vitalspanel"), ("9279-1", "resprate"), ("8867-4", "heartrate"), ("2708-6", "oxygensat"),
    ("8310-5", "bodytemp"), ("8302-2", "bodyheight"), ("9843-4", "headcircum"), ("29463-7", "bodyweight"),
    ("39156-5", "bmi"), ("85354-9", "bp"),
  ]

  let observation: TypeID
  private let numbers: [ProfileNumber]

  init(_ library: ProfileLibrary) {
    guard let type = library.table.typeID("Observation") else {
      preconditionFailure("every table has the type Observation")
    }
    observation = type
    numbers = Self.profiles.map {
      library.number(of: "http://hl7.org/fhir/StructureDefinition/\($0.name)")
    }
  }

  /// Whether a profile is one of these.
  func covers(_ number: ProfileNumber) -> Bool { numbers.contains(number) }

  /// The profile of an Observation by its code.
  func profile(of node: Int, _ tree: ResourceTree, _ session: ProfileSession) -> ProfileNumber? {
    let names = session.library.names
    guard let code = tree.child(names.code, of: node) else { return nil }
    for coding in tree.children(of: code) where tree.nodes[coding].name == names.coding {
      guard let system = tree.child(names.system, of: coding), let code = tree.child(names.code, of: coding),
        tree.rawText(system).elementsEqual("http://loinc.org".utf8)
      else { continue }
      let text = tree.rawText(code)
      if let index = Self.profiles.firstIndex(where: { text.elementsEqual($0.code.utf8) }) {
        return numbers[index]
      }
    }
    return nil
  }
}
