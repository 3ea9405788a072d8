internal import FHIRModel

/// What a package says of itself in `package.json`, in the form of npm.
///
/// See https://hl7.org/fhir/packages.html
package struct PackageManifest: Hashable, Sendable {
  /// The package's id: `hl7.fhir.us.core`.
  package var name = ""
  package var version = ""
  /// The versions of FHIR it is written for: `4.0.1`.
  package var fhirVersions: [String] = []
  /// The packages it stands on, in the order of their names.
  package var dependencies: [PackageName] = []

  package init(name: String = "", version: String = "") {
    self.name = name
    self.version = version
  }

  init(_ root: NamedElement) {
    name = root.string("name") ?? ""
    version = root.string("version") ?? ""
    // Older packages write `fhir-version-list`.
    fhirVersions = root.strings("fhirVersions") + root.strings("fhir-version-list")
    dependencies = (root.child("dependencies")?.children ?? []).map {
      PackageName(name: $0.name, version: $0.text)
    }.sorted { $0.description < $1.description }
  }

  /// `hl7.fhir.us.core#3.1.1`.
  package var label: String { version.isEmpty ? name : "\(name)#\(version)" }

  /// Whether it is written for R4; one that does not say so may be.
  package var isForR4: Bool {
    fhirVersions.isEmpty || fhirVersions.contains { $0 == "4.0" || $0.hasPrefix("4.0.") }
  }
}

/// A package's id with the version asked for: `hl7.fhir.us.core#3.1.1`, `hl7.fhir.us.core@3.1.1`, or the id alone.
package struct PackageName: Hashable, Sendable, CustomStringConvertible {
  package let name: String
  /// nil is the latest at hand.
  package let version: String?

  package init(name: String, version: String?) {
    self.name = name
    self.version = version.flatMap { $0.isEmpty || $0 == "latest" ? nil : $0 }
  }

  /// nil for what is no package's name: its letters are those of npm's names, so that it can be no path.
  package init?(_ text: String) {
    let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "#" || $0 == "@" }
    self.init(name: String(parts[0]), version: parts.count > 1 ? String(parts[1]) : nil)
    guard isSafe, name.contains(".") || version != nil else { return nil }
  }

  /// Whether name and version can be parts of a folder's name.
  var isSafe: Bool { Self.isSafe(name) && (version.map(Self.isSafe) ?? true) }

  private static func isSafe(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix(".") && text.utf8.count <= 200
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "+"):
          true
        default: false
        }
      }
  }

  package var description: String { version.map { "\(name)#\($0)" } ?? name }
}

/// The order of versions: `3.1.1` before `3.10.0`, `1.0.0-ballot` before `1.0.0`.
///
/// See https://semver.org/#spec-item-11
struct VersionOrder: Comparable {
  private let numbers: [Substring]
  private let label: String

  init(_ version: String) {
    let release = version.prefix { $0 != "+" }
    numbers = release.prefix { $0 != "-" }.split(separator: ".", omittingEmptySubsequences: false)
    label = String(release.drop { $0 != "-" })
  }

  static func < (a: VersionOrder, b: VersionOrder) -> Bool {
    for index in 0..<max(a.numbers.count, b.numbers.count) {
      let (x, y) = (
        index < a.numbers.count ? a.numbers[index] : "0", index < b.numbers.count ? b.numbers[index] : "0"
      )
      if x == y { continue }
      // What is no number (a date's parts are) stands before what is one.
      switch (Int(x), Int(y)) {
      case (let x?, let y?): if x != y { return x < y }
      case (nil, _?): return true
      case (_?, nil): return false
      case (nil, nil): return x < y
      }
    }
    if a.label == b.label { return false }
    if a.label.isEmpty || b.label.isEmpty { return b.label.isEmpty }
    return a.label < b.label
  }

  static func == (a: VersionOrder, b: VersionOrder) -> Bool { !(a < b) && !(b < a) }
}
