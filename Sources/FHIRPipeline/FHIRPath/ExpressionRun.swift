package import FHIRDefinitions
package import FHIRFormats
import FHIRModel
import FHIRPath

/// The work of `fhirline fhirpath`: evaluates an expression against every resource of the inputs.
package struct ExpressionRun {
  package enum Format: String, CaseIterable, Sendable {
    case text, json
  }

  package var format = Format.text
  package var reading = ReadOptions()
  /// Told what `trace()` says.
  package var showsTraces = true
  /// The profiles and value sets that the expression may ask about.
  package var definitions = ConformanceStore.core

  private let text: String
  private let expression: Expression

  /// What a run did.
  package struct Tally: Sendable {
    package var resources = 0
    package var results = 0
    /// Resources for which the expression has no answer, as they are not what it takes.
    package var failures = 0
    package var unreadable = 0

    package var exitStatus: ExitStatus { failures + unreadable > 0 ? .findings : .done }

    /// One line for people.
    package var line: String {
      var line = "\(Amount.of(results, "result")) from \(Amount.of(resources, "resource"))"
      if failures > 0 { line += "; \(Amount.of(failures, "resource")) with an error" }
      if unreadable > 0 { line += "; \(Amount.of(unreadable, "resource")) could not be read" }
      return line
    }
  }

  /// Reads the expression; a mistake in it is a failure that shows its place.
  package init(_ text: String) throws {
    self.text = text
    do throws(FHIRPathError) {
      expression = try Expression(parsing: text)
    } catch {
      throw ExpressionRun.failure(error, in: text)
    }
  }

  static func failure(_ error: FHIRPathError, in text: String) -> PipelineFailure {
    PipelineFailure(.usage, "the expression cannot be used: \(error.message)\n" + frame(error, in: text))
  }

  /// The line of the expression that an error is in, with a caret below the place.
  static func frame(_ error: FHIRPathError, in text: String) -> String {
    var line: [Unicode.Scalar] = []
    var column = 0
    for (index, scalar) in text.unicodeScalars.enumerated() {
      if scalar == "\n" {
        if index + 1 >= error.column { break }
        line = []
        column = index + 1
      } else {
        line.append(scalar == "\t" || scalar == "\r" ? " " : scalar)
      }
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: line)
    let indent = max(0, min(error.column - 1 - column, line.count))
    return "  " + FindingText.printable(String(view)) + "\n  " + String(repeating: " ", count: indent) + "^"
  }

  /// Evaluates the expression and writes the results as they come.
  ///
  /// Without inputs it is evaluated once, without a context.
  package func run(_ files: [InputFile], write: @escaping (String) -> Void) throws -> Tally {
    var output = ExpressionOutput(format: format, expression: text, write: write)
    var evaluation = ExpressionEvaluation(text, table: .r4, definitions: definitions)
    if showsTraces { evaluation.references.trace = { Terminal.say($0) } }
    output.begin()
    if files.isEmpty {
      output.add(try evaluation.evaluate(nil, in: nil), source: nil)
    }
    // What a reference leads to, and what a Bundle is as a whole, only the whole Bundle tells.
    var reading = reading
    reading.splitBundles = !expression.uses(function: "resolve") && expression.root != "Bundle"
    for file in files {
      do {
        let reader = try file.open(options: reading)
        while let record = try reader.next() {
          try add(record, of: file, to: &output, &evaluation)
          try Terminal.checkReader()
        }
      } catch let failure as ReadFailure {
        throw PipelineFailure(.input, "\(file.name): \(failure.message)")
      }
    }
    output.end()
    try evaluation.checkWasOfUse(root: expression.root)
    return output.tally
  }

  private func add(
    _ record: Record, of file: InputFile, to output: inout ExpressionOutput,
    _ evaluation: inout ExpressionEvaluation
  ) throws {
    if record.content == .unreadable {
      output.addUnreadable(record, source: file.name)
      return
    }
    for node in resources(of: record) {
      output.add(try evaluation.evaluate(record.tree, in: node), source: file.name)
    }
  }

  /// The nodes that the expression is about: the record's resource, or those of a whole Bundle's entries.
  private func resources(of record: Record) -> [Int] {
    let tree = record.tree
    let names = KnownNames.r4
    switch record.content {
    case .bundle, .unreadable: return []
    case .entry: return tree.child(names.resource, of: 0).map { [$0] } ?? []
    case .resource:
      guard expression.root != "Bundle", !reading.splitBundles || expression.uses(function: "resolve"),
        tree.rawText(0).elementsEqual("Bundle".utf8), let entry = DefinitionTable.r4.nameID("entry")
      else { return [0] }
      return tree.children(of: 0).filter { tree.nodes[$0].name == entry }
        .compactMap { tree.child(names.resource, of: $0) }
    }
  }
}
