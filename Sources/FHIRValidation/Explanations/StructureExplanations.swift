extension RuleExplanation {
  /// Rules about resources and elements as the specification defines them.
  static let structure: [RuleExplanation] = [
    RuleExplanation(
      "resource-type", "There is no resource type of this name",
      meaning: "resourceType (in XML the element's name) must be one of R4's 146 types of resource.",
      reason: "The type decides which elements there may be and what they mean.",
      remedy: "Correct the name; mind capitals. Types of later releases of FHIR do not exist in R4.",
      bad: .json(#"{"resourceType":"Pateint","active":true}"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "unknown-element", "The type has no element of this name",
      meaning:
        "An object may only have the elements that its type defines, spelt as there, capitals included.",
      reason: "Other systems ignore what they do not know: the value would silently be lost.",
      remedy: "Correct the name, or put what FHIR has no element for into an extension.",
      bad: .json(#"{"resourceType":"Patient","birthdate":"1990-04-12"}"#),
      good: .json(#"{"resourceType":"Patient","birthDate":"1990-04-12"}"#)),
    RuleExplanation(
      "cardinality-min", "An element is missing that must be there",
      meaning: "The definition says at least how often the element stands, and it stands less often.",
      reason:
        "Without it the resource cannot be used safely: an observation without a status may be a draft.",
      remedy:
        "Add the element. If the value is not known, an extension data-absent-reason may stand in its stead.",
      bad: .json(#"{"resourceType":"Observation","code":{"text":"weight"}}"#),
      good: .json(#"{"resourceType":"Observation","status":"final","code":{"text":"weight"}}"#)),
    RuleExplanation(
      "cardinality-max", "An element stands more often than it may",
      meaning: "The definition says at most how often the element stands, and it stands more often.",
      reason: "A reader that expects one value takes the first or the last, and loses the others.",
      remedy: "Keep the one that is meant, or use an element that may repeat.",
      bad: .xml(
        #"<Patient xmlns="http://hl7.org/fhir"><gender value="male"/><gender value="female"/></Patient>"#),
      good: .xml(#"<Patient xmlns="http://hl7.org/fhir"><gender value="female"/></Patient>"#)),
    RuleExplanation(
      "choice-multiple", "A choice has two values",
      meaning: "Of an element that may have one of several types (value[x]) only one may stand.",
      reason: "Nobody could tell which of them counts.",
      remedy: "Keep one of them.",
      bad: .json(#"{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020-01-01"}"#),
      good: .json(#"{"resourceType":"Patient","deceasedDateTime":"2020-01-01"}"#)),
    RuleExplanation(
      "choice-type", "A choice has a type that it may not have",
      meaning: "An element like value[x] may have the types that its definition lists, and no others.",
      reason: "Others do not expect the type there and lose the value.",
      remedy: "Use one of the types that the message lists.",
      bad: .json(#"{"resourceType":"Patient","deceasedInteger":1}"#),
      good: .json(#"{"resourceType":"Patient","deceasedBoolean":true}"#)),
    RuleExplanation(
      "element-empty", "An element has no content",
      meaning:
        "An element has a value, or elements within it; an id alone is neither. In FHIR this is the invariant ele-1.",
      reason: "An empty element says nothing, yet readers count it as being there.",
      remedy: "Fill it or leave it out.",
      bad: .json(#"{"resourceType":"Patient","active":true,"photo":[{}]}"#),
      good: .json(#"{"resourceType":"Patient","active":true,"photo":[{"url":"http://example.org/ada.jpg"}]}"#)
    ),
    RuleExplanation(
      "array-expected", "An element that may repeat is written without an array",
      meaning: "In JSON, what may repeat is an array even where it stands once.",
      reason: "Programs that go through the array find none.",
      remedy: "Put the value into brackets: [ … ].",
      bad: .json(#"{"resourceType":"Patient","name":{"family":"Okafor"}}"#),
      good: .json(#"{"resourceType":"Patient","name":[{"family":"Okafor"}]}"#)),
    RuleExplanation(
      "array-unexpected", "An element that stands once is written as an array",
      meaning: "In JSON, only what may repeat is an array.",
      reason: "Programs that expect one value find an array and fail.",
      remedy: "Take the brackets away.",
      bad: .json(#"{"resourceType":"Patient","gender":["male"]}"#),
      good: .json(#"{"resourceType":"Patient","gender":"male"}"#)),
    RuleExplanation(
      "array-empty", "There is an empty array",
      meaning: "An element without values is left out; [] is not allowed.",
      reason: "JSON and XML must say the same, and XML cannot say it.",
      remedy: "Leave the element out.",
      bad: .json(#"{"resourceType":"Patient","active":true,"name":[]}"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "null-value", "There is a null",
      meaning: "null may only stand in an array beside one that holds extensions (`given` and `_given`).",
      reason: "A value that is absent is left out; why it is absent is said by an extension.",
      remedy: "Leave the element out.",
      bad: .json(#"{"resourceType":"Patient","active":true,"gender":null}"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "string-empty", "There is an empty string",
      meaning: "A string has at least one character that is not white space.",
      reason: "An empty string looks like a value and says nothing.",
      remedy: "Leave the element out.",
      bad: .json(#"{"resourceType":"Patient","active":true,"name":[{"family":"","given":["Ada"]}]}"#),
      good: .json(#"{"resourceType":"Patient","active":true,"name":[{"given":["Ada"]}]}"#)),
    RuleExplanation(
      "value-kind", "A value is of another kind of JSON",
      meaning:
        "Numbers and booleans stand without quotes, all other primitives with them, and elements of a complex type "
        + "are objects.",
      reason: "\"12.0\" is a text to a program, with which it cannot reckon.",
      remedy: "Write the value as the message says.",
      bad: .json(#"{"resourceType":"Patient","active":"true"}"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "primitive-format", "A value is not written as its type demands",
      meaning:
        "Each primitive type has a grammar: a date is YYYY, YYYY-MM or YYYY-MM-DD, a time with hours needs a zone, an "
        + "id has letters, digits, - and . only.",
      reason:
        "What is written otherwise is read wrongly: 04/05/2020 is April in one country and May in another.",
      remedy: "Write the value as the message says.",
      bad: .json(#"{"resourceType":"Patient","birthDate":"12.04.1990"}"#),
      good: .json(#"{"resourceType":"Patient","birthDate":"1990-04-12"}"#)),
    RuleExplanation(
      "primitive-range", "A value is written well, and cannot be",
      meaning:
        "Days and months must exist, numbers lie in the range of their type, and strings have at most a million "
        + "bytes.",
      reason: "A day that does not exist was mistyped, and programs that work with it stop or guess.",
      remedy: "Correct the value at its source.",
      bad: .json(#"{"resourceType":"Patient","birthDate":"1990-02-30"}"#),
      good: .json(#"{"resourceType":"Patient","birthDate":"1990-02-28"}"#)),
    RuleExplanation(
      "binding-required", "A code is not one of those allowed",
      meaning: "The element is bound to a value set with the strength `required`: only its codes may stand.",
      reason: "Programs act on these codes; one that they do not know means nothing to them.",
      remedy: "Use one of the codes. What they cannot express goes into a text or an extension beside them.",
      bad: .json(#"{"resourceType":"Patient","gender":"woman"}"#),
      good: .json(#"{"resourceType":"Patient","gender":"female"}"#)),
    RuleExplanation(
      "reference-syntax", "A reference is not written as one",
      meaning: "Reference.reference is Type/id, #id of a contained resource, or an absolute URL or urn:uuid.",
      reason: "Nothing can be found behind any other text.",
      remedy:
        "Write the resource's type and id, or use Reference.identifier or display if there is no resource.",
      bad: .json(
        #"{"resourceType":"Patient","generalPractitioner":[{"reference":"Doctor/17"}]}"#),
      good: .json(
        #"{"resourceType":"Patient","generalPractitioner":[{"display":"Dr. Okafor"}]}"#)),
    RuleExplanation(
      "reference-target", "A reference leads to a type that is not allowed there",
      meaning: "The definition lists which types of resource an element may refer to.",
      reason: "A patient's practitioner that turns out to be a location cannot be called.",
      remedy: "Refer to a resource of one of the types that the message lists.",
      bad: .json(
        #"{"resourceType":"Patient","generalPractitioner":[{"reference":"Location/1"}]}"#),
      good: .json(
        #"{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner/1"}]}"#)),
    RuleExplanation(
      "contained", "A contained resource has no id",
      meaning: "A resource in `contained` has an id, and its container refers to it as #id.",
      reason: "Without an id nothing can refer to it, and it has lost its connection.",
      remedy: "Give it an id and refer to it, or take it out.",
      bad: .json(
        """
        {"resourceType":"Patient","active":true,"contained":[{"resourceType":"Organization","name":"Clinic"}]}
        """),
      good: .json(
        """
        {"resourceType":"Patient","active":true,"managingOrganization":{"reference":"#o"},
          "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}]}
        """)),
    RuleExplanation(
      "bundle-entry", "An entry of a Bundle is not as it must be",
      meaning:
        "An entry's fullUrl stands where it is due, is absolute, and ends in the resource's id if it is a URL of a "
        + "server; what a search found has an id.",
      reason: "References between entries are resolved by these URLs.",
      remedy: "Mend what the message names; a urn:uuid will do where there is no server.",
      bad: .json(
        """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"Patient/1","resource":{"resourceType":"Patient","id":"1","active":true}}]}
        """),
      good: .json(
        """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"http://example.org/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","active":true}}]}
        """)),
    RuleExplanation(
      "element-id", "Two elements have the same id",
      meaning: "Within a resource, an element's id may stand once.",
      reason: "An id is there to point to one element; with two of them it points nowhere.",
      remedy: "Give one of them another id, or leave ids out that nothing points to.",
      bad: .json(
        #"{"resourceType":"Patient","name":[{"id":"n","family":"Okafor"},{"id":"n","family":"Lindqvist"}]}"#),
      good: .json(
        #"{"resourceType":"Patient","name":[{"id":"n1","family":"Okafor"},{"id":"n2","family":"Lindqvist"}]}"#
      )),
  ]
}
