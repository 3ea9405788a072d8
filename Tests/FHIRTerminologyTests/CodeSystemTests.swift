import Testing

@testable import FHIRTerminology

struct CodeSystemTests {
  private func clinic() throws -> Terminology {
    Terminology(source: try ClinicDefinitions(ClinicDefinitions.wards))
  }
  private let wards = "http://clinic/wards"

  @Test func tellsCodesThatDoNotExist() throws {
    let terminology = try clinic()
    #expect(terminology.validate(system: wards, code: "icu") == .valid)
    #expect(terminology.validate(system: wards, code: "xray") == .invalid(.notInCodeSystem))
    #expect(
      terminology.validate(system: "http://absent", code: "a") == .cannotTell(.noCodeSystem("http://absent")))
    #expect(terminology.system(wards).closestCode(to: "ICU") == "icu")
  }

  @Test(arguments: ["Intensive care", "intensive  CARE", "Intensivstation"])
  func takesDisplaysAndDesignations(_ display: String) throws {
    #expect(try clinic().validate(system: wards, code: "icu", display: display) == .valid)
  }

  @Test func tellsWrongDisplays() throws {
    let terminology = try clinic()
    #expect(
      terminology.validate(system: wards, code: "icu", display: "Laboratory")
        == .invalid(.wrongDisplay("Intensive care")))
    #expect(terminology.validate(system: wards, code: "day", display: "Day \"clinic\"") == .valid)
    // The system has no name for it: any will do.
    #expect(terminology.validate(system: wards, code: "lab", display: "Laboratory") == .valid)
  }

  @Test func knowsInactiveConcepts() throws {
    let system = try clinic().system(wards)
    func isInactive(_ code: String) -> Bool? {
      var code = code
      return code.withUTF8 { system.concept($0)?.isInactive }
    }
    #expect(isInactive("lab") == true)
    #expect(isInactive("icu") == false)
    #expect(isInactive("none") == nil)
  }

  @Test(arguments: [("true", false), ("false", true), (nil, true)])
  func caseCountsWhereTheSystemSaysSo(caseSensitive: String?, isValid: Bool) throws {
    let flag = caseSensitive.map { "\"caseSensitive\": \($0)," } ?? ""
    let system = """
      {"resourceType": "CodeSystem", "url": "http://s", "status": "active", "content": "complete", \(flag)
       "concept": [{"code": "Abc"}]}
      """
    let terminology = Terminology(source: try ClinicDefinitions(system))
    #expect((terminology.validate(system: "http://s", code: "aBC") == .valid) == isValid)
  }

  @Test func subsumptionFollowsTheHierarchy() throws {
    let system = try clinic().system(wards)
    #expect(system.subsumes("floor2", "day-eye") == .yes)
    #expect(system.subsumes("icu", "icu") == .yes)
    #expect(system.subsumes("day-eye", "floor2") == .no)
    #expect(system.subsumes("floor1", "day") == .no)
    #expect(Terminology.core.system("http://snomed.info/sct").subsumes("138875005", "73211009") == .unknown)
  }

  @Test func readsHL7sOwn() {
    let terminology = Terminology.core
    let status = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    #expect(terminology.validate(system: status, code: "M", display: "Married") == .valid)
    #expect(
      terminology.validate(system: status, code: "M", display: "Single") == .invalid(.wrongDisplay("Married"))
    )
    #expect(terminology.validate(system: status, code: "Q") == .invalid(.notInCodeSystem))
  }

  /// HL7's tables have names in German and Dutch too.
  @Test func takesNamesInOtherLanguages() {
    let table = "http://terminology.hl7.org/CodeSystem/v2-0001"
    #expect(Terminology.core.validate(system: table, code: "F", display: "Female") == .valid)
    #expect(Terminology.core.validate(system: table, code: "F", display: "weiblich") == .valid)
    #expect(
      Terminology.core.validate(system: table, code: "F", display: "male")
        == .invalid(.wrongDisplay("Female")))
  }

  /// More systems than the registry keeps: none is lost, and none is mistaken for another.
  @Test func manySystemsAreTold() throws {
    let terminology = try clinic()
    for i in 0..<5000 {
      let url = "http://made-up/\(i)"
      #expect(terminology.validate(system: url, code: "a") == .cannotTell(.noCodeSystem(url)))
    }
    #expect(terminology.validate(system: wards, code: "icu") == .valid)
  }
}
