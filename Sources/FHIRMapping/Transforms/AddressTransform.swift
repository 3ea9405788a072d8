import BSON

/// An Address as lines joined by line breaks: its lines; "City, State PostalCode"; the country.
///
/// Written, lines are taken apart again, military ones (APO, FPO, DPO with AA, AE, AP) and addresses on one line
/// included; where the parts would not say exactly what stands in the field, its lines are kept as lines.
struct AddressTransform: FieldTransform {
  static let name = "address"
  static let types = ["Address"]
  private static let militaryCities: Set<String> = ["APO", "FPO", "DPO"]
  private static let militaryStates: Set<String> = ["AA", "AE", "AP"]
  /// Postal codes of the states and territories of the US: what may stand before a ZIP code without a comma.
  private static let states = Set(
    """
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI
    """.split(whereSeparator: \.isWhitespace).map(String.init))
  private static let parts = ["text", "line", "city", "district", "state", "postalCode", "country"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? {
    let lines = AddressTransform.lines(of: element)
    if !lines.isEmpty { return .string(lines.joined(separator: "\n")) }
    return element["text"]?.trimmedText.map { .string($0) }
  }

  private static func lines(of address: BSONValue) -> [String] {
    var lines = (address["line"]?.listItems ?? []).compactMap(\.trimmedText)
    let region = [address["state"]?.trimmedText, address["postalCode"]?.trimmedText].compactMap { $0 }
      .joined(separator: " ")
    let isMilitary =
      militaryCities.contains(address["city"]?.trimmedText ?? "")
      && militaryStates.contains(address["state"]?.trimmedText ?? "")
    let place = [address["city"]?.trimmedText, region.isEmpty ? nil : region].compactMap { $0 }
      .joined(separator: isMilitary ? " " : ", ")
    if !place.isEmpty { lines.append(place) }
    if let country = address["country"]?.trimmedText { lines.append(country) }
    return lines
  }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? {
    guard let text = value.text else { return nil }
    if let element, read(element) == value { return element }
    let before = element?.fields ?? [:]
    var fields = before
    let hadText = fields["text"] != nil
    for part in AddressTransform.parts {
      fields[part] = nil
      fields["_" + part] = nil
    }
    var parsed = AddressTransform.parse(text)
    if AddressTransform.lines(of: .document(parsed)).joined(separator: "\n") != text {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
      parsed = ["line": .array(lines.map { .string($0) })]
    }
    if hadText || AddressTransform.lines(of: .document(parsed)).joined(separator: "\n") != text {
      parsed["text"] = .string(text)
    }
    let rest = fields.fields
    let front = rest.filter { ["id", "_id", "extension", "use", "_use", "type", "_type"].contains($0.key) }
    let back = rest.filter { field in !front.contains { $0.key == field.key } }
    // A district says more about a city that stays, and extensions about any part that does.
    if parsed["city"] != nil, parsed["city"] == before["city"], parsed["state"] == before["state"] {
      parsed["district"] = before["district"]
    }
    let ordered = AddressTransform.parts.flatMap { name -> [BSONFields.Field] in
      guard let part = parsed[name] else { return [] }
      let about = part == before[name] ? before["_" + name].map { BSONFields.Field("_" + name, $0) } : nil
      return [BSONFields.Field(name, part)] + (about.map { [$0] } ?? [])
    }
    return .document(BSONFields(front + ordered + back))
  }

  /// Takes the lines of an address apart.
  private static func parse(_ text: String) -> BSONFields {
    var lines = text.pieces { $0 == UInt8(ascii: "\n") }.map(trimmed).filter { !$0.isEmpty }
    if lines.count == 1, let only = lines.first { lines = parseOneLine(only) }
    var fields = BSONFields()
    var country: String?
    if lines.count > 1, let last = lines.last, place(last) == nil, place(lines[lines.count - 2]) != nil {
      country = last
      lines.removeLast()
    }
    if let last = lines.last, let place = place(last) {
      lines.removeLast()
      if !lines.isEmpty { fields["line"] = .array(lines.map { .string($0) }) }
      fields["city"] = .string(place.city)
      fields["state"] = .string(place.state)
      if let code = place.postalCode { fields["postalCode"] = .string(code) }
      if let country { fields["country"] = .string(country) }
    } else {
      fields["line"] = .array((lines + (country.map { [$0] } ?? [])).map { .string($0) })
    }
    return fields
  }

  /// "1 Main St, Springfield, IL 62701" and "PSC 3 Box 4120, APO AE 09021" as lines, with or without a country.
  private static func parseOneLine(_ text: String) -> [String] {
    let pieces = text.pieces { $0 == UInt8(ascii: ",") }.map(trimmed).filter { !$0.isEmpty }
    guard pieces.count >= 2 else { return [text] }
    for countries in [0, 1] {
      let rest = Array(pieces.dropLast(countries))
      let country = pieces.suffix(countries)
      if let last = country.last, last.hasNumber { continue }
      for count in [2, 1] where rest.count > count {
        let tail = rest.suffix(count).joined(separator: ", ")
        if place(tail) != nil { return [rest.dropLast(count).joined(separator: ", "), tail] + country }
      }
    }
    return [text]
  }

  /// "City, ST 12345", "City, State", "City ST 12345", "APO AE 09021".
  private static func place(_ line: String) -> (city: String, state: String, postalCode: String?)? {
    if let place = placeWithoutComma(line) { return place }
    let pieces = line.pieces { $0 == UInt8(ascii: ",") }.map(trimmed)
    guard pieces.count == 2, !pieces[0].isEmpty, !pieces[0].hasNumber else { return nil }
    var region = pieces[1].pieces { $0 == UInt8(ascii: " ") }
    guard let last = region.last else { return nil }
    var code: String?
    if isPostalCode(last) {
      code = last
      region.removeLast()
    }
    let state = region.joined(separator: " ")
    guard !state.isEmpty, !state.hasNumber, code != nil || state.count == 2 else {
      return nil
    }
    return (pieces[0], state, code)
  }

  /// A place that ends with the code of a US state or of a military region, and a ZIP code.
  private static func placeWithoutComma(
    _ line: String
  ) -> (city: String, state: String, postalCode: String?)? {
    let words = line.pieces { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
    guard words.count >= 3, let code = words.last, isPostalCode(code) else { return nil }
    let state = words[words.count - 2]
    let city = words.dropLast(2).joined(separator: " ")
    if militaryCities.contains(city.uppercased()), militaryStates.contains(state.uppercased()) {
      return (city.uppercased(), state.uppercased(), code)
    }
    guard !line.utf8.contains(UInt8(ascii: ",")), states.contains(state), !city.hasNumber else { return nil }
    return (city, state, code)
  }

  private static func isPostalCode(_ word: String) -> Bool {
    let digits = word.utf8.filter { $0 &- 0x30 <= 9 }.count
    return digits >= 3 && digits + (word.contains("-") ? 1 : 0) == word.utf8.count
  }

  private static func trimmed(_ text: String) -> String { BSONValue.string(text).trimmedText ?? "" }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    if case .null = stored { return .absent }
    guard case .string(let text) = stored else { return .refused("expected an address") }
    let lines = text.split(whereSeparator: \.isNewline).map { AddressTransform.trimmed(String($0)) }.filter {
      !$0.isEmpty
    }
    guard !lines.isEmpty else { return .absent }
    let whole = lines.joined(separator: "\n")
    // As import writes it, where its parts are known.
    let parts = AddressTransform.parse(whole)
    let written = AddressTransform.lines(of: .document(parts)).joined(separator: "\n")
    let isKnown = parts["city"] != nil && AddressTransform.parse(written) == parts
    return .value(.string(isKnown ? written : whole))
  }
}
