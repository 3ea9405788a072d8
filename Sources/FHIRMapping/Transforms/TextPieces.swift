extension String {
  /// Its pieces between characters of ASCII, empty ones left out; of ASCII alone without a look at Unicode's tables.
  func pieces(between isSeparator: (UInt8) -> Bool) -> [String] {
    // A line feed behind a carriage return is one character with it.
    guard utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0D }) else {
      return split { $0.utf8.count == 1 && isSeparator($0.utf8.first ?? 0) }.map(String.init)
    }
    return utf8.split(whereSeparator: isSeparator).map { String(Substring($0)) }
  }

  /// Whether a digit or another number is in it.
  var hasNumber: Bool {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.contains { $0 &- 0x30 <= 9 } : contains(where: \.isNumber)
  }
}
