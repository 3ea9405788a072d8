import FHIRModel

extension DateText {
  /// A text of a date as people and programs write it, where it can mean but one: 2000/12/31, 20001231, 31 Dec 2000,
  /// 12/31/2000, 2000-12-31 10:00 +0200. What may be a day or a month is none.
  init?(drift text: String) {
    guard let text = DateText.written(drift: text) else { return nil }
    self.init(text)
  }

  /// The same as FHIR writes it, but for seconds and a zone that it may lack.
  static func written(drift text: String) -> String? {
    if let date = DateText(text) {
      // Databases write a blank where FHIR wants a T.
      return date.precision == .time ? text.replacing(" ", with: "T", maxReplacements: 1) : text
    }
    let (day, rest) = parts(text)
    guard let day = DateText.day(day) else { return nil }
    guard !rest.isEmpty else { return day }
    guard let time = time(rest), DateText(day + "T" + time) != nil else { return nil }
    return day + "T" + time
  }

  /// The date, and what follows it.
  private static func parts(_ text: String) -> (day: String, time: String) {
    guard let colon = text.firstIndex(of: ":") else { return (text, "") }
    // The hour stands before the first colon, a blank or a T before the hour.
    guard let gap = text[..<colon].lastIndex(where: { $0 == " " || $0 == "T" }) else { return (text, "") }
    return (String(text[..<gap]), String(text[text.index(after: gap)...]))
  }

  /// Year, month and day as FHIR writes them.
  private static func day(_ text: String) -> String? {
    let words = text.split { " ,./-".contains($0) }.map(String.init)
    func number(_ word: String) -> Int? {
      word.utf8.allSatisfy { $0 &- 0x30 <= 9 } && word.utf8.count <= 4 ? Int(word) : nil
    }
    if words.count == 1, text.utf8.count == 8, text.utf8.allSatisfy({ $0 &- 0x30 <= 9 }) {
      let digits = Array(text)
      return written(Int(String(digits[0..<4])), Int(String(digits[4..<6])), Int(String(digits[6..<8])))
    }
    guard words.count == 3 else { return nil }
    if words[0].utf8.count == 4, let year = number(words[0]), let month = number(words[1]) ?? month(words[1])
    {
      return written(year, month, number(words[2]))
    }
    guard words[2].utf8.count == 4, let year = number(words[2]) else { return nil }
    if let month = month(words[0]) { return written(year, month, number(words[1])) }
    if let month = month(words[1]) { return written(year, month, number(words[0])) }
    guard let first = number(words[0]), let second = number(words[1]) else { return nil }
    if first == second || first <= 12 && second > 12 { return written(year, first, second) }
    return first > 12 && second <= 12 ? written(year, second, first) : nil
  }

  private static func written(_ year: Int?, _ month: Int?, _ day: Int?) -> String? {
    guard let year, let month, let day, (1800...2200).contains(year),
      let date = CalendarDay(year: year, month: month, day: day)
    else { return nil }
    return date.text
  }

  private static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
  ]

  private static func month(_ word: String) -> Int? {
    let word = word.lowercased()
    guard word.utf8.count >= 3 else { return nil }
    return months.firstIndex { $0.hasPrefix(word) || word == "sept" && $0 == "september" }.map { $0 + 1 }
  }

  /// A time of day as FHIR writes it: `10:00:00+02:00` of `10:00:00 +0200`, `9:05` and `10:00 UTC`.
  private static func time(_ text: String) -> String? {
    var text = text.filter { $0 != " " }
    for name in ["UTC", "GMT"] where text.hasSuffix(name) { text = text.dropLast(3) + "Z" }
    if text.firstIndex(of: ":").map({ text.distance(from: text.startIndex, to: $0) }) == 1 {
      text = "0" + text
    }
    if let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      let zone = text[text.index(after: sign)...]
      guard zone.utf8.allSatisfy({ $0 &- 0x30 <= 9 }) else { return text }
      switch zone.utf8.count {
      case 2: text += ":00"
      case 4: text.insert(":", at: text.index(text.endIndex, offsetBy: -2))
      default: return nil
      }
    }
    return text
  }
}
