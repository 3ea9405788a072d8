extension RuleExplanation {
  private static let vitalSigns =
    #""category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]"#
  private static let weight =
    #""code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]}"#

  /// An Observation that claims to be a body weight as the core's profile has it.
  private static func bodyWeight(_ elements: String) -> Example {
    .json(
      """
      {"resourceType":"Observation","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bodyweight"]},
        "status":"final",\(elements)}
      """)
  }

  private static let soundWeight = bodyWeight(
    """
    \(vitalSigns),
        \(weight),
        "subject":{"reference":"Patient/1"},"effectiveDateTime":"2024-05-01",
        "valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}
    """)

  /// Rules about profiles and extensions: what a guide asks for beyond the specification.
  static let profiles: [RuleExplanation] = [
    RuleExplanation(
      "profile-unknown", "A profile is claimed that is not at hand",
      meaning: "meta.profile names a profile that neither the core nor a loaded package defines.",
      reason: "What is not at hand cannot be checked, and that should be known.",
      remedy: "Load the guide's package with --package, or correct the URL.",
      bad: .json(
        #"{"resourceType":"Patient","meta":{"profile":["http://example.org/StructureDefinition/mine"]},"active":true}"#
      ),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "profile-min", "A profile asks for an element that is missing",
      meaning: "The profile says at least how often the element (or slice) stands, and it stands less often.",
      reason: "Whoever relies on the profile relies on the element.",
      remedy: "Add it, or do not claim the profile.",
      bad: bodyWeight(
        """
        \(vitalSigns),
            \(weight),
            "effectiveDateTime":"2024-05-01",
            "valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}
        """),
      good: soundWeight),
    RuleExplanation(
      "profile-max", "An element stands more often than a profile allows",
      meaning: "The profile says at most how often the element (or slice) stands; 0 forbids it.",
      reason: "Whoever relies on the profile does not look for more.",
      remedy: "Take the surplus out, or do not claim the profile.",
      bad: .excerpt("a profile with Patient.name 1..1, and a Patient with two names"),
      good: .excerpt("the Patient with one name")),
    RuleExplanation(
      "profile-type", "An element has a type that a profile does not allow",
      meaning: "The profile narrows which types an element may have.",
      reason: "A weight as text cannot be compared.",
      remedy: "Use the type that the profile asks for.",
      bad: .excerpt("a body weight with valueString"), good: .excerpt("a body weight with valueQuantity")),
    RuleExplanation(
      "profile-fixed", "A value is not the one that a profile fixes",
      meaning: "The profile says exactly what the element holds, and nothing may differ.",
      reason: "Such values tell what kind of thing the resource is.",
      remedy: "Use the fixed value.",
      bad: bodyWeight(
        """
        \(vitalSigns),
            \(weight),
            "subject":{"reference":"Patient/1"},"effectiveDateTime":"2024-05-01",
            "valueQuantity":{"value":70,"unit":"kg","system":"http://example.org/units","code":"kg"}
        """),
      good: soundWeight),
    RuleExplanation(
      "profile-pattern", "A value does not have what a profile's pattern asks for",
      meaning: "The profile gives a pattern: what is in it must be in the value, which may hold more.",
      reason: "Such values tell what kind of thing the resource is.",
      remedy: "Add what the pattern has.",
      bad: .excerpt("a pattern with system and code, and a Coding with the code only"),
      good: .excerpt("a Coding with both, and a display")),
    RuleExplanation(
      "profile-range", "A value lies outside of a profile's range",
      meaning: "The profile gives the smallest or the largest value.",
      reason: "Values beyond are mistakes of typing or of the unit.",
      remedy: "Correct the value or its unit.",
      bad: .excerpt("a profile with minValue 0, and the value -1"), good: .excerpt("the value 1")),
    RuleExplanation(
      "profile-length", "A text is longer than a profile allows",
      meaning: "The profile limits the number of characters.",
      reason: "The systems that the profile is for cut off what is longer.",
      remedy: "Shorten the text.",
      bad: .excerpt("a profile with maxLength 10, and a text of eleven characters"),
      good: .excerpt("a text of ten")),
    RuleExplanation(
      "profile-slice", "An item fits no slice of a list that is closed",
      meaning: "The profile divides the list into slices and allows nothing beside them.",
      reason: "Whoever relies on the profile knows the slices only.",
      remedy: "Make the item fit a slice, as the message says, or take it out.",
      bad: .excerpt(
        "a list of identifiers that is closed but for the clinic's, and a passport's number in it"),
      good: .excerpt("the clinic's identifier alone")),
    RuleExplanation(
      "profile-slice-order", "Slices are out of order",
      meaning: "The profile demands its slices in a certain order.",
      reason: "In such lists the order has a meaning.",
      remedy: "Bring the items into the order of the profile.",
      bad: .excerpt("the second slice's item before the first's"), good: .excerpt("the items in order")),
    RuleExplanation(
      "profile-none", "A value fits none of the profiles allowed",
      meaning: "An element's type may have profiles; its value must satisfy one of them.",
      reason: "Whoever relies on the profile relies on what these ask for.",
      remedy: "See which of the profiles is meant, and validate against it alone.",
      bad: .excerpt("an address for which two national profiles are allowed, and which satisfies neither"),
      good: .excerpt("an address that satisfies one of them")),
    RuleExplanation(
      "profile-target", "A reference leads to a resource without the profile asked for",
      meaning: "The profile says which profile the resource referred to must satisfy, and it does not.",
      reason: "Whoever follows the reference relies on it.",
      remedy: "Mend the resource referred to, or refer to another.",
      bad: .excerpt(
        "a reference to a Patient of a national profile, and a Patient without what that asks for"),
      good: .excerpt("a reference to a Patient that has it")),
    RuleExplanation(
      "profile-narrative", "A narrative is not in the languages that a profile asks for",
      meaning:
        "A profile may ask for sections of single languages in a narrative, or forbid them, by HL7's extension "
        + "narrative-language-control. A section is a div with lang and xml:lang, right within the narrative's own.",
      reason: "Readers are shown the section in their language.",
      remedy: "Add the section, or leave sections out.",
      bad: .excerpt(
        #"A narrative whose div holds <div lang="de" xml:lang="de">, where the profile says _no."#),
      good: .excerpt("The same text without sections.")),
    RuleExplanation(
      "profile-must-support", "An element is missing that a profile wants to be supported",
      meaning:
        "Told on request only (--must-support): the profile marks the element mustSupport, and it is not there.",
      reason:
        "It need not be in every resource; one that is in none shows that a system does not support it.",
      remedy: "See whether the system has the value and could send it.",
      bad: .excerpt("a US Core Patient without a birthDate"), good: .excerpt("one with a birthDate")),
    RuleExplanation(
      "extension-unknown", "An extension is not defined anywhere",
      meaning: "Neither the core nor a loaded package defines the extension's URL.",
      reason: "Nobody else can know what it means. Many come from guides whose package was not loaded.",
      remedy:
        "Load the package with --package, correct the URL, or say with --unknown-extensions what to make of it.",
      bad: .excerpt("an extension http://example.org/StructureDefinition/shoe-size"),
      good: .excerpt("an extension http://hl7.org/fhir/StructureDefinition/patient-religion")),
    RuleExplanation(
      "extension-context", "An extension stands where it may not",
      meaning: "Its definition says which elements it is for.",
      reason: "Elsewhere nobody looks for it, and its meaning is not clear.",
      remedy: "Move it to the element that it is for.",
      bad: .json(
        """
        {"resourceType":"Patient","name":[{"family":"Okafor","extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}]}
        """),
      good: .json(
        """
        {"resourceType":"Patient","name":[{"family":"Okafor"}],"extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}
        """)),
    RuleExplanation(
      "extension-modifier", "An extension is a modifier in the wrong list",
      meaning:
        "What changes the meaning of its element stands in modifierExtension, and all else in extension.",
      reason: "Readers must refuse modifiers that they do not know, and may ignore other extensions.",
      remedy: "Move it to the other list.",
      bad: .json(
        """
        {"resourceType":"Patient","active":true,"modifierExtension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}
        """),
      good: .json(
        """
        {"resourceType":"Patient","active":true,"extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}
        """)),
    RuleExplanation(
      "extension-url", "An extension's URL is not as it must be",
      meaning:
        "An extension is named by an absolute URL; within a complex extension, by the names that its definition has.",
      reason: "The URL is all that tells what an extension means.",
      remedy: "Write the URL of its definition.",
      bad: .json(
        #"{"resourceType":"Patient","active":true,"extension":[{"url":"birthPlace","valueString":"Oslo"}]}"#),
      good: .json(
        """
        {"resourceType":"Patient","active":true,"extension":[
          {"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"Oslo"}}]}
        """)),
    RuleExplanation(
      "document-refused", "MongoDB refused a document",
      meaning:
        "The database did not take the document that a resource became: it breaks a rule of the collection.",
      reason: "What is not loaded is set aside with its reason, so that nothing is lost.",
      remedy: "See the collection's rules of validation and indexes; then import the quarantine file again.",
      bad: .excerpt("a document without a field that the collection's validator requires"),
      good: .excerpt("a document with it")),
    RuleExplanation(
      "transaction-refused", "The transaction cannot be loaded as a whole",
      meaning:
        "A Bundle of type transaction is loaded all or nothing, and one of its entries has an error, or MongoDB does not take it "
        + "as one transaction: for its size, for the time it takes, or because others change the same documents.",
      reason:
        "Whoever made it a transaction relies on its resources being there together: half of an order is worse than none.",
      remedy:
        "Mend the entry that is set aside with an error of its own, and replay; where MongoDB does not take it, do what the "
        + "finding says of the server's limits; or import with --no-transactions, which loads the others.",
      bad: .excerpt("a transaction with a Patient, and an Observation without its code"),
      good: .excerpt("the same with the code; or as a Bundle of type batch")),
    RuleExplanation(
      "transaction-unfinished", "The transaction's file breaks off",
      meaning:
        "A Bundle of type transaction is loaded all or nothing, and its file ends, or cannot be read, before the Bundle does. What "
        + "was read of it is set aside; a replay leaves it there.",
      reason: "Nobody can tell what is missing: half of an order is worse than none.",
      remedy:
        "Fetch the file again, import it, and delete what was set aside; or load what is there with --no-transactions.",
      bad: .excerpt("the first half of a transaction's file"),
      good: .excerpt("the whole file")),
    RuleExplanation(
      "transaction-twice", "A transaction names a resource twice",
      meaning:
        "Each resource stands in a transaction once, whatever is asked for it: to be made, to be changed, or to be deleted. What a "
        + "search finds counts as named. The transaction is set aside as a whole.",
      reason:
        "The entries of a transaction have no order that could tell which of the two counts: one of them would be lost unseen.",
      remedy:
        "Take one of the entries out, and replay; or make two Bundles of them, or one of type batch, where the later entry counts.",
      bad: .excerpt("a transaction with a PUT of Patient/1, and another PUT, or a DELETE, of Patient/1"),
      good: .excerpt("a transaction with one entry for Patient/1")),
    RuleExplanation(
      "version-conflict", "An entry asks for another version than the database has",
      meaning:
        "With ifMatch an entry of a Bundle changes or deletes only the version that it names, with ifNoneMatch only what is not "
        + "there. The version of a stored resource is what its meta.versionId says; one that says none is no version that could "
        + "be named. Of a transaction everything is set aside, of a batch the entry. What was loaded before is no conflict when it "
        + "comes again.",
      reason: "Somebody else has changed the resource meanwhile, and that change would be lost unseen.",
      remedy:
        "Look at what the database has (fhirline export, trace), make the change anew from there, and replay; or take the condition "
        + "out of the entry's request, if the entry is to count in any case.",
      bad: .excerpt("a PUT of Patient/1 with ifMatch W/\"2\", where the database has version 3 of it"),
      good: .excerpt("the same where it has version 2")),
  ]
}
