package import FHIRFormats
import FHIRModel
import Foundation

/// Converts a file to a file, or a folder's files into a folder.
package struct ConvertBatch: Sendable {
  /// nil: told by the name of the output.
  package var format: Format?
  package var pretty: Bool
  package var reading = ReadOptions()

  package init(format: Format?, pretty: Bool) {
    self.format = format
    self.pretty = pretty
  }

  package struct Report: Sendable {
    package var findings = ConvertFindings()
    package var line = ""

    package var exitStatus: ExitStatus { findings.hasErrors ? .findings : .done }
  }

  /// - Parameter say: takes a line about files of a folder that are left out.
  package func run(_ input: String, to output: String, say: @escaping (String) -> Void = { _ in }) throws
    -> Report
  {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: input, isDirectory: &isFolder)
    var jobs: [(file: InputFile, path: String, format: Format)] = []
    let files = try InputFile.find([input], say: say)
    if isThere && isFolder.boolValue {
      guard output != "-" else {
        throw PipelineFailure(.usage, "a folder is converted into a folder: name one as OUT")
      }
      guard let format else {
        throw PipelineFailure(.usage, "--format json, xml or ndjson says what the folder's files become")
      }
      let prefix = input.hasSuffix("/") ? input : input + "/"
      var taken: Set<String> = []
      for file in files {
        let relative = String((file.path ?? "").dropFirst(prefix.count))
        // a.json and a.xml of one folder: neither may take the other's place.
        var name = ConvertBatch.renamed(relative, to: format)
        if taken.contains(name) { name = relative + "." + format.rawValue }
        while !taken.insert(name).inserted { name = "_" + name }
        jobs.append((file, output + "/" + name, format))
      }
    } else {
      guard let format = format ?? Path.format(of: output) else {
        throw PipelineFailure(
          .usage, "\(output): this name tells no format; end it in .json, .xml or .ndjson, or use --format")
      }
      guard files.count == 1 else {
        throw PipelineFailure(.usage, "\(input): several files match; convert takes one file, or a folder")
      }
      jobs.append((files[0], output, format))
    }
    var report = Report()
    var resources = 0
    var bytes = 0
    for job in jobs {
      try InputFile.keep([job.file], from: job.path)
      let folder = Path.folder(of: job.path)
      if job.path != "-" && !folder.isEmpty {
        let isWithin = isThere && isFolder.boolValue && folder.hasPrefix(output + "/")
        try OutputFile.makeFolder(isWithin ? output : folder)
        if isWithin { try OutputFile.makeFolder(String(folder.dropFirst(output.count)), within: output) }
      }
      var run = ConvertRun(format: job.format)
      run.pretty = pretty
      run.reading = reading
      let result: ConvertRun.Report
      do {
        result = try run.run(job.file, to: job.path)
      } catch let failure as PipelineFailure where failure.code == .input && jobs.count > 1 {
        // One file that breaks off does not hold up the others.
        report.findings.add(failure: failure.message)
        continue
      }
      resources += result.resources
      bytes += result.bytes
      report.findings.add(result.findings)
    }
    report.line =
      "\(Amount.of(jobs.count, "file")), \(Amount.of(resources, "resource")), \(Amount.bytes(bytes)) written"
    return report
  }

  private static func renamed(_ path: String, to format: Format) -> String {
    var stem = Path.unzipped(path)
    if let suffix = Path.formats.map(\.suffix).first(where: stem.lowercased().hasSuffix) {
      stem.removeLast(suffix.count)
    }
    return stem + "." + format.rawValue
  }
}
