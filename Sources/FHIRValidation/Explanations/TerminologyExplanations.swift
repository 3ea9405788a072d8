extension RuleExplanation {
  private static func observation(_ coding: String) -> Example {
    .json(
      """
      {"resourceType":"Observation","status":"final","code":{"text":"count"},"category":[{"coding":[
        \(coding)]}]}
      """)
  }

  private static let sound = observation(
    #"{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}"#)

  private static func practitioner(_ number: String) -> Example {
    .json(
      """
      {"resourceType":"Practitioner","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"\(number)"}]}
      """)
  }

  /// Rules about codes: what value sets and code systems say of them.
  static let terminology: [RuleExplanation] = [
    RuleExplanation(
      "binding-extensible", "A code is not one of those that should stand here",
      meaning:
        "The element is bound to a value set with the strength `extensible`: one of its codes stands wherever one "
        + "fits. A text or a code of another system may stand only where none does.",
      reason: "Whoever reads the element looks for these codes first.",
      remedy:
        "Use one of the codes if one fits; others may stand beside it. If none does, leave it as it is.",
      bad: .json(#"{"resourceType":"Patient","maritalStatus":{"text":"married"}}"#),
      good: .json(
        """
        {"resourceType":"Patient","maritalStatus":{"text":"married","coding":[
          {"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]}}
        """)),
    RuleExplanation(
      "binding-maximum", "No code is one of those that may be taken",
      meaning:
        "The element is bound to a value set with the strength `preferred`, and codes may be taken from a larger one at most: "
        + "languages from the tags of BCP 47. A text alone says no code, and is none of a wrong one.",
      reason:
        "Whoever reads the element knows these codes. HL7's validator lets others pass, and national guides use them, so that "
        + "this is a warning.",
      remedy: "Let one of these codes stand beside the others.",
      bad: .json(
        """
        {"resourceType":"Patient","communication":[{"language":{"coding":[
          {"system":"http://clinic.org/languages","code":"german"}]}}]}
        """),
      good: .json(
        """
        {"resourceType":"Patient","communication":[{"language":{"text":"German","coding":[
          {"system":"urn:ietf:bcp:47","code":"de"},{"system":"http://clinic.org/languages","code":"german"}]}}]}
        """)),
    RuleExplanation(
      "code-unknown", "The code system has no such code",
      meaning:
        "The system is at hand, and the code is none of its codes; or the code breaks the system's grammar, as of "
        + "units (UCUM) and languages (BCP 47).",
      reason: "A code that does not exist means nothing to anybody.",
      remedy: "Correct the code or its system. Capitals count in most systems.",
      bad: observation(
        #"{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"labs"}"#),
      good: sound),
    RuleExplanation(
      "code-shape", "The code does not look like one of its system",
      meaning:
        "The system is not at hand, but the shape of its codes is known: LOINC's end in a check digit, SNOMED CT's "
        + "are numbers.",
      reason: "Such codes are mistyped, or of another system.",
      remedy: "Look the code up, and correct it or its system.",
      bad: .json(
        #"{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-8"}]}}"#
      ),
      good: .json(
        #"{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]}}"#
      )),
    RuleExplanation(
      "code-display", "The display is not what the code means",
      meaning: "Coding.display is one of the names that the system gives to the code.",
      reason: "People read the display and programs the code: they must not understand different things.",
      remedy: "Use the system's name, or put the words into CodeableConcept.text.",
      bad: observation(
        """
        {"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Vital Signs"}
        """), good: sound),
    RuleExplanation(
      "code-inactive", "The code is not to be used any more",
      meaning: "The system marks the code as inactive, retired or deprecated.",
      reason: "Others may not know it any longer.", remedy: "Use the code that took its place.",
      bad: .excerpt("a code that its system has retired"), good: .excerpt("the code that replaces it")),
    RuleExplanation(
      "code-system-missing", "A code stands without its system",
      meaning: "A Coding with a code names the system of the code.",
      reason: "The same code means different things in different systems.", remedy: "Add the system.",
      bad: observation(#"{"code":"laboratory"}"#), good: sound),
    RuleExplanation(
      "code-system", "The system named is no code system",
      meaning:
        "Coding.system is the absolute URL of a code system, not of a value set, and not a part of a URL.",
      reason: "Nobody can tell whose code it is.", remedy: "Write the URL of the code system.",
      bad: observation(
        #"{"system":"http://hl7.org/fhir/ValueSet/observation-category","code":"laboratory"}"#),
      good: sound),
    RuleExplanation(
      "code-undecided", "Whether a code is right cannot be told",
      meaning: "The code system, or a value set, is not at hand. It is information and never an error.",
      reason: "What was not checked should be known.",
      remedy:
        "Load the package that has the system with --package; large systems such as SNOMED CT need a server.",
      bad: .excerpt("a code of SNOMED CT"), good: .excerpt("a code of a system that a package brings along")),
    RuleExplanation(
      "identifier-check-digit", "An identifier's check digit is wrong",
      meaning:
        "Some identifiers, such as the NPI of the United States, end in a digit that follows from the others.",
      reason: "A wrong digit shows that the number was mistyped, and belongs to nobody or to somebody else.",
      remedy: "Correct the number at its source.",
      bad: practitioner("1234567890"), good: practitioner("1234567893")),
  ]
}
