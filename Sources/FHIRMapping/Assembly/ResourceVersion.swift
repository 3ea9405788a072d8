import BSON
import FHIRModel

/// Which of two versions of a resource is the older: by `meta.lastUpdated`, then by `meta.versionId`.
///
/// See http://hl7.org/fhir/R4/resource.html#Meta
package struct ResourceVersion: Sendable {
  private let updated: InstantKey?
  /// `meta.versionId`
  package let id: String?

  /// - Parameter bytes: the resource as it stands in a document.
  package init(of bytes: UnsafeRawBufferPointer) {
    let meta = try? BSONView(bytes).find("meta")?.document
    updated = (try? meta?.find("lastUpdated"))?.text.flatMap(InstantKey.init)
    id = (try? meta?.find("versionId"))?.text
  }

  package init(lastUpdated: String?, versionId: String?) {
    updated = lastUpdated.flatMap(InstantKey.init)
    id = versionId
  }

  /// Whether a version is told to be older than another. Where they do not tell, it is not.
  package func isOlder(than other: ResourceVersion) -> Bool {
    if let x = updated, let y = other.updated, x != y { return x < y }
    if let x = number, let y = other.number { return x < y }
    return false
  }

  /// Which of several versions counts, in the order in which they came: the last of those than which none is told to be newer.
  package static func counting<Versions: BidirectionalCollection<ResourceVersion>>(of versions: Versions)
    -> Versions.Index
  {
    let latest = versions.lazy.compactMap(\.updated).max()
    // Only of the newest, or of those that tell no time, numbers are compared.
    let highest = versions.lazy.compactMap { $0.updated == latest || $0.updated == nil ? $0.number : nil }
      .max()
    let highestOfAll = versions.lazy.compactMap(\.number).max()
    let counts = versions.lastIndex { version in
      if let updated = version.updated, let latest, updated < latest { return false }
      guard let number = version.number else { return true }
      return number == (version.updated == nil ? highestOfAll : highest)
    }
    // None, where times and numbers contradict each other.
    return counts ?? versions.index(before: versions.endIndex)
  }

  private var number: Int? { id.flatMap { Int($0) } }

  static func isOlder(_ a: UnsafeRawBufferPointer, than b: UnsafeRawBufferPointer) -> Bool {
    let first = ResourceVersion(of: a)
    return first.isSaid && first.isOlder(than: ResourceVersion(of: b))
  }

  /// Whether a resource tells its version at all.
  package var isSaid: Bool { updated != nil || id != nil }
}

/// An instant that can be compared whatever its zone: seconds and the fraction's digits.
///
/// See http://hl7.org/fhir/R4/datatypes.html#instant
package struct InstantKey: Comparable, Sendable {
  let seconds: Int
  /// Digits of the fraction without trailing zeros.
  let fraction: String

  /// nil unless the text is a date, a time with seconds, and a zone.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ from: Int, _ count: Int) -> Int? {
      guard from + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[from..<from + count] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      (1...12).contains(month)
    else { return nil }
    var i = 19
    var digits = ""
    if bytes[i] == UInt8(ascii: ".") {
      i += 1
      while i < bytes.count, (0x30...0x39).contains(bytes[i]) {
        digits.unicodeScalars.append(Unicode.Scalar(bytes[i]))
        i += 1
      }
    }
    guard i < bytes.count else { return nil }
    var offset = 0
    if bytes[i] == UInt8(ascii: "+") || bytes[i] == UInt8(ascii: "-") {
      guard let hours = number(i + 1, 2), let minutes = number(i + 4, 2) else { return nil }
      offset = (hours * 60 + minutes) * 60
      if bytes[i] == UInt8(ascii: "-") { offset = -offset }
    } else if bytes[i] != UInt8(ascii: "Z") {
      return nil
    }
    seconds =
      CalendarDay.number(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
      - offset
    while digits.hasSuffix("0") { digits.removeLast() }
    fraction = digits
  }

  package static func < (a: InstantKey, b: InstantKey) -> Bool {
    (a.seconds, a.fraction) < (b.seconds, b.fraction)
  }
}
