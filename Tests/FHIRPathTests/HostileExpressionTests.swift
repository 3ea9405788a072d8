import Testing

@testable import FHIRPath

/// No expression and no data may crash the engine, or make it run for long.
@Suite struct HostileExpressionTests {
  private static let seeds = [
    "name.where(use = 'official').given.first() & ' ' & name[0].family",
    "(1 | 2.50 | 'a').combine(@2015-02-04).distinct()",
    "iif(active, 4 'mg' + 3.0 'g', -5 days)", "descendants().where($this is code or value > 1).count() mod 7",
    "birthDate + 3 months <= today() and @T14:30 != timeOfDay()",
    "name.aggregate($total + given.count(), 0) div 2",
    "'a1b2'.replaceMatches('([a-z])(\\\\d{1,3})', '$2$1').substring(1, 2).upper()",
    "telecom.sort(-rank, value).repeat(children())",
    "extension('http://example.org/weight').value.ofType(Quantity) ~ 70 'kg'",
    "%resource.name.all(given.exists() implies use in ('usual' | 'official'))",
    "9223372036854775807.power(3).toString().toInteger() xor true",
    "1.50.lowBoundary(3) | @2015.highBoundary(17) | 0.1.exp().round(3)",
    "'4 \\'wk\\''.toQuantity('d').convertsToString().not()",
    "'x'.encode('base64').decode('hex').toChars().join('-')",
  ]

  /// A generator that gives the same numbers every time.
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  @Test func `damaged expressions give errors or results`() throws {
    let subject = try Subject(Subject.patient)
    var numbers = Numbers()
    let pieces = [
      "(", ")", ".", "'", "-", "1", "0", "99999999999999999999", "|", " is ", "@", "T", "%", "$this", "{}",
      "[", "]", "~", "'a'", ".not()", "\\", "`", "2147483647", ".power(", " and ",
    ]
    var evaluated = 0
    for round in 0..<3_000 {
      var text = Array(Self.seeds[round % Self.seeds.count].unicodeScalars)
      for _ in 0..<Int.random(in: 0...3, using: &numbers) {
        let place = Int.random(in: 0..<text.count, using: &numbers)
        let end = min(text.count, place + Int.random(in: 0...4, using: &numbers))
        text.replaceSubrange(
          place..<end,
          with: Bool.random(using: &numbers)
            ? Array(pieces.randomElement(using: &numbers)?.unicodeScalars ?? "".unicodeScalars) : [])
        if text.isEmpty { text = ["1"] }
      }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: text)
      if (try? subject.values(String(view))) != nil { evaluated += 1 }
    }
    #expect(evaluated > 300)
  }

  @Test func `expressions as deep as they may be do not exhaust the stack`() throws {
    let subject = try Subject(Subject.patient)
    let deep = "name" + String(repeating: ".where(true)", count: 120)
    #expect(try subject.values(deep + ".count()") == ["2"])
    let nested = (0..<45).reduce("$this") { text, _ in
      "iif(true, name.select(given).select(%resource).first().iif(true, \(text)))"
    }
    _ = try? subject.values(nested)
    #expect(
      try subject.values(String(repeating: "(", count: 40) + "1" + String(repeating: ")", count: 40)) == ["1"]
    )
    #expect(try subject.values(String(repeating: "-", count: 90) + "1") == ["1"])
  }

  @Test(arguments: [
    "(-9223372036854775807 - 1).abs()", "-(0 - 9223372036854775807 - 1)", "10.power(38) * 10.power(38)",
    "10.0.power(37) / 0.0000001",
    "'99999999999999999999999999999999999999999'.toDecimal()", "(10.power(18) * 9) * 5", "1.0.power(1000000)",
    "0.1.power(500)",
    "1 'kg' * 10.0.power(37)", "@2015 + 1000000.0.power(4) seconds", "1e5", "'a'.substring(2147483647)",
    "name.skip(2147483647).count()", "name[2147483647]",
    "1.round(2147483647)", "1.5.lowBoundary(2147483647)", "(2147483647 * 2147483647 * 2147483647)",
    "1.0 div 0.0000000000000000000000000000000000001",
  ])
  func `numbers beyond all bounds overflow to nothing`(_ text: String) throws {
    _ = try? Subject(Subject.patient).values(text)
  }

  @Test func `collections of ten thousand take no longer than they must`() throws {
    let items = (0..<10_000).map { #"{"linkId":"l\#($0)","type":"display","text":"t"}"# }.joined(
      separator: ",")
    let subject = try Subject(#"{"resourceType":"Questionnaire","status":"draft","item":[\#(items)]}"#)
    let expected = [
      ("descendants().linkId.isDistinct()", "true"),
      ("item.distinct().count()", "10000"),
      ("(item | item).count()", "10000"),
      ("item.linkId.intersect(item.linkId).count()", "10000"),
      ("item.exclude(item).count()", "0"),
      ("item.linkId.subsetOf(descendants().linkId)", "true"),
      ("repeat(item).count()", "10000"),
      ("item.linkId ~ item.linkId", "true"),
    ]
    let started = ContinuousClock.now
    for (text, result) in expected { #expect(try subject.values(text) == [result]) }
    let taken = ContinuousClock.now - started
    // Quadratic work would take many minutes.
    #expect(taken < .seconds(120))
  }

  @Test func `collections that are the same for every item are gathered once`() throws {
    let contained = (0..<3_000).map { ##"{"resourceType":"Basic","id":"c\##($0)"}"## }.joined(separator: ",")
    let references = (0..<3_000).map { ##"{"reference":"#c\##($0)"}"## }.joined(separator: ",")
    let subject = try Subject(
      #"{"resourceType":"Patient","contained":[\#(contained)],"generalPractitioner":[\#(references)]}"#)
    let started = ContinuousClock.now
    // dom-3, but for its last part; one contained resource after the other is looked for among all references.
    let text = "contained.where(('#' + id in %resource.descendants().reference).not()).count()"
    #expect(try subject.values(text) == ["0"])
    #expect(
      try subject.values("contained.where(%resource.descendants().reference contains '#' + id).id.count()")
        == ["3000"])
    #expect(ContinuousClock.now - started < .seconds(120))
    // What is not the same for every item is not.
    #expect(try Subject.values("('a' | 'b').where($this in ($this | 'c')).count()") == ["2"])
    #expect(try Subject.values("('a' | 'b').select(('a' | $this).count())") == ["1", "2"])
  }
}
