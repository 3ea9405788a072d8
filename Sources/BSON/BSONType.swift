/// The type of a BSON element, as its leading byte says.
///
/// See https://bsonspec.org/spec.html
@usableFromInline package enum BSONType: UInt8, Sendable {
  case double = 0x01
  case string = 0x02
  case document = 0x03
  case array = 0x04
  case binary = 0x05
  case undefined = 0x06
  case objectID = 0x07
  case bool = 0x08
  case date = 0x09
  case null = 0x0A
  case regex = 0x0B
  case dbPointer = 0x0C
  case javascript = 0x0D
  case symbol = 0x0E
  case javascriptWithScope = 0x0F
  case int32 = 0x10
  case timestamp = 0x11
  case int64 = 0x12
  case decimal128 = 0x13
  case maxKey = 0x7F
  case minKey = 0xFF
}

/// Limits that BSON's own form and MongoDB's server set.
@usableFromInline package enum BSONLimit {
  /// The most bytes a document that MongoDB stores may have: 16 MiB.
  @inlinable package static var documentBytes: Int { 16 * 1024 * 1024 }
  /// How deep documents may nest before reading gives up; MongoDB's server stops at 200 as well.
  @inlinable package static var depth: Int { 200 }
}
