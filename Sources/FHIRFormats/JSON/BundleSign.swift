import FHIRModel

/// Whether a JSON object is a Bundle, told before all of it is there.
enum BundleSign {
  case bundle
  case other
  /// More bytes are needed.
  case unknown

  /// Looks through the members of the object that begins at `start`.
  ///
  /// `resourceType` decides. Where `entry` comes before it, the first entry does: besides a Bundle only a List has
  /// `entry`, and a List's must have `item`, which a Bundle's never has
  /// (https://hl7.org/fhir/R4/list.html). So no Bundle need be held whole to find out what it is.
  static func look(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool) -> BundleSign
  {
    var i = start + 1
    while true {
      i = JSONSkip.blanks(bytes, from: i)
      if i >= end { return .unknown }
      if bytes[i] == JSONByte.comma {
        i += 1
        continue
      }
      guard bytes[i] == JSONByte.quote else { return .other }
      let keyStart = i + 1
      i = JSONSkip.string(bytes, from: keyStart, to: end, linewise: linewise)
      if i < 0 { return .unknown }
      let key = UnsafeBufferPointer(start: bytes + keyStart, count: i - 1 - keyStart)
      i = JSONSkip.blanks(bytes, from: i)
      if i >= end { return .unknown }
      guard bytes[i] == JSONByte.colon else { return .other }
      i = JSONSkip.blanks(bytes, from: i + 1)
      if i >= end { return .unknown }
      if key.reads("resourceType") {
        let close = JSONSkip.value(bytes, from: i, to: end, linewise: linewise)
        if close < 0 { return .unknown }
        return UnsafeBufferPointer(start: bytes + i, count: close - i).reads("\"Bundle\"") ? .bundle : .other
      }
      if key.reads("entry"), bytes[i] == JSONByte.openArray {
        let sign = firstEntry(bytes, from: i + 1, to: end, linewise: linewise)
        if sign != .other { return sign }
      }
      let close = JSONSkip.value(bytes, from: i, to: end, linewise: linewise)
      if close < 0 { return .unknown }
      if close == i { return .other }
      i = close
    }
  }

  /// Whether the first of the entries is a Bundle's; `.other` where its members do not tell.
  private static func firstEntry(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool)
    -> BundleSign
  {
    var i = JSONSkip.blanks(bytes, from: start)
    if i >= end { return .unknown }
    guard bytes[i] == JSONByte.openObject else { return .other }
    i += 1
    while true {
      i = JSONSkip.blanks(bytes, from: i)
      if i >= end { return .unknown }
      if bytes[i] == JSONByte.comma {
        i += 1
        continue
      }
      guard bytes[i] == JSONByte.quote else { return .other }
      let keyStart = i + 1
      i = JSONSkip.string(bytes, from: keyStart, to: end, linewise: linewise)
      if i < 0 { return .unknown }
      let key = UnsafeBufferPointer(start: bytes + keyStart, count: i - 1 - keyStart)
      if bundleKeys.contains(where: { key.reads($0) }) { return .bundle }
      if listKeys.contains(where: { key.reads($0) }) { return .other }
      i = JSONSkip.blanks(bytes, from: i)
      if i >= end { return .unknown }
      guard bytes[i] == JSONByte.colon else { return .other }
      i = JSONSkip.blanks(bytes, from: i + 1)
      if i >= end { return .unknown }
      let close = JSONSkip.value(bytes, from: i, to: end, linewise: linewise)
      if close < 0 { return .unknown }
      if close == i { return .other }
      i = close
    }
  }

  /// Members of a Bundle's entry that a List's has not, and the reverse.
  private static let bundleKeys: [StaticString] = [
    "fullUrl", "resource", "search", "request", "response", "link",
  ]
  private static let listKeys: [StaticString] = ["item", "flag", "deleted", "date"]
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether these are the bytes of a text.
  fileprivate func reads(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
    return memoryEqual(baseAddress, text.utf8Start, count)
  }
}
