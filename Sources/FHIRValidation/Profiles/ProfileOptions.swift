/// What the user asked of the checks against profiles and extensions' definitions.
package struct ProfileOptions: Sendable, Hashable {
  /// Whether profiles and extensions' definitions are looked at at all.
  package var areChecked = true
  /// Profiles that every root resource must meet, by canonical URL.
  package var rootProfiles: [String] = []
  /// Whether profiles that a resource claims in `meta.profile` are checked.
  package var followsMeta = true
  package var unknownExtensions: UnknownExtensions = .inform
  /// What becomes of a value that must meet a profile which no package at hand defines.
  package var unknownProfiles: UnknownProfiles = .warn
  /// Whether the absence of must-support elements is told.
  package var tellsMustSupport = false

  package init() {}

  package enum UnknownProfiles: String, Sendable, CaseIterable {
    case warn, error
  }

  /// What becomes of an extension that no package at hand defines.
  ///
  /// Those of example.org and the like are always allowed; those below `http://hl7.org/fhir/StructureDefinition/` are
  /// errors unless all are allowed, since R4's own definitions are always at hand.
  package enum UnknownExtensions: String, Sendable, CaseIterable {
    case allow, inform, warn, error
  }
}
