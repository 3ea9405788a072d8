/// The program's version, as `--version` and reports tell it.
package enum ProgramVersion {
  package static let current = "0.1.0"
}
