/// A set of Unicode scalars, as a character class of a regular expression is.
struct ScalarSet: Sendable {
  /// The first 128, as bits.
  private var ascii: (UInt64, UInt64) = (0, 0)
  private var ranges: [ClosedRange<UInt32>] = []
  private var categories: Set<Unicode.GeneralCategory> = []
  /// Sets that count as a whole: inverted ones within a class.
  private var parts: [ScalarSet] = []
  private var isInverted = false

  init() {}

  init(_ scalar: Unicode.Scalar) { insert(scalar.value...scalar.value) }

  private init(_ ranges: [ClosedRange<UInt32>]) { for range in ranges { insert(range) } }

  static let everything = ScalarSet().inverted
  static let digits = ScalarSet([0x30...0x39])
  static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  static let space = ScalarSet([0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x2028...0x2029])

  /// The scalar, if the set was made of one.
  var only: Unicode.Scalar? {
    guard !isInverted, parts.isEmpty, categories.isEmpty, ranges.count == 1, ranges[0].count == 1 else {
      return nil
    }
    return Unicode.Scalar(ranges[0].lowerBound)
  }

  var inverted: ScalarSet {
    var copy = self
    copy.isInverted.toggle()
    return copy
  }

  mutating func insert(_ range: ClosedRange<UInt32>) {
    ranges.append(range)
    guard range.lowerBound < 128 else { return }
    for value in range.lowerBound...min(range.upperBound, 127) {
      if value < 64 { ascii.0 |= 1 << UInt64(value) } else { ascii.1 |= 1 << UInt64(value - 64) }
    }
  }

  mutating func formUnion(_ other: ScalarSet) {
    if other.isInverted || !other.parts.isEmpty || !other.categories.isEmpty {
      parts.append(other)
    } else {
      for range in other.ranges { insert(range) }
    }
  }

  /// With both cases of each letter.
  var ignoringCase: ScalarSet {
    var copy = self
    for range in ranges where range.count <= 0x400 {
      for value in range {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let both = scalar.properties.lowercaseMapping + scalar.properties.uppercaseMapping
        for other in both.unicodeScalars { copy.insert(other.value...other.value) }
      }
    }
    return copy
  }

  @inline(__always)
  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 128, parts.isEmpty, categories.isEmpty {
      let bit = value < 64 ? ascii.0 >> UInt64(value) : ascii.1 >> UInt64(value - 64)
      return (bit & 1 != 0) != isInverted
    }
    return containsSlowly(scalar) != isInverted
  }

  private func containsSlowly(_ scalar: Unicode.Scalar) -> Bool {
    ranges.contains { $0.contains(scalar.value) }
      || (!categories.isEmpty && categories.contains(scalar.properties.generalCategory))
      || parts.contains { $0.contains(scalar) }
  }

  /// The set of `\p{…}`: a general category, or a group of them by its first letter; or one of POSIX's names.
  init?(property: String) {
    switch property {
    case "Alpha", "Alphabetic", "IsAlphabetic": self.init([0x41...0x5A, 0x61...0x7A])
    case "Digit": self = ScalarSet.digits
    case "Alnum": self.init([0x30...0x39, 0x41...0x5A, 0x61...0x7A])
    case "Upper": self.init([0x41...0x5A])
    case "Lower": self.init([0x61...0x7A])
    case "Punct": self.init([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
    case "Space": self = ScalarSet.space
    case "ASCII": self.init([0...127])
    case "XDigit": self.init([0x30...0x39, 0x41...0x46, 0x61...0x66])
    default:
      let found = ScalarSet.names.filter {
        $0.key == property || (property.utf8.count == 1 && $0.key.hasPrefix(property))
      }
      guard !found.isEmpty else { return nil }
      self.init()
      categories = Set(found.values)
    }
  }

  private static let names: [String: Unicode.GeneralCategory] = [
    "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter,
    "Lo": .otherLetter, "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber,
    "Nl": .letterNumber, "No": .otherNumber, "Pc": .connectorPunctuation, "Pd": .dashPunctuation,
    "Ps": .openPunctuation, "Pe": .closePunctuation, "Pi": .initialPunctuation, "Pf": .finalPunctuation,
    "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol,
    "So": .otherSymbol, "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator,
    "Cc": .control, "Cf": .format, "Cs": .surrogate, "Co": .privateUse, "Cn": .unassigned,
  ]
}
