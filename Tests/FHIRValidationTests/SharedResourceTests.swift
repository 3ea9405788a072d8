import FHIRFormats
import FHIRModel
import FHIRValidation
import TestSupport
import Testing

/// Real resources have no errors, save where the specification's own rules say so.
@Suite struct `Shared resources` {
  /// Findings of severity error that are right, each with the rule of the specification that the resource
  /// breaks.
  private static let known: [String: Set<String>] = [
    // DeviceUseStatement.reasonReference may not refer to a Procedure (its definition's targets).
    "deviceusestatement-example": ["reference-target DeviceUseStatement.reasonReference[0]"],
    // Observation.performer may not refer to an Encounter (its definition's targets).
    "observation-example-clinical-gender": ["reference-target Observation.performer[0]"],
    // The fullUrl of a resource on a server ends with its id (bundle.html#bundle-unique): pat12 is not pat2.
    "message-request-link": ["bundle-entry Bundle.entry[2]"],
    // A value of urn:ietf:rfc:3986 is a whole URI, an OID urn:oid:… (identifier-registry.html).
    "organization-example-good-health-care": ["code-system Organization.identifier[0]"],
    // What bears the LOINC code of body temperature must meet its profile (observation-vitalsigns.html).
    "observation-example-f202-temperature": ["profile-min Observation"],
    "message-response-link": ["bundle-entry Bundle.entry[3]"],
    // UCUM has no unit mcg, drop, ea, mEq, tbl or ml/hr (ucum.html): what names UCUM as its system must be one of its codes.
    "document-example-dischargesummary": [
      "code-unknown Bundle.entry[5].resource.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0309": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0313": [
      "code-unknown MedicationDispense.contained[0].ingredient[0].strength.numerator",
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)",
    ],
    "medicationdispense0318": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0324": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0327": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0328": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationdispense0329": [
      "code-unknown MedicationDispense.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationrequest0314": [
      "code-unknown MedicationRequest.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationrequest0319": [
      "code-unknown MedicationRequest.dosageInstruction[0].doseAndRate[0].rate.ofType(Quantity)"
    ],
    "medicationrequest0325": [
      "code-unknown MedicationRequest.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationrequest0326": [
      "code-unknown MedicationRequest.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    "medicationrequest0329": [
      "code-unknown MedicationRequest.dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity)"
    ],
    // The barn (b) is no unit of time, which is what an Age is measured in (all-time-units is its maximum).
    "list-example-double-cousin-relationship-pedigree": [
      "binding-required List.contained[5].age.ofType(Age)"
    ],
  ]

  @Test(.enabled(if: SharedData.has("examples")), arguments: ["json", "xml"])
  func `the specification's examples`(format: String) throws {
    let files = try SharedData.files(below: "examples/\(format)", suffix: ".\(format)")
    #expect(files.count > 400)
    var unexpected: [String] = []
    var missing = Self.known
    for file in files {
      let name = String(file.split(separator: "/").last?.dropLast(format.count + 1) ?? "")
      for fault in try faults(in: file) {
        let line = "\(fault.rule.code) \(fault.expression)"
        if Self.known[name]?.contains(line) == true {
          missing[name]?.remove(line)
        } else {
          unexpected.append("\(file): \(line): \(fault.message)")
        }
      }
    }
    #expect(unexpected == [])
    let unfound = missing.filter { !$0.value.isEmpty }
    #expect(unfound == [:], "the findings are known and were not made")
  }

  @Test(.enabled(if: SharedData.has("synthea")))
  func `a patient's Bundle and the bulk data of Synthea`() throws {
    // All of Synthea takes minutes without optimization: the smallest Bundle of each kind, and bulk data.
    let files =
      try smallest(in: "synthea/bundles", ".json") + smallest(in: "synthea/bundles-us-core", ".json")
      + smallest(in: "synthea/bundles-both/json", ".json") + smallest(in: "synthea/bundles-both/xml", ".xml")
      + SharedData.files(below: "synthea/bulk-1", suffix: ".ndjson")
    #expect(files.count > 8)
    for file in files {
      let faults = try faults(in: file).map { "\($0.rule.code) \($0.expression): \($0.message)" }
      #expect(faults == [], "\(file)")
    }
  }

  private func smallest(in folder: String, _ suffix: String) throws -> [String] {
    let sizes = try SharedData.files(below: folder, suffix: suffix).map {
      ($0, try SharedData.bytes($0).count)
    }
    return sizes.min { $0.1 < $1.1 }.map { [$0.0] } ?? []
  }

  private func faults(in file: String) throws -> [FHIRModel.Issue] {
    let reader = try ResourceReader(source: MemorySource(SharedData.bytes(file)), name: file)
    let issues = try findings(reader, Validator())
    return issues.filter { $0.severity >= .error }
  }
}
