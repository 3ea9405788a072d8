/// The file that says what stands in an export's folder, in the form of a bulk-data manifest.
///
/// Of an export to single files it names folders. Bundles in what it names are resources (``InputManifests``).
/// See https://hl7.org/fhir/uv/bulkdata/export.html
struct ExportManifest {
  let transactionTime: String
  /// Resources by type.
  let counts: [String: Int]
  /// What those are called that do not say so themselves.
  let unnamed: UnnamedResources
  /// Where those of a type stand.
  let place: (_ type: String) -> String

  static let name = "manifest.json"

  func write(_ summary: ExportSummary, into file: OutputFile) throws {
    let output = counts.sorted { $0.key < $1.key }.map { type, count in
      JSONText.object(
        [("type", JSONText.quoted(type)), ("url", JSONText.quoted(place(type))), ("count", "\(count)")]
          + (unnamed.extensionJSON(ofType: type).map { [("extension", $0)] } ?? []))
    }
    try file.write(
      JSONText.object(
        [
          ("transactionTime", JSONText.quoted(transactionTime)),
          ("request", JSONText.quoted("fhirline export")),
          ("requiresAccessToken", "false"), ("output", JSONText.array(output)), ("error", "[]"),
        ] + ExportManifest.extensions(summary)) + "\n")
    try file.finish()
  }

  /// What could not be carried stands in the manifest, too: who gets the files did not see the run.
  private static func extensions(_ summary: ExportSummary) -> [(String, String)] {
    guard summary.noteCount > 0 else { return [] }
    let text = JSONText.object([("https://fhirline.dev/not-carried", summary.causesJSON)])
    return [("extension", text)]
  }
}
