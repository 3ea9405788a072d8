import FHIRDefinitions
import FHIRFormats
import FHIRModel
import FHIRValidation
import Foundation

/// What a validator knows: the core, and what a case brings along.
struct ValidatorWorld {
  private let validator: Validator
  private var reading = ReadOptions()
  /// What could not be loaded.
  private(set) var troubles: [String] = []

  init() { validator = Validator() }

  init(_ test: ValidatorCase) {
    let profile = test.profile
    let paths = (test.supporting + [profile].compactMap { $0 }).map(\.path)
    var packages: [ConformancePackage] = []
    if !test.packages.isEmpty {
      do {
        packages = try PackageResolution(test.packages, cache: Self.cache).packages
      } catch {
        troubles.append("\(error)")
      }
    }
    for path in paths {
      do {
        packages.append(try ConformancePackage(path: path))
      } catch {
        // A supporting file may be an instance, such as the questionnaire of a response.
        troubles.append("\(path): \(error)")
      }
    }
    let definitions = ConformanceStore(packages: packages)
    var options = ValidationOptions()
    // As HL7's validator runs these cases.
    options.profiles.unknownProfiles = .error
    options.profiles.unknownExtensions = test.extensionDomains.isEmpty ? .error : .allow
    if profile != nil, let last = packages.last {
      options.profiles.rootProfiles = last.urls(.structureDefinition)
      // A profile of Bundles asks for all of their entries at once.
      for url in options.profiles.rootProfiles where definitions.structureDefinition(url)?.type == "Bundle" {
        reading.splitBundles = false
      }
    }
    validator = Validator(definitions: definitions, options: options)
  }

  /// The folder in which HL7's tools keep packages.
  static let cache = PackageCache.default(home: ProcessInfo.processInfo.environment["HOME"] ?? "")

  /// All that reading and validating finds.
  func findings(_ bytes: Data, name: String) -> [FHIRModel.Issue] {
    var issues: [FHIRModel.Issue] = []
    do {
      let reader = try ResourceReader(source: MemorySource([UInt8](bytes)), name: name, options: reading)
      var scope = BundleScope()
      // As HL7's validator has a Bundle, whole: what references lead to is looked at.
      var held: [Record] = []
      func check(_ record: Record, among bundle: BundledResources?) {
        if let members = validator.validate(record.tree, into: &issues, scope: &scope, among: bundle) {
          scope.close(members, with: validator, into: &issues)
        }
      }
      while let record = try reader.next() {
        issues += record.issues
        switch record.content {
        case .unreadable: scope.noteUnreadable()
        case .entry: held.append(record)
        case .resource: check(record, among: nil)
        case .bundle:
          let bundle = BundledResources(entries: held.map(\.tree))
          for entry in held { check(entry, among: bundle) }
          held = []
          check(record, among: nil)
        }
      }
      for entry in held { check(entry, among: nil) }
    } catch {
      issues.append(FHIRModel.Issue(.fatal, .inputUnreadable, at: "", position: nil, error.message))
    }
    return issues
  }
}
