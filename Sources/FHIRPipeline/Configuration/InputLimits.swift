package import FHIRFormats

/// How much inputs may ask for: `limits` in `pipeline.yml`. What is beyond is hostile, or a mistake.
package struct InputLimits: Sendable, Equatable {
  /// Bytes that one `.gz` may unzip to.
  package var unzippedBytes = 100_000_000_000
  /// How many times its size that may be.
  package var unzippedRatio = 400
  /// Bytes of one resource, of an entry, or of a line.
  package var resourceBytes = ReadOptions().maximumResourceBytes
  /// Elements of one resource.
  package var elements = ReadOptions().maximumElements
  /// Levels of nesting.
  package var depth = 256

  package init() {}

  package func apply(to options: inout ReadOptions) {
    options.gzip.bytes = UInt64(unzippedBytes)
    options.gzip.ratio = UInt64(unzippedRatio)
    options.maximumResourceBytes = resourceBytes
    options.maximumElements = elements
    options.maximumDepth = depth
  }
}
