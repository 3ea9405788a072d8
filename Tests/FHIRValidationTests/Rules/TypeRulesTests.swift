import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Rules of single types` {
  @Test func `an attachment's size is that of its data`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", "photo": [
        {"contentType": "image/png", "data": "AAAA", "size": 3}, {"contentType": "image/png", "data": "AAA=", "size": 2},
        {"contentType": "image/png", "data": "AAAA", ⟦attachment-size⟧"size": 4},
        {"contentType": "image/png", "url": "http://example.org/x", "size": 400}]}
      """#)
    #expect(issues.map(\.expression) == ["Patient.photo[2]"])
  }

  @Test func `what enables a question`() throws {
    func item(_ id: String, _ question: String, _ inside: String = "") -> String {
      #"""
      {"linkId": "\#(id)", "type": "group", "enableWhen": [
        {\#(question), "operator": "exists", "answerBoolean": true}], "item": [
        {"linkId": "\#(id).1", "type": "string"}]}
      """#
    }
    let issues = try expectMarked(
      #"""
      {"resourceType": "Questionnaire", "status": "draft", "item": [
      \#(item("a", #""question": "b.1""#)), \#(item("b", #"⟦enable-when⟧"question": "b.1""#)),
      \#(item("c", #"⟦enable-when⟧"question": "c""#)), \#(item("d", #"⟦enable-when⟧"question": "x""#))]}
      """#)
    #expect(issues.map(\.expression) == (1...3).map { "Questionnaire.item[\($0)]" })
  }

  @Test func `an image in a narrative may be a contained resource`() throws {
    try expectMarked(
      ##"""
      {"resourceType": "Patient", "contained": [{"resourceType": "Binary", "id": "b", "contentType": "image/png"}],
       "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"#b\"/></div>"}}
      """##)
  }

  @Test func `a period whose order cannot be told is not in order`() throws {
    let text =
      #"""
      {"resourceType": "Patient", "name": [{"text": "x",
       ⟦per-1⟧"period": {"start": "2023-06-21", "end": "2023-06-21T06:20:00Z"}}]}
      """#
    try expectMarked(text)
    try expectMarked(text.replacing("06-21T06", with: "05-21T06"))
  }
}
