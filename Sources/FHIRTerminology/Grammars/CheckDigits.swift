/// Codes and identifiers that bear a check digit: most mistyped ones can be told without a list.
package enum CheckDigits {
  /// LOINC: digits, a hyphen, and their check digit, modulus 10; or a part, answer, list or group (`LP…`, `LA…`, `LL…`,
  /// `LG…`), of which only the form is looked at.
  ///
  /// See LOINC Users' Guide, appendix C.
  package static func isLOINC(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var digits = text[...]
    let isPrefixed =
      text.count > 2 && text[0] == UInt8(ascii: "L")
      && [UInt8(ascii: "P"), UInt8(ascii: "A"), UInt8(ascii: "L"), UInt8(ascii: "G")].contains(text[1])
    if isPrefixed { digits = digits.dropFirst(2) }
    guard digits.count >= 3, digits.count <= 12, digits[digits.endIndex - 2] == UInt8(ascii: "-"),
      let check = digits.last, isDigit(check), digits.dropLast(2).allSatisfy(isDigit)
    else { return false }
    return isPrefixed || (luhnSum(digits.dropLast(2), doublesLast: true) + Int(check &- 0x30)) % 10 == 0
  }

  /// The US national provider identifier: ten digits, the last the check digit of the others after `80840`.
  ///
  /// See 45 CFR 162.406 and ISO/IEC 7812-1, annex B.
  package static func isNPI(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count == 10, text.allSatisfy(isDigit), text[0] == 0x31 || text[0] == 0x32 else { return false }
    // 24 is what the digits 80840 add.
    return (luhnSum(text[...], doublesLast: false) + 24) % 10 == 0
  }

  /// The sum of digits of which every second, counted from the right, is doubled (and 9 taken from what exceeds it).
  private static func luhnSum(_ digits: Slice<UnsafeBufferPointer<UInt8>>, doublesLast: Bool) -> Int {
    var doubles = doublesLast
    var sum = 0
    for byte in digits.reversed() {
      let digit = Int(byte &- 0x30) * (doubles ? 2 : 1)
      sum += digit > 9 ? digit - 9 : digit
      doubles.toggle()
    }
    return sum
  }

  /// SNOMED CT: a concept's identifier of 6 to 18 digits whose last is its check digit. An expression may be right too.
  ///
  /// See SNOMED CT Release File Specifications, 5.4 and 5.5 (partition and check digit), 9 for expressions.
  package static func isSNOMED(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first else { return false }
    guard text.allSatisfy(isDigit) else {
      let marks: Set<UInt8> = [
        UInt8(ascii: ":"), UInt8(ascii: "+"), UInt8(ascii: "|"), UInt8(ascii: "="), UInt8(ascii: "{"),
      ]
      return (isDigit(first) || [UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: "(")].contains(first))
        && text.contains(where: marks.contains)
    }
    // The two digits before the last say what is identified: 00 and 10 are concepts.
    guard (6...18).contains(text.count), first != 0x30, text[text.count - 2] == 0x30,
      text[text.count - 3] == 0x30 || text[text.count - 3] == 0x31
    else { return false }
    return verhoeff(text) == 0
  }

  /// Verhoeff's check over the dihedral group of ten elements; 0 for a number that ends with its check digit.
  private static func verhoeff(_ digits: UnsafeBufferPointer<UInt8>) -> Int {
    var check = 0
    for (position, byte) in digits.reversed().enumerated() {
      check = product(check, permutations[position % 8][Int(byte &- 0x30)])
    }
    return check
  }

  /// Rotations are 0 to 4, reflections 5 to 9.
  private static func product(_ a: Int, _ b: Int) -> Int {
    switch (a < 5, b < 5) {
    case (true, true): (a + b) % 5
    case (true, false): 5 + (a + b - 5) % 5
    case (false, true): 5 + (a - 5 - b + 5) % 5
    case (false, false): (a - b + 5) % 5
    }
  }

  private static let permutations: [[Int]] = {
    let first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    var all = [Array(0...9)]
    for _ in 1..<8 { all.append((all.last ?? []).map { first[$0] }) }
    return all
  }()
}
