package import FHIRMapping

extension MappingExplanation.Article {
  /// The article for a terminal: subjects in a column, sentences wrapped beside them.
  package func text(colours: Bool) -> String {
    let width = (paragraphs.map(\.subject.count).max() ?? 0) + 3
    var text = Terminal.styled(title, .bold, when: colours) + "\n"
    for paragraph in paragraphs {
      for (number, sentence) in paragraph.sentences.enumerated() {
        let subject = number == 0 ? paragraph.subject : ""
        let padded = "  " + subject + String(repeating: " ", count: width - subject.count)
        for (place, line) in ArticleText.wrapped(sentence, to: max(40, 106 - width)).enumerated() {
          let front =
            place > 0
            ? String(repeating: " ", count: padded.count + 2)
            : Terminal.styled(padded, .cyan, when: colours && number == 0)
          text += front + line + "\n"
        }
      }
    }
    return text
  }
}

private enum ArticleText {
  static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + word.count >= width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    return lines + [line]
  }
}
