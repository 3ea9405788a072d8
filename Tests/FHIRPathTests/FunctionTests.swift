import Testing

@testable import FHIRPath

/// See https://hl7.org/fhirpath/N1/#functions
@Suite struct FunctionTests {
  private func check(_ text: String, _ expected: String) throws {
    let values = try Subject(Subject.patient).values(text)
    #expect(values.joined(separator: ",") == expected, "\(text)")
  }

  @Test(arguments: [
    ("name.exists()", "true"), ("name.exists(use = 'old')", "false"), ("{}.exists()", "false"),
    ("name.all(given.exists())", "true"), ("{}.all(false)", "true"), ("photo.empty()", "true"),
    ("(true | false).allTrue()", "false"), ("(true | false).anyTrue()", "true"), ("{}.allTrue()", "true"),
    ("(true | false).allFalse()", "false"), ("(true | false).anyFalse()", "true"), ("{}.anyFalse()", "false"),
    ("(1 | 2).subsetOf(1 | 2 | 3)", "true"), ("(1 | 2).supersetOf(1)", "true"),
    ("(1 | 4).subsetOf(1)", "false"),
    ("name.given.count()", "3"), ("1.combine(1).distinct()", "1"), ("1.combine(1.0).isDistinct()", "false"),
    ("name.isDistinct()", "true"), ("name.combine(name).distinct().count()", "2"),
  ])
  func `existence`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("name.where(use = 'usual').given", "A"), ("name.select(given.first())", "Ada,A"),
    ("name.where($index = 1).use", "usual"), ("telecom.where(rank > 1).value", "1"),
    ("(1 | 2 | 3).where($this > 1)", "2,3"), ("(1).repeat(iif($this < 5, $this + 1, {}))", "2,3,4,5"),
    ("repeat(children()).count() = descendants().distinct().count()", "true"),
    ("name.ofType(HumanName).count()", "2"), ("name.ofType(Period).count()", "0"),
  ])
  func `filtering and projection`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("name.given.first()", "Ada"), ("name.given.last()", "A"), ("name.given.tail()", "Bo,A"),
    ("name.given.skip(2)", "A"), ("name.given.skip(0 - 1).count()", "3"), ("name.given.take(2)", "Ada,Bo"),
    ("name.given.take(0)", ""), ("(1 | 2 | 3).intersect(3 | 2)", "2,3"), ("(1 | 2 | 3).exclude(2)", "1,3"),
    ("birthDate.single()", "1980-02-29"), ("photo.single()", ""), ("{}.first()", ""),
    ("1.combine(1).exclude(2).count()", "2"), ("(1 | 2).union(2 | 3)", "1,2,3"),
    ("(1 | 2).combine(2)", "1,2,2"),
  ])
  func `subsetting and combining`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("'1'.toInteger() + 1", "2"), ("'1.5'.toInteger()", ""), ("'+1'.toInteger()", "1"),
    ("true.toInteger()", "1"),
    ("'2147483648'.convertsToInteger()", "false"), ("'abc'.convertsToDecimal()", "false"),
    ("'1.50'.toDecimal()", "1.50"),
    ("'.5'.convertsToDecimal()", "false"), ("'Y'.toBoolean()", "true"), ("'0.0'.toBoolean()", "false"),
    ("2.convertsToBoolean()", "false"), ("1.0.toString()", "1.0"), ("@T10:30.toString()", "10:30"),
    ("1 'mg'.toString()", "1 'mg'"), ("'2015-02-04'.toDate() is Date", "true"),
    ("'2015-02-04T10:00Z'.toDate()", "2015-02-04"),
    ("@2015-02-04.toDateTime() is DateTime", "true"), ("'2015-13'.convertsToDate()", "false"),
    ("'T10:30'.toTime()", "10:30"), ("'10'.convertsToTime()", "true"),
    ("'5 days'.toQuantity() = 5 days", "true"),
    ("'5 \\'mg\\''.toQuantity()", "5 'mg'"), ("'5 mg'.convertsToQuantity()", "false"),
    ("5.toQuantity()", "5 '1'"),
    ("'1 \\'g\\''.toQuantity('mg')", "1000 'mg'"), ("1 'g'.convertsToQuantity('s')", "false"),
    ("iif(active, 'y', 'n')", "y"), ("iif({}, 'y')", ""), ("iif(false, 1 + 'a', 'n')", "n"),
    ("birthDate.toString()", "1980-02-29"),
    ("gender.toString()", "female"), ("name.first().convertsToString()", "false"),
    ("{}.convertsToString()", ""),
  ])
  func `conversion`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("'abcabc'.indexOf('ca')", "2"), ("'abc'.indexOf('')", "0"), ("'abcabc'.lastIndexOf('bc')", "4"),
    ("'a\u{1F600}b'.indexOf('b')", "2"),
    ("'h\u{e9}h\u{e9}'.lastIndexOf('h')", "2"), ("'abc'.substring(1)", "bc"), ("'abc'.substring(1, 1)", "b"),
    ("'abc'.substring(3)", ""), ("'abc'.substring(-1)", ""),
    ("'abc'.substring(1, 9)", "bc"), ("'abc'.startsWith('')", "true"), ("'abc'.endsWith('bc')", "true"),
    ("'abc'.contains('x')", "false"),
    ("'aB'.upper() & 'aB'.lower()", "ABab"), ("'aXbX'.replace('X', '-')", "a-b-"),
    ("'ab'.replace('', '.')", ".a.b."), ("'\u{1F600}'.length()", "1"),
    ("'ab'.toChars()", "a,b"), ("' a\t'.trim()", "a"), ("'a,b,,c'.split(',').count()", "4"),
    ("name.given.join('+')", "Ada+Bo+A"), ("('a' | 'b').join()", "ab"),
    ("'\u{e9}'.encode('hex')", "c3a9"), ("'c3a9'.decode('hex')", "\u{e9}"),
    ("'a?>'.encode('base64')", "YT8+"), ("'a?>'.encode('urlbase64')", "YT8-"),
    ("'YT8+'.decode('base64')", "a?>"), ("'YQ=='.decode('base64')", "a"), ("'%%'.decode('base64')", ""),
    ("'ff'.decode('hex')", ""),
    ("'<a & \"b\">'.escape('html')", "&lt;a &amp; &quot;b&quot;&gt;"),
    ("'&lt;&#65;&amp;'.unescape('html')", "<A&"), ("'a\"\\n'.escape('json')", "a\\\"\\n"),
    ("'a\\\\n\\\\u0041'.unescape('json')", "a\nA"), ("gender.length()", "6"),
    ("birthDate.substring(0, 4)", "1980"),
  ])
  func `texts`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("(0-5).abs()", "5"), ("(-5.5).abs()", "5.5"), ("1.1.ceiling()", "2"), ("(-1.1).ceiling()", "-1"),
    ("(-1.1).floor()", "-2"), ("(-1.9).truncate()", "-1"),
    ("2.5.round()", "3"), ("(-2.5).round()", "-3"), ("3.14159.round(2)", "3.14"), ("4.sqrt()", "2.0"),
    ("(0-1).sqrt()", ""), ("0.exp()", "1.0"), ("1.ln()", "0.0"), ("0.ln()", ""),
    ("1000.log(10)", "3.0"), ("8.log(2)", "3.0"), ("2.power(10)", "1024"), ("1.1.power(2)", "1.21"),
    ("2.power(0-1)", "0.5"), ("10.power(100)", ""), ("(1 | 2 | 3).sum()", "6"),
    ("(1 | 3).avg()", "2"), ("(3 | 1 | 2).min()", "1"), ("(3 | 1 | 2).max()", "3"), ("{}.max()", ""),
    ("1 'cm'.comparable(1 'm')", "true"), ("(-1 'mg').abs()", "1 'mg'"),
  ])
  func `math`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("(1 | 2 | 3).aggregate($this + $total, 0)", "6"), ("('a' | 'b').aggregate($total & $this)", "ab"),
    ("(3 | 1 | 2).sort()", "1,2,3"), ("(3 | 1 | 2).sort(-$this)", "3,2,1"),
    ("telecom.sort(rank).value", "x@y,1"),
    ("name.trace('n').count()", "2"), ("name.trace('n', given).count()", "2"),
    ("(1 | 2).aggregate($total.combine($this).combine((5 | 6).aggregate($this + $total, 0)))", "1,11,2,11"),
  ])
  func `aggregates and utilities`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    ("name.single()", 6), ("(1 | 2).toString()", 4), ("'a'.substring('b')", 15), ("name.given.upper()", 6),
    ("(1 | 2).iif(true, 1)", 4), ("('a' | true).allTrue()", 14), ("(1 | 'a').sort()", 11),
    ("1.5.round(0-1)", 5),
    ("name.given.matches('a')", 6),
  ])
  func `functions refuse what they do not take`(_ text: String, _ column: Int) {
    let error = Subject.error(text, on: Subject.patient)
    #expect(error?.code == .execution)
    #expect(error?.column == column, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("defineVariable('v', 5).select(%v + 1)", "6"),
    ("name.defineVariable('n').given.select(%n.count())", "2,2,2"),
    ("name.defineVariable('n', first()).select(%n.family)", "Li,Li"),
    ("name.defineVariable('n', $this.count() + 1).take(%n - 2).use", "official"),
    ("name.select(defineVariable('n', given).skip(%n.count() - 1).given)", "A"),
    ("name.select(defineVariable('g', given.first()).select(%g & '!'))", "Ada!,A!"),
    ("defineVariable('a', 'x').defineVariable('b', %a & 'y').select(%a | %b)", "x,xy"),
    ("(defineVariable('a', 1).select(%a)) | (defineVariable('a', 2).select(%a))", "1,2"),
    ("'aaa'.replace(defineVariable('p', 'a').select(%p), defineVariable('p', 'b').select(%p))", "bbb"),
    ("'aaa'.defineVariable('p', 'b').replace('a', %p)", "bbb"),
    ("name.defineVariable('n', 2).exists(given.count() = %n)", "true"),
    ("name.where(defineVariable('u', use).select(%u = 'usual')).given", "A"),
    ("defineVariable('n', Patient.name).select(%n.given.count())", "3"),
    ("defineVariable('e', {}).select(%e.exists())", "false"),
  ])
  func `variables`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test(arguments: [
    "defineVariable('v', 1).select(%w)", "defineVariable('context', 1)", "defineVariable('ucum')",
    "defineVariable('v', 1).defineVariable('v', 2)", "defineVariable('v', 1).select(defineVariable('v', 2))",
    "select(defineVariable('v', 1)).select(%v)", "defineVariable('v', 1) | %v", "defineVariable(name, 1)",
    "defineVariable('', 1)", "defineVariable('v', %v)", "name.where(defineVariable('v', 1).exists()) = %v",
  ])
  func `variables that are not there, or there already`(_ text: String) {
    #expect(Subject.error(text, on: Subject.patient) != nil)
  }

  @Test(arguments: [
    ("2147483647 + 1", ""), ("-2147483648", "-2147483648"), ("-2147483648 - 1", ""), ("65536 * 65536", ""),
    ("2.power(31)", ""), ("2147483647 + 1.0", "2147483648.0"),
  ])
  func `whole numbers have 32 bits`(_ text: String, _ expected: String) throws { try check(text, expected) }

  @Test func `a literal beyond 32 bits is an error`() {
    #expect(Subject.error("2147483648") != nil)
    #expect(Subject.error("-2147483649") != nil)
  }

  @Test func `type() tells the type of each item`() throws {
    try check("(name | telecom).type().name", "HumanName,HumanName,ContactPoint,ContactPoint")
    try check("(1 | 'a').type().namespace", "System,System")
    try check("{}.type().name", "")
  }
}
