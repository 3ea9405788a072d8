extension RuleExplanation {
  /// Rules about JSON, XML and text: what must be so before a resource can be looked at.
  static let reading: [RuleExplanation] = [
    RuleExplanation(
      "json-syntax", "The text is not JSON",
      meaning:
        "A JSON document must follow RFC 8259 to the letter: no comments, no comma before a closing bracket, no "
        + "value that is cut off.",
      reason:
        "Readers that guess disagree about what was meant, and a value that one of them drops may be a dose.",
      remedy: "Mend the text at the place named; if the file is cut off, transfer or export it again.",
      bad: .json(#"{"resourceType":"Patient","active":true,}"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "json-duplicate-key", "The same name stands twice in an object",
      meaning: "An object may have each member once.",
      reason: "One reader takes the first, another the last: two systems would see two different resources.",
      remedy: "Keep the right one. An element that repeats is written once, with an array.",
      bad: .json(#"{"resourceType":"Patient","gender":"male","gender":"female"}"#),
      good: .json(#"{"resourceType":"Patient","gender":"female"}"#)),
    RuleExplanation(
      "json-companion", "A member that begins with _ does not fit its value",
      meaning:
        "Beside a primitive value, `_name` holds its id and extensions. It is an object; for an element that "
        + "repeats it is an array of the same length, with null where there is nothing to say.",
      reason: "Only the place in the array tells which value an extension belongs to.",
      remedy: "Give both arrays the same length and fill with null.",
      bad: .json(#"{"resourceType":"Patient","active":true,"_active":"yes"}"#),
      good: .json(
        #"{"resourceType":"Patient","active":true,"_active":{"id":"a"}}"#)),
    RuleExplanation(
      "xml-syntax", "The text is not well-formed XML",
      meaning: "Tags must be closed in order, attributes quoted, and special characters written as entities.",
      reason:
        "XML that is not well-formed must not be guessed at; what stands behind the mistake cannot be trusted.",
      remedy: "Mend the markup at the place named; if the file is cut off, transfer or export it again.",
      bad: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"></Patient>"#),
      good: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#)),
    RuleExplanation(
      "xml-doctype", "There is a document type declaration",
      meaning: "FHIR forbids <!DOCTYPE …> in resources.",
      reason: "Declarations can make a reader open other files or grow a few bytes to gigabytes.",
      remedy: "Take the declaration out, and write entities as the characters that they stand for.",
      bad: .xml(#"<!DOCTYPE Patient><Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#),
      good: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#)),
    RuleExplanation(
      "xml-namespace", "Something is in the wrong XML namespace",
      meaning:
        "Elements are in http://hl7.org/fhir, a narrative's div in http://www.w3.org/1999/xhtml, and a resource "
        + "does not say where its schema is.",
      reason: "A name means something in its namespace only: `code` of another one is not FHIR's.",
      remedy:
        "Declare the namespace on the root element, or on the div, and take out what is of another one.",
      bad: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active xmlns="" value="true"/></Patient>"#),
      good: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#)),
    RuleExplanation(
      "xml-encoding", "The XML declares an encoding other than UTF-8",
      meaning: "FHIR is written in UTF-8.",
      reason: "Names with accents turn into others when a reader takes one encoding for another.",
      remedy: "Convert the file to UTF-8 and say so, or leave the encoding out of the declaration.",
      bad: .xml(
        #"<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#
      ),
      good: .xml(
        #"<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#
      )),
    RuleExplanation(
      "xml-text", "There is text between tags",
      meaning: "FHIR writes values as attributes; only a narrative's div holds text.",
      reason: "Text between tags is no value: most systems would lose it.",
      remedy: "Move the text into the attribute value=\"…\".",
      bad: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/>yes</Patient>"#),
      good: .xml(#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#)),
    RuleExplanation(
      "xml-element-order", "Elements are out of order",
      meaning:
        "In XML, elements stand in the order in which the specification defines them. (In JSON any order will do.)",
      reason: "FHIR's XML schemas demand the order, and readers made from them stop at what is out of it.",
      remedy: "Move the element to its place.",
      bad: .xml(
        #"<Patient xmlns="http://hl7.org/fhir"><birthDate value="1990-02-03"/><gender value="male"/></Patient>"#
      ),
      good: .xml(
        #"<Patient xmlns="http://hl7.org/fhir"><gender value="male"/><birthDate value="1990-02-03"/></Patient>"#
      )),
    RuleExplanation(
      "xml-character", "A character cannot be written in XML",
      meaning:
        "XML 1.0 has no way to write control characters other than tab and line ends, not even escaped.",
      reason:
        "A resource must mean the same in JSON and XML; a character that only one of them can hold would get lost.",
      remedy: "Take the character out of the source; most came from a terminal or a printer.",
      bad: .excerpt(#""text": "line one\u000bline two", converted to XML"#),
      good: .excerpt(#""text": "line one\nline two""#)),
    RuleExplanation(
      "encoding-utf8", "The bytes are not UTF-8",
      meaning: "Every string must be valid UTF-8.",
      reason: "Bytes of another encoding turn names into others, or into nothing.",
      remedy: "Convert the file from its real encoding (often Windows-1252 or ISO 8859-1) to UTF-8.",
      bad: .excerpt(#"the byte FC in "family": "M?ller""#),
      good: .excerpt(#"the bytes C3 BC in "family": "Müller""#)),
    RuleExplanation(
      "encoding-surrogate", "An escape stands for half a character",
      meaning: "Characters beyond U+FFFF are escaped in JSON as two halves, which must stand together.",
      reason: "Half a character is none: it cannot be stored or shown.",
      remedy: "Write the character itself, or both halves; often a text was cut in its middle.",
      bad: .json(#"{"resourceType":"Patient","name":[{"text":"\ud83d"}]}"#),
      good: .json(#"{"resourceType":"Patient","name":[{"text":"\ud83d\ude42"}]}"#)),
    RuleExplanation(
      "limit-depth", "Elements are nested too deep",
      meaning: "No more than 256 levels are read.",
      reason: "No clinical data is nested so deep; files that are were made to bring a program down.",
      remedy: "Look at what made the file: usually an extension that holds itself.",
      bad: .excerpt("an extension in an extension in an extension, 10,000 times"),
      good: .excerpt("an extension with a value")),
    RuleExplanation(
      "limit-size", "A resource is too large",
      meaning:
        "One resource, entry or line may have 64 MB and 3,000,000 elements (limits.resource_bytes and limits.elements in "
        + "pipeline.yml); a value in XML half of that, as all members of a Bundle but for its entries. "
        + "What is beyond is passed over, and what stands behind it is read where that can be.",
      reason: "Memory must stay bounded, whatever comes.",
      remedy: "Keep large content outside of the resource, and refer to it by a URL.",
      bad: .excerpt("an Attachment with 2 GB of data"), good: .excerpt("an Attachment with a url")),
    RuleExplanation(
      "limit-issues", "Further findings are left out",
      meaning:
        "After so many findings in one resource the rest is not told; or the report was asked to be short.",
      reason: "A thousand findings of one resource tell no more than a hundred.",
      remedy: "Mend what is told and run again, or raise --max-issues.",
      bad: .excerpt("a list with 5,000 items, each with the same mistake"),
      good: .excerpt("the same list, mended")),
    RuleExplanation(
      "not-fhir", "The document is no FHIR resource",
      meaning:
        "A JSON document must be an object with a resourceType; an XML document's root must be a resource of FHIR's "
        + "namespace.",
      reason: "What the root is decides what everything below it means.",
      remedy: "Give the program FHIR files only. An array of resources becomes a Bundle, or NDJSON.",
      bad: .json(#"[{"resourceType":"Patient","active":true}]"#),
      good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "empty-input", "There is nothing in the file",
      meaning: "A file must hold at least one resource.",
      reason: "An empty file is more often a transfer that failed than a hospital without patients.",
      remedy: "Transfer or export it again; delete it if it is meant to be empty.",
      bad: .json(" "), good: .json(#"{"resourceType":"Patient","active":true}"#)),
    RuleExplanation(
      "input-unreadable", "The file cannot be read",
      meaning:
        "The file could not be opened, or reading broke off: permissions, a damaged gzip stream, a disk.",
      reason: "What was not read was not checked, and that must be told.",
      remedy: "Mend what the message names; a gzip file that ends too early must be transferred again.",
      bad: .excerpt("Patient.ndjson.gz, cut off in its middle"), good: .excerpt("the whole Patient.ndjson.gz")
    ),
    RuleExplanation(
      "stopped", "The run was stopped before its end",
      meaning: "A signal (Ctrl-C, a shutdown, a time limit) ended the check: what follows was not looked at.",
      reason: "A report that was cut short must not be taken for a whole one.",
      remedy: "Run it again.",
      bad: .excerpt("fhirline validate --format json huge.ndjson, and Ctrl-C"),
      good: .excerpt("the same, to its end")
    ),
  ]
}
