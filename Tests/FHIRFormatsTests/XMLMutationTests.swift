import FHIRFormats
import FHIRModel
import TestSupport
import Testing

/// Documents damaged at random, from a seed: nothing crashes, and how the bytes arrive makes no difference.
@Suite("Damaged XML")
struct XMLMutationTests {
  private static let document = """
    <?xml version="1.0" encoding="UTF-8"?><!-- a -->
    <Bundle xmlns="http://hl7.org/fhir" xmlns:o="http://o"><type value="collection"/>
      <entry><fullUrl value="urn:1"/><resource><Patient><id value="1"/><text><status value="generated"/>
        <div xmlns="http://www.w3.org/1999/xhtml"><p class='a'>é &amp; &#233;<br/><![CDATA[<]]></p><!-- b --></div></text>
        <contained><Organization><id value="o"/><name value="N&#10;&quot;"/></Organization></contained>
        <name id="n"><family value="F"/><given value="G"><extension url="http://x"><valueCode value="y"/></extension></given>
        <given value="H"/></name><birthDate value="1970-01-01"/></Patient></resource></entry>
      <entry><resource><Observation><id value="2"/><valueQuantity><value value="1.00"/><unit value="😀"/></valueQuantity>
        <o:thing o:a="b">t</o:thing></Observation></resource></entry>
    </Bundle>
    """

  private func damaged(_ seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes = Array(XMLMutationTests.document.utf8)
    let marks = Array("<>&\"'/=; :!-[]\u{0}\u{1}éa1".utf8)
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      let length = Int.random(in: 1...20, using: &generator)
      let end = min(at + length, bytes.count)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[at] = marks[Int.random(in: 0..<marks.count, using: &generator)]
      case 1: bytes.insert(marks[Int.random(in: 0..<marks.count, using: &generator)], at: at)
      case 2: bytes.removeSubrange(at..<end)
      case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
      case 4: bytes[at] = UInt8.random(in: 0...255, using: &generator)
      default: if Bool.random(using: &generator) { bytes.removeSubrange(max(at, 1)...) }
      }
    }
    return bytes
  }

  @Test(arguments: 0..<20)
  func `damage is reported, never fatal to the program`(block: Int) throws {
    for seed in block * 50..<block * 50 + 50 {
      let bytes = damaged(UInt64(seed))
      let whole = try readXML(MemorySource(bytes))
      #expect(!whole.isEmpty)
      // libxml2 takes the end of this comment for part of its begin when it comes in pieces, and refuses it.
      if String(decoding: bytes, as: UTF8.self).contains("<!-->") { continue }
      let pieces = try readXML(TricklingSource(bytes, step: 1 + seed % 13))
      #expect(whole.map(\.content) == pieces.map(\.content), "seed \(seed)")
      guard whole.count == pieces.count else { continue }
      for (a, b) in zip(whole, pieces) {
        #expect(summary(a.issues) == summary(b.issues), "seed \(seed)")
        guard a.content != .unreadable else {
          #expect(a.issues.contains { $0.severity == .fatal }, "seed \(seed)")
          continue
        }
        #expect(outline(a.tree, positions: true) == outline(b.tree, positions: true), "seed \(seed)")
      }
    }
  }

  @Test(arguments: 0..<10)
  func `what was read without a finding is written and read as it was`(block: Int) throws {
    for seed in block * 50..<block * 50 + 50 {
      let whole = try readXML(MemorySource(damaged(UInt64(seed))))
      guard case .bundle = whole.last?.content, let members = whole.last?.tree else { continue }
      let sound = whole.dropLast().filter { $0.issues.isEmpty && $0.content != .unreadable }
      let output = OutputBuffer()
      let writer = BundleXMLWriter(to: output, layout: seed % 2 == 0 ? .compact : .pretty)
      var issues = writer.begin(members)
      for record in sound { issues += writer.add(record.tree) }
      issues += writer.end()
      #expect(issues.isEmpty)
      let again = try readXML(MemorySource(output.array))
      #expect(again.count == sound.count + 1)
      for (a, b) in zip(sound, again) { #expect(outline(a.tree) == outline(b.tree), "seed \(seed)") }
    }
  }
}
