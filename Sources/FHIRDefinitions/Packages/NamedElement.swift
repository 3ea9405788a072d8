import Foundation

struct NamedElement {
  let d: [String: Any]
  init?(_ bytes: [UInt8]) {
    guard let j = try? JSONSerialization.jsonObject(with: Data(bytes)), let d = j as? [String: Any] else {
      return nil
    }
    self.d = d
  }
  init(d: [String: Any]) { self.d = d }
  var name = ""
  var text = ""
  init?(file: PackageArchive.File, package: String) throws(DefinitionError) {
    self.init(file.bytes)
  }
  var children: [NamedElement] {
    d.map {
      var e = NamedElement(d: $1 as? [String: Any] ?? [:])
      e.name = $0
      e.text = $1 as? String ?? "\($1 as? Bool ?? false)"
      return e
    }
  }
  var resourceType: String { d["resourceType"] as? String ?? "" }
  func children(_ n: String) -> [NamedElement] {
    if let a = d[n] as? [[String: Any]] { return a.map { NamedElement(d: $0) } }
    if let a = d[n] as? [String: Any] { return [NamedElement(d: a)] }
    return []
  }
  func child(_ n: String) -> NamedElement? { children(n).first }
  func strings(_ n: String) -> [String] {
    if let s = d[n] as? [String] { return s }
    return string(n).map { [$0] } ?? []
  }
  func string(_ n: String) -> String? {
    if let s = d[n] as? String { return s }
    if let s = d[n] as? NSNumber { return "\(s)" }
    return nil
  }
  func boolean(_ n: String) -> Bool { d[n] as? Bool ?? false }
}
