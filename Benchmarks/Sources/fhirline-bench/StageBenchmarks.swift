import Foundation

/// Reading, validation and mapping, each within one process, without a database.
struct StageBenchmarks {
  let program: Program
  /// A FHIR package to validate against, if one was named.
  var package: String?

  /// Figures of the stages over one kind of inputs.
  func section(_ title: String, _ inputs: [Input]) throws -> Section {
    var section = Section(
      title: "\(title): \(inputs.count) files, \(Table.number(Double(inputs.size) / 1e6, 1)) MB")
    var stages: [(stage: String, name: String, workers: [Int], package: String?)] = [
      ("bytes", "reading the bytes alone", [1], nil), ("read", "read", [1, 2], nil),
      ("structure", "read, validate structure and codes", [1], nil),
      ("validate", "read, validate", [1, 2], nil),
      ("documents", "read, validate, map", [1, 2], nil),
    ]
    if let package { stages.insert(("validate", "read, validate with the package", [1], package), at: 4) }
    for (stage, name, workers, package) in stages {
      var rows = try workers.map { try row(stage, name, workers: $0, inputs, package) }
      // One after the other again, so that a neighbour on this machine hits both alike.
      for (index, count) in workers.enumerated() {
        let again = try row(stage, name, workers: count, inputs, package)
        if again.best < rows[index].best { rows[index] = again }
      }
      section.rows += rows
    }
    return section
  }

  private func row(
    _ stage: String, _ name: String, workers: Int, _ inputs: [Input], _ package: String?
  ) throws -> Row {
    let run = try program.run(
      ["measure", stage, "--json", "--workers", "\(workers)", "--seconds", "0.6"]
        + (package.map { ["--package", $0] } ?? []) + inputs.paths)
    let figures = try JSONDecoder().decode(StageFigures.self, from: Data(run.output.utf8))
    return Row(
      name: name, workers: workers, bytes: figures.bytes,
      resources: figures.resources > 0 ? figures.resources : nil,
      best: figures.best, median: figures.median, processor: figures.processor, peakMemory: figures.peakMemory
    )
  }

  /// Milliseconds for one small resource, with the package loaded.
  func startWithPackage(_ temporary: String) throws -> Double {
    let path = temporary + "/one.json"
    try Data(#"{"resourceType":"Basic","code":{"text":"one"}}"#.utf8).write(to: URL(filePath: path))
    let arguments = ["validate", "--quiet", path] + (package.map { ["--package", $0] } ?? [])
    return try (0..<5).map { _ in try program.run(arguments).seconds }.best * 1000
  }

  /// Milliseconds from start to end of `fhirline --version`.
  func start() throws -> Double {
    try (0..<20).map { _ in try program.run(["--version"]).seconds }.best * 1000
  }
}
