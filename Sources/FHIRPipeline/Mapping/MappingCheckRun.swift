import FHIRMapping

/// The work of `fhirline mapping check`.
package struct MappingCheckRun {
  /// Mistakes and doubts, a line each, in the order of the files.
  package let lines: [String]
  package let errorCount: Int
  package let summary: String

  package init(_ files: MappingFiles) {
    let check = MappingCheck(files: files.files, isWhole: files.isWhole)
    var findings = check.findings
    let hasErrors = findings.contains { !$0.isWarning }
    // A file alone is tried with the built-in mappings of the other documents.
    if !hasErrors, let mappings = check.mappings ?? MappingCheckRun.completed(files, &findings) {
      findings += MappingProbe(mappings).findings.filter { finding in
        files.files.contains { $0.name == finding.error.file }
      }
    }
    findings += files.unread.map { name in
      MappingCheck.Finding(
        MappingError(
          .missingFile, "this file is read by nobody: a document's mapping has its name, such as patient.yml",
          file: name), isWarning: true)
    }
    let order = files.files.map(\.name)
    findings.sort { a, b in
      (order.firstIndex(of: a.error.file) ?? order.count, a.error.line, a.error.column)
        < (order.firstIndex(of: b.error.file) ?? order.count, b.error.line, b.error.column)
    }
    lines = findings.map(\.description)
    errorCount = findings.count { !$0.isWarning }
    let warnings = findings.count - errorCount
    let fields = check.plans.reduce(0) { $0 + $1.fieldNames.count }
    summary =
      "\(Amount.of(files.files.count, "mapping file")), \(Amount.of(fields, "field")): "
      + "\(Amount.of(errorCount, "error")), \(Amount.of(warnings, "warning"))"
  }

  private static func completed(
    _ files: MappingFiles, _ findings: inout [MappingCheck.Finding]
  ) -> MappingSet? {
    guard !files.isWhole else { return nil }
    let own = MappingCheck(files: files.files, isWhole: false).plans.map(\.kind)
    let others = MappingSet.builtInFiles.filter { file in
      !own.contains { file.name.hasSuffix("/\($0.rawValue).yml") }
    }
    do {
      return try MappingSet(files: files.files + others)
    } catch {
      findings.append(MappingCheck.Finding(error))
      return nil
    }
  }
}
