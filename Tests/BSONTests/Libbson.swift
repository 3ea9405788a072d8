import CMongoC

/// MongoDB's own BSON library, as the judge of ours.
enum Libbson {
  /// The document that libbson builds from extended JSON.
  static func document(extendedJSON text: String) -> [UInt8]? {
    guard let bson = bson_new_from_json(text, -1, nil), let data = bson_get_data(bson) else { return nil }
    defer { bson_destroy(bson) }
    let length = UnsafeRawPointer(data).loadUnaligned(as: Int32.self)
    return [UInt8](UnsafeRawBufferPointer(start: data, count: Int(length)))
  }

  /// Canonical extended JSON as libbson writes it.
  static func extendedJSON(_ bytes: [UInt8]) -> String? {
    bytes.withUnsafeBufferPointer { bytes in
      guard let bson = bson_new_from_data(bytes.baseAddress, bytes.count) else { return nil }
      defer { bson_destroy(bson) }
      guard let text = bson_as_canonical_extended_json(bson, nil) else { return nil }
      defer { bson_free(text) }
      return String(cString: text)
    }
  }

  /// Whether libbson takes the bytes for a sound document, its texts included.
  static func accepts(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      guard let bson = bson_new_from_data(bytes.baseAddress, bytes.count) else { return false }
      defer { bson_destroy(bson) }
      return bson_validate(
        bson, bson_validate_flags_t(BSON_VALIDATE_UTF8.rawValue | BSON_VALIDATE_UTF8_ALLOW_NULL.rawValue), nil
      )
    }
  }

  static func decimal(_ text: String) -> bson_decimal128_t? {
    var decimal = bson_decimal128_t()
    return bson_decimal128_from_string(text, &decimal) ? decimal : nil
  }

  static func text(_ decimal: bson_decimal128_t) -> String {
    var decimal = decimal
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(BSON_DECIMAL128_STRING)) { buffer in
      bson_decimal128_to_string(&decimal, buffer.baseAddress)
      return String(cString: UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
    }
  }
}

/// A generator whose numbers are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
