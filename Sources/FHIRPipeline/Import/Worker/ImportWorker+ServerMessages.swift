import FHIRFormats
import FHIRModel

/// What a server has to say of a bulk export: OperationOutcomes in files that the manifest calls so. They are no data of anybody's.
///
/// See https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status
extension ImportWorker {
  func isServerMessage(_ record: Record, of file: Int) -> Bool {
    guard case .serverMessages = context.files[file].contents, record.tree.count > 0 else { return false }
    return record.tree.rawText(0).elementsEqual("OperationOutcome".utf8)
  }

  /// Counts its issues by their severity.
  func countServerMessage(_ record: Record) {
    guard pass.counts else { return }
    let tree = record.tree
    for issue in tree.children(of: 0) where tree.nodes[issue].name == KnownNames.r4.issue {
      switch tree.child(KnownNames.r4.severity, of: issue).map({ tree.string(at: $0) }) {
      case "warning": summary.serverMessages.warnings += 1
      case "information": summary.serverMessages.information += 1
      default: summary.serverMessages.errors += 1
      }
    }
  }
}
