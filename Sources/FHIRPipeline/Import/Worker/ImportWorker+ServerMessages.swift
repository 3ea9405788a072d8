import FHIRFormats
import FHIRModel

/// What a server has to say of what it gives: OperationOutcomes in files that the manifest of a bulk export calls so, and in entries of a
/// search's results. They are no data of anybody's.
///
/// See https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status, http://hl7.org/fhir/R4/bundle.html#searchset
extension ImportWorker {
  func isServerMessage(_ record: Record, of file: Int) -> Bool {
    guard case .serverMessages = context.files[file].contents, record.tree.count > 0 else { return false }
    return record.tree.rawText(0).elementsEqual("OperationOutcome".utf8)
  }

  /// Counts its issues by their severity.
  ///
  /// - Parameter node: the OperationOutcome.
  func countServerMessage(_ record: Record, at node: Int = 0) {
    guard pass.counts else { return }
    let tree = record.tree
    for issue in tree.children(of: node) where tree.nodes[issue].name == KnownNames.r4.issue {
      switch tree.child(KnownNames.r4.severity, of: issue).map({ tree.string(at: $0) }) {
      case "warning": summary.serverMessages.warnings += 1
      case "information": summary.serverMessages.information += 1
      default: summary.serverMessages.errors += 1
      }
    }
  }
}

extension Record {
  /// Whether it is an entry of a search's results that says something of the search.
  var isSearchMessage: Bool {
    let names = KnownNames.r4
    guard case .entry = content, let search = tree.child(names.search, of: 0),
      let mode = tree.child(names.mode, of: search), tree.string(at: mode) == "outcome",
      let resource = tree.child(names.resource, of: 0)
    else { return false }
    return tree.rawText(resource).elementsEqual("OperationOutcome".utf8)
  }
}
