import FHIRFormats
import FHIRModel
import Testing

@testable import FHIRPipeline

/// A finding's line is shown with the place marked, and nothing of a patient unless asked for.
@Suite struct SourceFramesTests {
  @Test func `of JSON the keys stand, and dots stand for values`() throws {
    let text = #"""
      {"resourceType":"Patient","id":"p-1",
        "active": true, "multipleBirthInteger": -2, "deceasedBoolean": null,
        "name": [{ "family" : "O\"Hara: x", "given": ["Anna", "given"] }]
      }
      """#
    #expect(try frame(text, 1, 1) == [#"{"resourceType":"Patient","id":"•••","#, "^"])
    #expect(
      try frame(text, 2, 3) == [
        #"  "active": ••••, "multipleBirthInteger": ••, "deceasedBoolean": null,"#, "  ^~~~~~~~",
      ])
    #expect(
      try frame(text, 3, 25) == [
        #"  "name": [{ "family" : "••••••••••", "given": ["••••", "•••••"] }]"#,
        "                        ^~~~~~~~~~~~",
      ])
    #expect(
      try frame(text, 3, 25, showValues: true)?[0]
        == #"  "name": [{ "family" : "O\"Hara: x", "given": ["Anna", "given"] }]"#)
    #expect(try frame(text, 5, 1) == nil)
  }

  @Test func `broken JSON shows no values either`() throws {
    #expect(try frame(#"{"family": "Miller, "given": "Anna"}"#, 1, 2)?[0].contains("Miller") == false)
    #expect(
      try frame(#"{"family": Miller, 'given': 'Anna'}"#, 1, 2)?[0] == #"{"family": ••••••, •••••••: ••••••}"#)
    // No name of an element has a space in it.
    #expect(try frame(#"{"Anna Miller": 1}"#, 1, 2)?[0] == #"{"•••••••••••": •}"#)
    #expect(try frame(#"["Anna": 1]"#, 1, 2)?[0] == #"["••••": •]"#)
  }

  @Test func `of XML tags and attributes' names stand, whatever line a value began on`() throws {
    let text = """
      <?xml version="1.0"?>
      <Patient xmlns="http://hl7.org/fhir"><!-- Anna <b> -->
        <id value='p>1'/><text><div xmlns="http://www.w3.org/1999/xhtml">Anna <b
         class="x">Miller</b>
          was here</div><![CDATA[<Anna>
         x]]></text>
      </Patient>
      """
    #expect(try frame(text, 2, 1)?[0] == #"<Patient xmlns="http://hl7.org/fhir"><!-- •••• ••• ••>"#)
    #expect(
      try frame(text, 3, 3) == [
        #"  <id value='•••'/><text><div xmlns="http://www.w3.org/1999/xhtml">•••• <b"#, "  ^~~",
      ])
    #expect(try frame(text, 4, 4)?[0] == #"   class="•">••••••</b>"#)
    #expect(try frame(text, 5, 5)?[0] == "    ••• ••••</div><![CDATA[••••••")
    #expect(try frame(text, 6, 4)?[0] == "   •••></text>")
  }

  @Test func `a long line is cut around the place`() throws {
    let items = (0..<20_000).map { #"{"given":["N\#($0)"]}"# }.joined(separator: ",")
    let text = #"{"resourceType":"Patient","name":[\#(items)],"birthDate":"1990-02-30"}"#
    let column = text.unicodeScalars.count - 24
    let end = try #require(try frame(text, 1, column))
    #expect(end[0].hasPrefix("… ") && end[0].hasSuffix(#","birthDate":"••••••••••"}"#))
    #expect(end[0].unicodeScalars.count <= 104)
    #expect(marked(end) == #""birthDate""#)
    let start = try #require(try frame(text, 1, 28))
    #expect(
      start[0].hasPrefix(#"{"resourceType":"Patient","name":[{"given":["••"]}"#) && start[0].hasSuffix(" …"))
    #expect(marked(start)?.first == "n")
  }

  @Test func `many places of one long line come from one pass`() throws {
    var text = #"{"resourceType":"Patient","name":["#
    var places: Set<SourcePosition> = []
    for _ in 0..<2000 {
      places.insert(SourcePosition(line: 1, column: text.unicodeScalars.count + 2))
      text += #"{"family":"Ünïcøde"},"#
    }
    text += "{}]}"
    let frames = try SourceFrames.read(MemorySource(text), name: "a.json", at: places, showValues: false)
    #expect(frames.count == 2000)
    #expect(frames.allSatisfy { marked([$1.text, mark($1)]) == #""family""# })
  }

  @Test(arguments: [false, true])
  func `places far from each other in one long line are shown as each alone`(isXML: Bool) throws {
    func item(_ number: Int) -> String {
      isXML ? #"<name><family value="N, \#(number)"/></name>"# : #"{"family":"N, \#(number)"},"#
    }
    var text = isXML ? "<Patient>" : #"{"resourceType":"Patient","name":["#
    var places: Set<SourcePosition> = []
    for number in 0..<9000 {
      if number % 3000 == 1500 {
        places.insert(SourcePosition(line: 1, column: text.unicodeScalars.count + (isXML ? 7 : 2)))
      }
      text += item(number)
    }
    let frames = try SourceFrames.read(MemorySource(text), name: "a", at: places, showValues: false)
    #expect(frames.count == 3)
    for (place, shown) in frames {
      #expect(try frame(text, 1, place.column) == [shown.text, mark(shown)])
      #expect(marked([shown.text, mark(shown)]) == (isXML ? "<family" : #""family""#))
    }
  }

  @Test func `columns count scalars, and the caret stands under them`() throws {
    let text = #"{"a":"日本","birthDate":"x"}"#
    // Each of the two takes two columns of a terminal.
    #expect(try frame(text, 1, 11, showValues: true) == [text, "            ^~~~~~~~~~~"])
    #expect(try frame(text, 1, 11) == [#"{"a":"••","birthDate":"•"}"#, "          ^~~~~~~~~~~"])
  }

  @Test func `what would command a terminal is shown as a replacement`() throws {
    let text = "{\"\u{1B}[2J\":\"\u{1B}\u{202E}\"}\r\n"
    let shown = try #require(try frame(text, 1, 2, showValues: true))
    #expect(shown[0] == "{\"\u{FFFD}[2J\":\"\u{FFFD}\u{FFFD}\"}")
  }

  @Test func `a byte order mark is no column`() throws {
    #expect(try frame("\u{FEFF}{\"id\":1}", 1, 2) == [#"{"id":•}"#, " ^~~~"])
  }

  private func frame(_ text: String, _ line: Int, _ column: Int, showValues: Bool = false) throws -> [String]?
  {
    let place = SourcePosition(line: line, column: column)
    let frames = try SourceFrames.read(
      MemorySource(text), name: "a.json", at: [place], showValues: showValues)
    return frames[place].map { [$0.text, mark($0)] }
  }

  private func mark(_ frame: CodeFrame) -> String {
    String(repeating: " ", count: frame.indent) + "^" + String(repeating: "~", count: frame.width - 1)
  }

  /// What the caret and its tail stand under.
  private func marked(_ frame: [String]) -> String? {
    let start = frame[1].prefix { $0 == " " }.count
    return String(frame[0].dropFirst(start).prefix(frame[1].count - start))
  }
}
