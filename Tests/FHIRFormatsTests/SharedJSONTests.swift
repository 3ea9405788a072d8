import FHIRFormats
import FHIRModel
import TestSupport
import Testing

/// Properties that hold for all of the reference data.
@Suite(.enabled(if: SharedData.isPresent, "the reference data is not there")) struct SharedJSONTests {
  @Test func `every file of the JSON test suite gets its verdict`() {
    let files = SharedData.files("conformance/json", ".json")
    #expect(files.count > 150)
    for path in files {
      let name = path.split(separator: "/").last ?? ""
      let issues = JSONSyntax.check(SharedData.bytes(path))
      let isRefused = issues.contains { $0.severity == .fatal }
      if name.hasPrefix("y_") { #expect(!isRefused, "\(name)") }
      if name.hasPrefix("n_") {
        #expect(isRefused, "\(name)")
        #expect(issues.allSatisfy { $0.position != nil })
      }
    }
  }

  @Test(arguments: [JSONWriter.Layout.compact, .pretty])
  func `what was read is written so that it reads as the same tree`(layout: JSONWriter.Layout) throws {
    let comparison = TreeComparison()
    var count = 0
    for path in SharedData.files("examples/json", ".json") + SharedData.files("synthea/bulk-1", ".ndjson") {
      for record in try read(SharedData.bytes(path), name: path) {
        #expect(record.content != .unreadable && record.issues.isEmpty, "\(path)")
        var written = json(record.tree, layout: layout)
        // An entry is none without a Bundle around it.
        if case .entry = record.content { written = "{\"resourceType\":\"Bundle\",\"entry\":[\(written)]}" }
        let again = try #require(try read(written).first).tree
        #expect(comparison.difference(record.tree, again) == nil, "\(path)")
        #expect(record.tree.count == again.count, "\(path)")
        count += 1
      }
    }
    #expect(count > 1000)
  }

  @Test func `chunks of any size give the same records`() throws {
    for path in SharedData.files("examples/json", ".json").filter({
      $0.contains("bundle") || $0.contains("list")
    }) {
      let bytes = SharedData.bytes(path)
      guard bytes.count < 100_000 else { continue }
      let whole = try read(bytes, name: path)
      let cut = try read(bytes, name: path, step: 7, options: tinyChunks)
      expectSame(whole, cut, path)
    }
  }
}

/// Expects the same records with the same trees, positions and issues.
func expectSame(_ a: [Record], _ b: [Record], _ name: String) {
  #expect(a.count == b.count, "\(name)")
  for (x, y) in zip(a, b) {
    #expect(x.content == y.content, "\(name)")
    #expect(x.tree.rootExpression == y.tree.rootExpression)
    #expect(TreeComparison().difference(x.tree, y.tree) == nil, "\(name)")
    #expect(x.tree.count == y.tree.count, "\(name)")
    #expect(x.issues == y.issues, "\(name)")
    for node in 0..<min(x.tree.count, y.tree.count) {
      #expect(x.tree.position(of: node) == y.tree.position(of: node), "\(name) node \(node)")
    }
  }
}
