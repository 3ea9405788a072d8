import FHIRDefinitions
import Foundation

/// The table of cases of the public repository, `validator/manifest.json`, in the forms that it has had: a list of cases with
/// their names, or an object of cases by the names of their files; what HL7's validator finds as an OperationOutcome in a
/// file or in place, or as a number of errors.
enum ValidatorManifest {
  static func cases(_ manifest: Data, _ folder: URL) throws -> [ValidatorCase] {
    let object = try JSONSerialization.jsonObject(with: manifest) as? [String: Any]
    var entries: [(name: String, content: [String: Any])] = []
    if let list = object?["test-cases"] as? [[String: Any]] {
      entries = list.compactMap { test in (test["name"] as? String).map { ($0, test) } }
    } else if let byFile = object?["test-cases"] as? [String: [String: Any]] {
      entries = byFile.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    return entries.flatMap { cases($0.name, $0.content, folder) }
  }

  /// The runs that a case stands for; none where it is for another version of FHIR, or needs what is not at hand.
  private static func cases(_ name: String, _ test: [String: Any], _ folder: URL) -> [ValidatorCase] {
    guard let version = test["version"] as? String, version.hasPrefix("4.0"),
      test["use-test"] as? Bool != false
    else { return [] }
    let outcomes = folder.appending(path: "outcomes")
    let file = folder.appending(path: test["file"] as? String ?? name)
    let group = "module \(test["module"] as? String ?? "general")"
    let domains =
      (test["allowed-extension-domains"] as? [String] ?? [])
      + [test["allowed-extension-domain"] as? String].compactMap { $0 }
    func urls(_ owner: [String: Any]) -> [URL] {
      let paths = (owner["supporting"] as? [String] ?? []) + (owner["profiles"] as? [String] ?? [])
      return paths.map { folder.appending(path: $0) }
    }
    func packages(_ owner: [String: Any]) -> [String] { owner["packages"] as? [String] ?? [] }
    func isAtHand(_ packages: [String]) -> Bool {
      packages.isEmpty || (try? PackageResolution(packages, cache: ValidatorWorld.cache)) != nil
    }

    guard isAtHand(packages(test)) else { return [] }
    var cases: [ValidatorCase] = []
    // A case with a logical model is for other formats than FHIR's.
    if test["logical"] == nil,
      let expected = ValidatorCase.Expectation(manifest: test["java"], outcomes: outcomes)
    {
      cases.append(
        ValidatorCase(
          name: name, kind: "base", group: group, file: file, supporting: urls(test), profile: nil,
          expected: expected, packages: packages(test), extensionDomains: domains))
    }
    if let profile = test["profile"] as? [String: Any], let source = profile["source"] as? String,
      isAtHand(packages(profile)),
      let expected = ValidatorCase.Expectation(manifest: profile["java"], outcomes: outcomes)
    {
      cases.append(
        ValidatorCase(
          name: name, kind: "profile", group: group, file: file, supporting: urls(test) + urls(profile),
          profile: folder.appending(path: source), expected: expected,
          packages: packages(test) + packages(profile), extensionDomains: domains))
    }
    return cases
  }
}
