/// What a check of a primitive's text found.
enum PrimitiveVerdict: UInt8 {
  case valid
  /// The text has not the type's grammar.
  case malformed
  /// The grammar is right, the value lies outside of what the type holds.
  case outOfRange
  case empty
  /// White space where the type has none.
  case whitespace
  /// A day or month that no calendar has: 30 February.
  case noSuchDay
  /// A time without its zone.
  case zoneMissing
  /// A time of hours and minutes only.
  case secondsMissing
  /// More than a mebibyte of text.
  case tooLong
  /// A control character that FHIR's strings do not hold.
  case controlCharacter
}
