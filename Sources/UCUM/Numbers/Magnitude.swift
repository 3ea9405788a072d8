/// A natural number of any size.
///
/// UCUM's factors need it: the mole is 6.0221367 × 10²³, [pi] has 65 digits, and prefixes span 10⁴⁸.
struct Magnitude: Hashable, Sendable {
  /// Little-endian, without zeros at the upper end; zero has none.
  private(set) var limbs: [UInt32]

  static let zero = Magnitude(limbs: [])
  static let one = Magnitude(1)

  init(_ value: UInt64) {
    self.init(limbs: [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)])
  }

  private init(limbs: [UInt32]) {
    self.limbs = limbs
    while self.limbs.last == 0 { self.limbs.removeLast() }
  }

  /// Ten to a power.
  static func power(of base: Magnitude, _ exponent: Int) -> Magnitude {
    var result = Magnitude.one
    var square = base
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      rest >>= 1
      if rest > 0 { square = square * square }
    }
    return result
  }

  var isZero: Bool { limbs.isEmpty }
  var isOne: Bool { limbs == [1] }
  var isEven: Bool { limbs.first.map { $0 & 1 == 0 } ?? true }

  var bitCount: Int {
    guard let last = limbs.last else { return 0 }
    return limbs.count * 32 - last.leadingZeroBitCount
  }

  /// The number as a Double, rounded.
  var approximation: Double { limbs.reversed().reduce(0) { $0 * 4_294_967_296 + Double($1) } }

  // MARK: Arithmetic

  static func + (a: Magnitude, b: Magnitude) -> Magnitude {
    let (long, short) = a.limbs.count >= b.limbs.count ? (a.limbs, b.limbs) : (b.limbs, a.limbs)
    var sum = [UInt32]()
    sum.reserveCapacity(long.count + 1)
    var carry: UInt64 = 0
    for i in long.indices {
      let digit = UInt64(long[i]) + (i < short.count ? UInt64(short[i]) : 0) + carry
      sum.append(UInt32(truncatingIfNeeded: digit))
      carry = digit >> 32
    }
    sum.append(UInt32(carry))
    return Magnitude(limbs: sum)
  }

  /// The difference; the second number is not the larger one.
  static func - (a: Magnitude, b: Magnitude) -> Magnitude {
    precondition(a >= b, "a natural number has no predecessor of zero")
    var difference = a.limbs
    var borrow: Int64 = 0
    for i in difference.indices {
      var digit = Int64(difference[i]) - borrow - (i < b.limbs.count ? Int64(b.limbs[i]) : 0)
      borrow = digit < 0 ? 1 : 0
      if digit < 0 { digit += 1 << 32 }
      difference[i] = UInt32(digit)
    }
    return Magnitude(limbs: difference)
  }

  static func * (a: Magnitude, b: Magnitude) -> Magnitude {
    if a.isOne { return b }
    if b.isOne { return a }
    var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
    for i in a.limbs.indices {
      var carry: UInt64 = 0
      for j in b.limbs.indices {
        let digit = UInt64(a.limbs[i]) * UInt64(b.limbs[j]) + UInt64(product[i + j]) + carry
        product[i + j] = UInt32(truncatingIfNeeded: digit)
        carry = digit >> 32
      }
      product[i + b.limbs.count] = UInt32(carry)
    }
    return Magnitude(limbs: product)
  }

  /// The quotient and what remains; the divisor is not zero.
  func divided(by divisor: Magnitude) -> (quotient: Magnitude, remainder: Magnitude) {
    precondition(!divisor.isZero, "divided by zero")
    guard self >= divisor else { return (.zero, self) }
    guard divisor.limbs.count > 1 else {
      let (quotient, remainder) = divided(by: divisor.limbs[0])
      return (quotient, Magnitude(UInt64(remainder)))
    }
    return longDivision(by: divisor)
  }

  func divided(by divisor: UInt32) -> (quotient: Magnitude, remainder: UInt32) {
    var quotient = limbs
    var remainder: UInt64 = 0
    for i in quotient.indices.reversed() {
      let digit = remainder << 32 | UInt64(quotient[i])
      quotient[i] = UInt32(digit / UInt64(divisor))
      remainder = digit % UInt64(divisor)
    }
    return (Magnitude(limbs: quotient), UInt32(remainder))
  }

  /// Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
  private func longDivision(by divisor: Magnitude) -> (quotient: Magnitude, remainder: Magnitude) {
    let shift = divisor.limbs[divisor.limbs.count - 1].leadingZeroBitCount
    let v = divisor.shiftedLeft(shift, count: divisor.limbs.count)
    var u = shiftedLeft(shift, count: limbs.count + 1)
    let n = v.count
    var quotient = [UInt32](repeating: 0, count: u.count - n)
    for j in stride(from: u.count - n - 1, through: 0, by: -1) {
      let top = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
      var guess = top / UInt64(v[n - 1])
      var rest = top % UInt64(v[n - 1])
      while guess >> 32 != 0 || guess * UInt64(v[n - 2]) > rest << 32 | UInt64(u[j + n - 2]) {
        guess -= 1
        rest += UInt64(v[n - 1])
        if rest >> 32 != 0 { break }
      }
      if Self.subtract(v, times: guess, from: &u, at: j) {
        guess -= 1
        Self.add(v, to: &u, at: j)
      }
      quotient[j] = UInt32(guess)
    }
    return (Magnitude(limbs: quotient), Magnitude(limbs: Array(u.prefix(n))).shiftedRight(shift))
  }

  /// Whether the difference was negative: it is then too small by one 2³²ⁿ.
  private static func subtract(_ v: [UInt32], times factor: UInt64, from u: inout [UInt32], at j: Int) -> Bool
  {
    var carry: UInt64 = 0
    var borrow: Int64 = 0
    for i in v.indices {
      let product = factor * UInt64(v[i]) + carry
      carry = product >> 32
      let digit = Int64(u[i + j]) - borrow - Int64(product & 0xFFFF_FFFF)
      u[i + j] = UInt32(truncatingIfNeeded: digit)
      borrow = digit < 0 ? 1 : 0
    }
    let digit = Int64(u[j + v.count]) - borrow - Int64(carry)
    u[j + v.count] = UInt32(truncatingIfNeeded: digit)
    return digit < 0
  }

  private static func add(_ v: [UInt32], to u: inout [UInt32], at j: Int) {
    var carry: UInt64 = 0
    for i in v.indices {
      let digit = UInt64(u[i + j]) + UInt64(v[i]) + carry
      u[i + j] = UInt32(truncatingIfNeeded: digit)
      carry = digit >> 32
    }
    u[j + v.count] = u[j + v.count] &+ UInt32(carry)
  }

  private func shiftedLeft(_ shift: Int, count: Int) -> [UInt32] {
    var shifted = [UInt32](repeating: 0, count: count)
    for i in limbs.indices {
      let wide = UInt64(limbs[i]) << UInt64(shift)
      shifted[i] |= UInt32(truncatingIfNeeded: wide)
      if i + 1 < count { shifted[i + 1] = UInt32(wide >> 32) }
    }
    return shifted
  }

  private func shiftedRight(_ shift: Int) -> Magnitude {
    guard shift > 0 else { return self }
    var shifted = limbs
    for i in shifted.indices {
      let upper = i + 1 < limbs.count ? UInt64(limbs[i + 1]) << 32 : 0
      shifted[i] = UInt32(truncatingIfNeeded: (upper | UInt64(limbs[i])) >> UInt64(shift))
    }
    return Magnitude(limbs: shifted)
  }

  /// The greatest common divisor.
  static func commonDivisor(_ a: Magnitude, _ b: Magnitude) -> Magnitude {
    var (a, b) = (a, b)
    while !b.isZero { (a, b) = (b, a.divided(by: b).remainder) }
    return a
  }

  // MARK: Text

  /// The decimal digits; "0" for zero.
  var digits: String {
    if isZero { return "0" }
    var groups: [UInt32] = []
    var rest = self
    while !rest.isZero {
      let (quotient, remainder) = rest.divided(by: 1_000_000_000)
      groups.append(remainder)
      rest = quotient
    }
    var text = String(groups.removeLast())
    for group in groups.reversed() {
      let part = String(group)
      text += String(repeating: "0", count: 9 - part.utf8.count) + part
    }
    return text
  }

  mutating func append(digit: UInt8) {
    var carry = UInt64(digit)
    for i in limbs.indices {
      let wide = UInt64(limbs[i]) * 10 + carry
      limbs[i] = UInt32(truncatingIfNeeded: wide)
      carry = wide >> 32
    }
    if carry > 0 { limbs.append(UInt32(carry)) }
  }
}

extension Magnitude: Comparable {
  static func < (a: Magnitude, b: Magnitude) -> Bool {
    if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
    for i in a.limbs.indices.reversed() where a.limbs[i] != b.limbs[i] { return a.limbs[i] < b.limbs[i] }
    return false
  }
}
