extension RuleExplanation {
  /// Rules about narratives, and about what entries of a Bundle have to do with each other.
  static let narrativesAndBundles: [RuleExplanation] = [
    RuleExplanation(
      "attachment-size", "An attachment's size is not that of its data",
      meaning:
        "Attachment.size counts the bytes that Attachment.data stands for: those of the file, before base64 made them "
        + "longer.",
      reason: "A receiver that checks the size takes the file for damaged, or is right about it.",
      remedy: "Count the bytes anew, or leave size out.",
      bad: .json(
        #"{"resourceType":"Patient","photo":[{"contentType":"image/png","data":"AAAA","size":4}]}"#),
      good: .json(
        #"{"resourceType":"Patient","photo":[{"contentType":"image/png","data":"AAAA","size":3}]}"#)),
    RuleExplanation(
      "enable-when", "A condition names a question that cannot decide it",
      meaning:
        "enableWhen.question is the linkId of another question of the same questionnaire, and of none inside the one "
        + "that it enables.",
      reason:
        "The question could never be enabled: what decides about it is not there, or is hidden with it.",
      remedy: "Correct the linkId, or move the deciding question out of the group.",
      bad: .json(
        """
        {"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"string",
          "enableWhen":[{"question":"9","operator":"exists","answerBoolean":true}]}]}
        """),
      good: .json(
        """
        {"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"9","type":"boolean"},
          {"linkId":"1","type":"string",
           "enableWhen":[{"question":"9","operator":"exists","answerBoolean":true}]}]}
        """)),
    RuleExplanation(
      "narrative-syntax", "A narrative's markup is not well-formed",
      meaning: "Narrative.div is XHTML: tags are closed, attributes quoted, and entities known.",
      reason: "A narrative that cannot be shown hides what a clinician was to read.",
      remedy: "Mend the markup; XHTML, unlike HTML, has <br/> and no unquoted attributes.",
      bad: .json(
        """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Ada</div>"}}
        """),
      good: .json(
        """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Ada</p></div>"}}
        """)),
    RuleExplanation(
      "narrative-link", "A link in a narrative leads nowhere",
      meaning: "A link within the page (#name) needs an element of that name or id.",
      reason: "Whoever clicks on it learns nothing.",
      remedy: "Give the target an id, or take the link out.",
      bad: .json(
        """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><a href=\\"#allergies\\">Allergies</a></div>"}}
        """),
      good: .json(
        """
        {"resourceType":"Patient","text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p id=\\"allergies\\">Allergies</p></div>"}}
        """)),
    RuleExplanation(
      "reference-missing", "A reference finds no entry in its Bundle",
      meaning:
        "A urn:uuid or urn:oid, and in documents and messages any reference that must travel along, names the "
        + "fullUrl of an entry.",
      reason: "A urn can be found nowhere else: what it meant is lost.",
      remedy: "Add the entry, or correct the reference or the fullUrl.",
      bad: .json(
        """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient",
            "managingOrganization":{"reference":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11"}}}]}
        """),
      good: .json(
        """
        {"resourceType":"Bundle","type":"collection","entry":[
          {"fullUrl":"urn:uuid:3fa0c1f2-7f58-4b3e-9a55-0d2c7b8e1f60","resource":{"resourceType":"Patient",
            "managingOrganization":{"reference":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11"}}},
          {"fullUrl":"urn:uuid:0d3c5a37-1c68-4d6b-8f0e-6a4b8d0f9e11","resource":{"resourceType":"Organization",
            "name":"Clinic"}}]}
        """)),
    RuleExplanation(
      "reference-ambiguous", "A reference fits more than one entry",
      meaning: "A reference resolves to one entry of its Bundle; here several could be meant.",
      reason: "Systems would choose differently, and so link data to different people.",
      remedy: "Give each entry a fullUrl of its own, and refer by it.",
      bad: .excerpt("two entries with the fullUrl of the same Patient, and a reference to it"),
      good: .excerpt("one entry for each Patient, each with a fullUrl of its own")),
    RuleExplanation(
      "bundle-unreachable", "An entry of a document has nothing to do with it",
      meaning:
        "In a document, every resource is reached from the Composition by references, in one direction or the "
        + "other.",
      reason: "What no reference leads to is shown to no reader.",
      remedy: "Refer to it from a section of the Composition, or take it out.",
      bad: .excerpt("a document with a Patient that nothing refers to"),
      good: .excerpt("the same, with the Patient as the Composition's subject")),
  ]
}
