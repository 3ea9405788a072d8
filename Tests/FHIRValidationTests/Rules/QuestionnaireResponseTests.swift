import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Responses by their questionnaires` {
  /// A response with a questionnaire in it; marks may stand in the response's items.
  private func check(_ asked: String, status: String = "completed", _ given: String) throws -> [String] {
    let text = ##"""
      {"resourceType": "QuestionnaireResponse", "status": "\##(status)", "questionnaire": "#q",
       "contained": [{"resourceType": "Questionnaire", "id": "q", "url": "http://example.org/q", "status": "active",
        "item": [\##(asked)]}],
       "item": [\##(given)]}
      """##
    return try expectMarked(text).map(\.expression)
  }

  private func question(_ id: String, _ type: String, _ more: String = "") -> String {
    #"{"linkId": "\#(id)", "type": "\#(type)"\#(more.isEmpty ? "" : ", " + more)}"#
  }

  private func item(_ id: String, _ answers: String...) -> String {
    #"{"linkId": "\#(id)", "answer": [\#(answers.map { "{\($0)}" }.joined(separator: ", "))]}"#
  }

  @Test func `items are those of the questionnaire, in its order and nesting`() throws {
    let asked =
      question("a", "string") + ", "
      + question("g", "group", #""item": [{"linkId": "g.1", "type": "boolean"}]"#) + ", "
      + question("b", "string")
    #expect(
      try check(
        asked,
        item("a", #""valueString": "x""#) + ", "
          + #"{"linkId": "g", "item": [\#(item("g.1", #""valueBoolean": true"#))]}"#) == [])
    #expect(
      try check(
        asked,
        item("b", #""valueString": "x""#) + ", ⟦questionnaire-item⟧" + item("a", #""valueString": "x""#))
        == ["QuestionnaireResponse"])
    #expect(
      try check(asked, "⟦questionnaire-item⟧" + item("g.1", #""valueBoolean": true"#))
        == ["QuestionnaireResponse"])
    #expect(
      try check(
        asked, #"{"linkId": "g", "item": [⟦questionnaire-item⟧\#(item("x", #""valueBoolean": true"#))]}"#)
        == ["QuestionnaireResponse.item[0]"])
  }

  @Test func `the text of an item is the questionnaire's, where it stands`() throws {
    let asked = question("a", "string", #""text": "How are you?""#) + ", " + question("b", "string")
    let answer = #""answer": [{"valueString": "x"}]"#
    #expect(try check(asked, #"{"linkId": "a", "text": "How are you?", \#(answer)}"#) == [])
    #expect(try check(asked, #"{"linkId": "b", "text": "Anything else?", \#(answer)}"#) == [])
    #expect(
      try check(asked, #"{"linkId": "a", ⟦questionnaire-item⟧"text": "Who are you?", \#(answer)}"#)
        == ["QuestionnaireResponse.item[0]"])
  }

  @Test func `a question that must be answered is, once the response is finished`() throws {
    let asked = question("a", "string", #""required": true"#)
    #expect(try findings(unanswered(asked, "completed")).map(\.rule.code) == ["questionnaire-required"])
    #expect(try findings(unanswered(asked, "completed")).map(\.severity) == [.error])
    #expect(try findings(unanswered(asked, "in-progress")).map(\.severity) == [.warning])
  }

  private func unanswered(_ asked: String, _ status: String) -> String {
    ##"""
    {"resourceType": "QuestionnaireResponse", "status": "\##(status)", "questionnaire": "#q",
     "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": [\##(asked)]}]}
    """##
  }

  static let types = [
    ("boolean", #""valueBoolean": true"#, #""valueString": "yes""#),
    ("decimal", #""valueDecimal": 1.5"#, #""valueInteger": 1"#),
    ("integer", #""valueInteger": 1"#, #""valueDecimal": 1.5"#),
    ("date", #""valueDate": "2020""#, #""valueDateTime": "2020""#),
    ("text", #""valueString": "x""#, #""valueUri": "urn:x""#),
    ("url", #""valueUri": "urn:x""#, #""valueString": "x""#),
    ("quantity", #""valueQuantity": {"value": 1}"#, #""valueDecimal": 1.5"#),
    ("choice", #""valueCoding": {"system": "urn:x", "code": "a"}"#, #""valueBoolean": true"#),
  ]

  @Test(arguments: types) func `an answer has its question's type`(type: String, good: String, bad: String)
    throws
  {
    #expect(try check(question("a", type), item("a", good)) == [])
    let issues = try check(question("a", type), item("a", "⟦questionnaire-answer⟧" + bad))
    #expect(issues.count == 1 && issues[0].hasPrefix("QuestionnaireResponse.item[0].answer[0].value"))
  }

  @Test func `an answer is one of the options`() throws {
    let options =
      #""answerOption": [{"valueCoding": {"system": "urn:x", "code": "a"}}, {"valueCoding": {"system": "urn:x", "code": "b"}}]"#
    let bad = #""valueCoding": {"system": "urn:x", "code": "c"}"#
    #expect(
      try check(
        question("a", "choice", options), item("a", #""valueCoding": {"system": "urn:x", "code": "b"}"#))
        == [])
    #expect(
      try check(question("a", "choice", options), item("a", "⟦questionnaire-answer⟧" + bad))
        == ["QuestionnaireResponse.item[0].answer[0]"])
    #expect(try check(question("a", "open-choice", options), item("a", #""valueString": "other""#)) == [])
    let numbers = #""answerOption": [{"valueInteger": 1}, {"valueInteger": 2}]"#
    #expect(try check(question("a", "choice", numbers), item("a", #""valueInteger": 2"#)) == [])
    #expect(
      try check(question("a", "choice", numbers), item("a", #"⟦questionnaire-answer⟧"valueInteger": 3"#))
        .count == 1)
  }

  @Test func `an answer is a code of the value set`() throws {
    let set = #""answerValueSet": "http://hl7.org/fhir/ValueSet/administrative-gender""#
    func coding(_ code: String) -> String {
      #""valueCoding": {"system": "http://hl7.org/fhir/administrative-gender", "code": "\#(code)"}"#
    }
    #expect(try check(question("a", "choice", set), item("a", coding("male"))) == [])
    let issues = try findings(response(question("a", "choice", set), item("a", coding("nobody"))))
    #expect(issues.map(\.rule.code).contains("questionnaire-answer"))
    // Nobody can tell.
    let unknown = #""answerValueSet": "http://example.org/ValueSet/nowhere""#
    #expect(
      try check(
        question("a", "choice", unknown), item("a", #""valueCoding": {"system": "urn:x", "code": "c"}"#))
        == [])
  }

  private func response(_ asked: String, _ given: String) -> String {
    ##"""
    {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "#q",
     "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": [\##(asked)]}],
     "item": [\##(given)]}
    """##
  }

  static let conditions: [(String, String, String, Bool?)] = [
    ("=", #""answerBoolean": true"#, #""valueBoolean": true"#, true),
    ("=", #""answerBoolean": true"#, #""valueBoolean": false"#, false),
    ("exists", #""answerBoolean": true"#, #""valueInteger": 1"#, true),
    ("exists", #""answerBoolean": false"#, #""valueInteger": 1"#, false),
    (">", #""answerInteger": 3"#, #""valueInteger": 4"#, true),
    (">=", #""answerDecimal": 3.5"#, #""valueDecimal": 3.50"#, true),
    ("<", #""answerDate": "2020-05""#, #""valueDate": "2020-06-01""#, false),
    ("!=", #""answerString": "no""#, #""valueString": "yes""#, true),
    (
      "=", #""answerCoding": {"system": "urn:x", "code": "a"}"#,
      #""valueCoding": {"system": "urn:x", "code": "b"}"#, false
    ),
    // The same time, or not, since the zone of the one is unknown.
    ("=", #""answerQuantity": {"value": 1}"#, #""valueQuantity": {"value": 1, "unit": "mg"}"#, nil),
  ]

  @Test(arguments: conditions)
  func `what enables a question decides`(comparison: String, asked: String, given: String, isEnabled: Bool?)
    throws
  {
    let types = [
      "Boolean": "boolean", "Integer": "integer", "Decimal": "decimal", "Date": "date", "String": "string",
      "Coding": "choice", "Quantity": "quantity",
    ]
    let type = types[String(given.dropFirst(6).prefix { $0 != "\"" })] ?? ""
    let condition = #""enableWhen": [{"question": "a", "operator": "\#(comparison)", \#(asked)}]"#
    let items = question("a", type) + ", " + question("b", "string", condition + #", "required": true"#)
    let answered = try findings(
      response(items, item("a", given) + ", " + item("b", #""valueString": "x""#))
    ).map(\.rule.code)
    let left = try findings(response(items, item("a", given))).map(\.rule.code)
    if isEnabled == false { #expect(answered == ["questionnaire-disabled"]) } else { #expect(answered == []) }
    if isEnabled == true { #expect(left == ["questionnaire-required"]) } else { #expect(left == []) }
  }

  @Test func `in a group that repeats, the answer within counts`() throws {
    let asked = question(
      "g", "group",
      #""repeats": true, "item": [{"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "string", "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": true}]}]"#
    )
    func group(_ value: String, _ mark: String) -> String {
      #"{"linkId": "g", "item": [\#(item("a", #""valueBoolean": \#(value)"#)), \#(mark)\#(item("b", #""valueString": "x""#))]}"#
    }
    #expect(
      try check(asked, group("true", "") + ", " + group("false", "⟦questionnaire-disabled⟧"))
        == ["QuestionnaireResponse.item[1].item[1]"])
  }

  @Test func `an item and an answer stand as often as they may`() throws {
    #expect(
      try check(
        question("a", "string"),
        #"{"linkId": "a", "answer": [{"valueString": "x"}, ⟦questionnaire-answer⟧{"valueString": "y"}]}"#)
        == ["QuestionnaireResponse.item[0]"])
    #expect(
      try check(
        question("a", "string", #""repeats": true"#),
        item("a", #""valueString": "x""#, #""valueString": "y""#)) == [])
    let most =
      #""repeats": true, "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs", "valueInteger": 1}]"#
    #expect(
      try check(
        question("a", "string", most),
        "⟦questionnaire-item⟧" + item("a", #""valueString": "x""#, #""valueString": "y""#)
      ).count == 1)
  }

  @Test func `an answer keeps its limits`() throws {
    func limit(_ name: String, _ value: String) -> String {
      #""extension": [{"url": "http://hl7.org/fhir/StructureDefinition/\#(name)", \#(value)}]"#
    }
    for (asked, bad) in [
      (question("a", "string", #""maxLength": 3"#), #""valueString": "four""#),
      (question("a", "string", limit("minLength", #""valueInteger": 5"#)), #""valueString": "four""#),
      (question("a", "integer", limit("minValue", #""valueInteger": 5"#)), #""valueInteger": 4"#),
      (
        question("a", "date", limit("maxValue", #""valueDate": "2020-01-01""#)), #""valueDate": "2020-01-02""#
      ),
      (question("a", "decimal", limit("maxDecimalPlaces", #""valueInteger": 1"#)), #""valueDecimal": 1.25"#),
    ] {
      #expect(try check(asked, item("a", "⟦questionnaire-answer⟧" + bad)).count == 1, "\(asked)")
    }
  }

  @Test func `a questionnaire that is not at hand is told, and no more`() throws {
    let issues = try findings(
      #"{"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "http://example.org/q"}"#
    )
    #expect(issues.map(\.rule.code) == ["questionnaire-unknown"])
    #expect(issues.map(\.severity) == [.information])
  }
}
