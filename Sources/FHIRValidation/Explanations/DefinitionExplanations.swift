extension RuleExplanation {
  /// Rules about resources that another one defines: answers by their questionnaire, reports by their measure.
  static let definedResources: [RuleExplanation] = [
    RuleExplanation(
      "questionnaire-unknown", "The questionnaire that was answered is not at hand",
      meaning:
        "A response names its questionnaire by URL; without it nobody can tell whether the answers fit.",
      reason: "What cannot be told is said, so that silence means that all is well.",
      remedy: "Bring the Questionnaire along: --package with its file, a folder or a package that holds it.",
      bad: .excerpt("A response to http://example.org/intake, which no package at hand defines."),
      good: .excerpt("The same, validated with --package intake.json.")),
    RuleExplanation(
      "questionnaire-item", "An item of a response stands where the questionnaire has none",
      meaning:
        "A response has the items of its questionnaire, with the same nesting and in the same order; one that does not "
        + "repeat stands once.",
      reason: "Answers are found by their place; one in another place answers another question.",
      remedy: "Use the questionnaire's linkIds, and put items where the questionnaire has them.",
      bad: response(#"{"linkId":"b","answer":[{"valueString":"daily"}]}"#),
      good: response(#"{"linkId":"a","answer":[{"valueBoolean":true}]}"#)),
    RuleExplanation(
      "questionnaire-required", "A question that must be answered is not",
      meaning: "An item with required true is answered in every finished response, if it is enabled.",
      reason: "Whoever asks cannot do without the answer.",
      remedy: "Add the answer, or set the status to in-progress while it is missing.",
      bad: response("", required: true),
      good: response(#"{"linkId":"a","answer":[{"valueBoolean":true}]}"#, required: true)),
    RuleExplanation(
      "questionnaire-disabled", "A question is answered that was not to be asked",
      meaning: "An item with enableWhen is answered only where the answers that it names are as it says.",
      reason: "The answer contradicts the one that should have hidden the question.",
      remedy: "Remove the answer, or correct the one that enables it.",
      bad: .json(
        ##"{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q","contained":[{"resourceType":"##
          + ##""Questionnaire","id":"q","status":"active","item":[{"linkId":"a","type":"boolean"},{"linkId":"b","type":"##
          + ##""integer","enableWhen":[{"question":"a","operator":"=","answerBoolean":true}]}]}],"item":[{"linkId":"a","##
          + ##""answer":[{"valueBoolean":false}]},{"linkId":"b","answer":[{"valueInteger":20}]}]}"##),
      good: response(#"{"linkId":"a","answer":[{"valueBoolean":false}]}"#)),
    RuleExplanation(
      "questionnaire-answer", "An answer is not of the kind that was asked for",
      meaning:
        "An answer has its question's type, is one of its options or a code of its value set, and keeps its limits "
        + "(maxLength, minValue, maxValue and the like); a question that does not repeat has one answer.",
      reason: "Programs that read the answer expect what the questionnaire promises.",
      remedy: "Correct the answer as the message says.",
      bad: response(#"{"linkId":"a","answer":[{"valueString":"yes"}]}"#),
      good: response(#"{"linkId":"a","answer":[{"valueBoolean":true}]}"#)),
    RuleExplanation(
      "measure-unknown", "The measure that was reported on is not at hand",
      meaning: "A report names its measure by URL; without it nobody can tell whether groups and scores fit.",
      reason: "What cannot be told is said, so that silence means that all is well.",
      remedy: "Bring the Measure along: --package with its file, a folder or a package that holds it.",
      bad: .excerpt("A report on http://example.org/measure, which no package at hand defines."),
      good: .excerpt("The same, validated with --package measure.json.")),
    RuleExplanation(
      "measure-group", "A report's groups are not those of its measure",
      meaning:
        "Groups, populations and stratifiers of a report are matched with those of its measure by their codes: each of "
        + "the measure's once, and no others.",
      reason: "A number whose population is unknown cannot be compared with others.",
      remedy: "Give each part the code that the measure's has; report all of them.",
      bad: report(#"{"code":{"text":"smokers"}},{"code":{"text":"sleepers"}}"#),
      good: report(#"{"code":{"text":"smokers"}},{"code":{"text":"others"}}"#)),
    RuleExplanation(
      "measure-score", "A score is not what the measure's scoring asks for",
      meaning:
        "A proportion lies between 0 and 1 and has no unit; ratios and continuous variables have a score; cohorts have "
        + "none.",
      reason: "A score of another kind is misread.",
      remedy: "Correct the score, or remove it.",
      bad: report(
        #"{"code":{"text":"smokers"},"measureScore":{"value":3}},{"code":{"text":"others"},"measureScore":{"value":1}}"#,
        scoring: "proportion"),
      good: report(
        #"{"code":{"text":"smokers"},"measureScore":{"value":0.3}},{"code":{"text":"others"},"measureScore":{"value":1}}"#,
        scoring: "proportion")),
    RuleExplanation(
      "measure-count", "A population does not list those that it counts",
      meaning: "subjectResults stand in reports of type subject-list only, and list as many as are counted.",
      reason: "Whoever works through the list would miss some.",
      remedy: "List all of them, or correct the count or the report's type.",
      bad: .excerpt("A population of a report of type summary with subjectResults."),
      good: .excerpt("The same in a report of type subject-list.")),
  ]

  /// Rules about profiles as designs.
  static let definitions: [RuleExplanation] = [
    RuleExplanation(
      "design-base", "A profile and its base do not belong together",
      meaning:
        "A profile constrains its baseDefinition, and both are of one type. Where the base is not at hand, nobody can tell.",
      reason: "What is laid over another type cannot be laid at all.",
      remedy: "Correct type or baseDefinition; bring the base's package along with --package.",
      bad: profile(#"{"id":"Patient","path":"Patient"}"#, base: "Observation"),
      good: profile(#"{"id":"Patient","path":"Patient"}"#)),
    RuleExplanation(
      "design-element", "A profile allows what its base does not",
      meaning:
        "A differential speaks of elements that the base has, and narrows them: min may rise, max may fall, types may "
        + "become fewer, a required binding stays required.",
      reason: "What conforms to a profile conforms to its base: programs that know only the base rely on it.",
      remedy: "Correct the path, or keep within what the base allows.",
      bad: profile(#"{"id":"Patient.colour","path":"Patient.colour","min":1}"#),
      good: profile(#"{"id":"Patient.gender","path":"Patient.gender","min":1}"#)),
    RuleExplanation(
      "design-slicing", "Slices cannot be told apart",
      meaning:
        "An element that is sliced says first by what (slicing), and the discriminators' paths lead to elements that it "
        + "has.",
      reason: "Otherwise nobody knows which slice a value belongs to, and nothing is checked.",
      remedy: "Put an element with slicing before the slices; correct the discriminator's path.",
      bad: profile(
        #"{"id":"Patient.name","path":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"colour"}],"rules":"open"}}"#
      ),
      good: profile(
        #"{"id":"Patient.name","path":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}}"#
      )),
    RuleExplanation(
      "design-value", "A value that a profile fixes cannot stand there",
      meaning:
        "Fixed values, patterns and limits are of their element's type; the url that an extension fixes is that of its "
        + "definition.",
      reason: "No data can ever meet it.",
      remedy: "Use fixed[x] or pattern[x] of the element's type, such as fixedCode for a code.",
      bad: profile(#"{"id":"Patient.gender","path":"Patient.gender","fixedString":"male"}"#),
      good: profile(#"{"id":"Patient.gender","path":"Patient.gender","fixedCode":"male"}"#)),
    RuleExplanation(
      "design-code", "A definition names codes that its code system does not have",
      meaning:
        "A supplement adds words to the codes of the system that it supplements, a value set selects codes that exist, and "
        + "a complete code system has as many concepts as it says.",
      reason: "Such a code can never be used, and the one that was meant is missing.",
      remedy: "Correct the code, or the number.",
      bad: .json(
        #"{"resourceType":"ValueSet","url":"http://example.org/vs","status":"draft","compose":{"include":[{"system":"#
          + #""http://hl7.org/fhir/administrative-gender","concept":[{"code":"man"}]}]}}"#),
      good: .json(
        #"{"resourceType":"ValueSet","url":"http://example.org/vs","status":"draft","compose":{"include":[{"system":"#
          + #""http://hl7.org/fhir/administrative-gender","concept":[{"code":"male"}]}]}}"#)),
    RuleExplanation(
      "design-expression", "The expression of an invariant cannot be evaluated",
      meaning:
        "ElementDefinition.constraint.expression is FHIRPath; this one is none, or names a function that does not exist.",
      reason: "An invariant that cannot be evaluated checks nothing.",
      remedy: "Correct the expression; fhirline fhirpath evaluates one on a file.",
      bad: profile(
        #"{"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"a name","expression":"name.exists( and"}]}"#
      ),
      good: profile(
        #"{"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"a name","expression":"name.exists()"}]}"#
      )),
  ]

  private static func response(_ item: String, required: Bool = false) -> Example {
    let items = item.isEmpty ? "" : ##","item":[\##(item)]"##
    return .json(
      ##"{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q","contained":[{"resourceType":"##
        + ##""Questionnaire","id":"q","status":"active","item":[{"linkId":"a","text":"Do you smoke?","type":"boolean""##
        + ##"\##(required ? ##","required":true"## : "")}]}]\##(items)}"##)
  }

  private static func report(_ groups: String, scoring: String = "cohort") -> Example {
    .json(
      ##"{"resourceType":"MeasureReport","status":"complete","type":"summary","period":{"start":"2020"},"measure":"#m","##
        + ##""contained":[{"resourceType":"Measure","id":"m","status":"active","scoring":{"coding":[{"system":"##
        + ##""http://terminology.hl7.org/CodeSystem/measure-scoring","code":"\##(scoring)"}]},"group":[{"code":{"text":"##
        + ##""smokers"}},{"code":{"text":"others"}}]}],"group":[\##(groups)]}"##)
  }

  private static func profile(_ element: String, base: String = "Patient") -> Example {
    .json(
      #"{"resourceType":"StructureDefinition","url":"http://example.org/p","name":"P","status":"draft","kind":"resource","#
        + #""abstract":false,"type":"Patient","derivation":"constraint","baseDefinition":"#
        + #""http://hl7.org/fhir/StructureDefinition/\#(base)","differential":{"element":[\#(element)]}}"#)
  }
}
