/// Types of resource that other releases of FHIR have, and R4 has not: whoever sends one meant that release.
///
/// From the resource lists of DSTU2 (1.0.2), STU3 (3.0.2), R4B (4.3.0) and R5 (5.0.0).
enum OtherRelease {
  /// What a type is: `one of FHIR R5`; nil where no release has it.
  static func words(of type: String) -> String? {
    if let name = earlier[type] {
      return "one of FHIR DSTU2 or STU3" + (name.isEmpty ? "" : ", for which R4 has \(name)")
    }
    if r4b.contains(type) { return "one of FHIR R4B and R5" }
    return r5.contains(type) ? "one of FHIR R5" : nil
  }

  /// Types of DSTU2 and STU3, with those that R4 has in their place.
  private static let earlier: [String: String] = [
    "BodySite": "BodyStructure", "Conformance": "CapabilityStatement", "DataElement": "StructureDefinition",
    "DeviceComponent": "DeviceDefinition", "DeviceUseRequest": "DeviceRequest",
    "DiagnosticOrder": "ServiceRequest", "EligibilityRequest": "CoverageEligibilityRequest",
    "EligibilityResponse": "CoverageEligibilityResponse", "ExpansionProfile": "Parameters",
    "ImagingManifest": "", "ImagingObjectSelection": "", "MedicationOrder": "MedicationRequest",
    "Order": "Task", "OrderResponse": "Task", "ProcedureRequest": "ServiceRequest", "ProcessRequest": "Task",
    "ProcessResponse": "Task", "ReferralRequest": "ServiceRequest", "Sequence": "MolecularSequence",
    "ServiceDefinition": "",
  ]

  private static let r4b: Set<String> = [
    "AdministrableProductDefinition", "Citation", "ClinicalUseDefinition", "EvidenceReport", "Ingredient",
    "ManufacturedItemDefinition", "MedicinalProductDefinition", "NutritionProduct",
    "PackagedProductDefinition", "RegulatedAuthorization", "SubscriptionStatus", "SubscriptionTopic",
    "SubstanceDefinition",
  ]

  private static let r5: Set<String> = [
    "ActorDefinition", "ArtifactAssessment", "BiologicallyDerivedProductDispense", "ConditionDefinition",
    "DeviceAssociation", "DeviceDispense", "DeviceUsage", "EncounterHistory", "FormularyItem", "GenomicStudy",
    "ImagingSelection", "InventoryItem", "InventoryReport", "NutritionIntake", "Permission",
    "RequestOrchestration", "Requirements", "TestPlan", "Transport",
  ]
}
