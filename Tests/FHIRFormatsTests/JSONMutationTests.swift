import FHIRFormats
import FHIRModel
import Testing

/// Damaged input: whatever is done to it, reading ends, says the same in chunks of any size, and crashes nowhere.
@Suite struct JSONMutationTests {
  private static let samples = [
    #"{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:1","resource":{"resourceType":"Patient","id":"é1","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"_birthDate":{"extension":[{"url":"u","valueDecimal":1.50e-3}]},"birthDate":"2000"}},{"resource":{"resourceType":"Basic","zz":[[1],{}],"b":true,"c":null}}],"total":2}"#,
    "{\n  \"resourceType\" : \"Observation\",\n  \"status\": \"final\",\n  \"valueQuantity\": { \"value\": 1.0, \"unit\": \"\\u00b5\\ud83d\\ude00\" },\n  \"component\": [ ]\n}\n",
    "{\"resourceType\":\"Basic\",\"id\":\"1\"}\n\n{\"resourceType\":\"Basic\",\"id\":\"2\"}\r\n{\"resourceType\":\"Bundle\",\"entry\":[{}]}\n",
  ]

  /// A generator of numbers that are the same in every run (SplitMix64).
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  private static let pieces: [[UInt8]] = [
    [0], [0xFF], [0xC3], [0xE2, 0x82], Array("\"".utf8), Array("\\".utf8), Array("{".utf8), Array("}".utf8),
    Array("[".utf8), Array("]".utf8), Array(",".utf8), Array(":".utf8), Array("\n".utf8), Array("\t".utf8),
    Array("_".utf8), Array("\\ud800".utf8), Array("null".utf8), Array("-".utf8), Array("1e".utf8),
    Array("\"entry\":[".utf8), Array("\"resourceType\":\"List\",".utf8), Array("\"_x\":[{}],".utf8),
  ]

  private func mutate(_ bytes: [UInt8], _ numbers: inout Numbers) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &numbers) {
      guard !bytes.isEmpty else { break }
      let place = Int.random(in: 0..<bytes.count, using: &numbers)
      let length = min(Int.random(in: 0...4, using: &numbers), bytes.count - place)
      let piece = JSONMutationTests.pieces.randomElement(using: &numbers) ?? []
      switch Int.random(in: 0..<4, using: &numbers) {
      case 0: bytes.replaceSubrange(place..<place + length, with: piece)
      case 1: bytes.insert(contentsOf: piece, at: place)
      case 2: bytes.removeSubrange(place..<place + length)
      default: bytes.replaceSubrange(place..<place, with: bytes[place..<place + length])
      }
    }
    return bytes
  }

  @Test(arguments: samples.indices, ["x.json", "x.ndjson"])
  func `damaged input ends where resources are passed over, too`(sample: Int, name: String) throws {
    var numbers = Numbers(state: UInt64(sample) &+ 7)
    let original = Array(JSONMutationTests.samples[sample].utf8)
    for round in 0..<1500 {
      let bytes = mutate(original, &numbers)
      var options = ReadOptions()
      options.skips = { type, id, _ in type.count % 2 == 0 || id != nil }
      let whole = try read(bytes, name: name, options: options)
      options.chunkBytes = 16 + round % 40
      let cut = try read(bytes, name: name, step: 1 + round % 9, options: options)
      #expect(whole.count <= bytes.count && cut.count <= bytes.count)
    }
  }

  @Test(arguments: samples.indices, ["x.json", "x.ndjson"])
  func `damaged input reads the same in chunks of any size`(sample: Int, name: String) throws {
    var numbers = Numbers(state: UInt64(sample) &+ 1)
    let original = Array(JSONMutationTests.samples[sample].utf8)
    for round in 0..<500 {
      let bytes = mutate(original, &numbers)
      let whole = try read(bytes, name: name)
      var options = tinyChunks
      options.chunkBytes = 16 + round % 40
      let cut = try read(bytes, name: name, step: 1 + round % 9, options: options)
      let text = String(decoding: bytes, as: UTF8.self)
      try #require(whole.map(\.content) == cut.map(\.content), "\(text)")
      try #require(whole.map(\.issues) == cut.map(\.issues), "\(text)")
      #expect(
        whole.allSatisfy { $0.content != .unreadable || $0.issues.contains { $0.severity == .fatal } },
        "\(text)")
      // What was read can be written and read again.
      for record in whole where record.content == .resource {
        var oneTree = ReadOptions()
        oneTree.splitBundles = false
        let again = try readOne(json(record.tree), options: oneTree)
        #expect(TreeComparison().difference(record.tree, again.tree) == nil, "\(text)")
      }
    }
  }
}
