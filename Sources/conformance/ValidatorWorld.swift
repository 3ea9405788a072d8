import FHIRFormats
import FHIRModel
import FHIRValidation
import Foundation

/// What a validator knows: the core, and what a case brings along.
struct ValidatorWorld {
  private let validator: Validator

  init() { validator = Validator() }

  /// All that reading and validating finds.
  func findings(_ bytes: Data, name: String) -> [FHIRModel.Issue] {
    var issues: [FHIRModel.Issue] = []
    do {
      let reader = try ResourceReader(source: MemorySource([UInt8](bytes)), name: name)
      var scope = BundleScope()
      while let record = try reader.next() {
        issues += record.issues
        if record.content == .unreadable {
          scope.noteUnreadable()
        } else if let members = validator.validate(record.tree, into: &issues, scope: &scope) {
          scope.close(members, with: validator, into: &issues)
        }
      }
    } catch {
      issues.append(FHIRModel.Issue(.fatal, .inputUnreadable, at: "", position: nil, error.message))
    }
    return issues
  }
}
