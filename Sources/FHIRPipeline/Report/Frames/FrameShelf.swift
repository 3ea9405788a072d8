import FHIRModel

/// The frames of some findings, read file by file.
struct FrameShelf {
  private var frames: [Int: [SourcePosition: CodeFrame]] = [:]

  init(_ findings: some Sequence<Finding>, _ context: ReportContext) {
    var places: [Int: Set<SourcePosition>] = [:]
    for finding in findings {
      if let position = finding.issue.position { places[finding.input, default: []].insert(position) }
    }
    for (input, wanted) in places {
      frames[input] = SourceFrames.read(
        context.files[input], at: wanted, showValues: context.options.showValues)
    }
  }

  func frame(_ finding: Finding) -> CodeFrame? {
    finding.issue.position.flatMap { frames[finding.input]?[$0] }
  }

  /// The frame as a terminal shows it; empty where there is none.
  func lines(_ finding: Finding, colours: Bool) -> String { frame(finding)?.lines(colours: colours) ?? "" }
}
