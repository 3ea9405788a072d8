import Foundation
import Testing

/// Bundles that are resources of their own, within Bundles that are containers: whatever form they are exported to, they are no
/// containers afterwards.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct StoredBundleTests {
  private static let bundle =
    #"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p"}},"#
    + #"{"resource":{"resourceType":"Bundle","id":"stored","type":"collection","entry":[{"fullUrl":"http://a.org/Patient/inner","#
    + #""resource":{"resourceType":"Patient","id":"inner","gender":"female"}}]}}]}"#

  @Test(arguments: ["json", "xml", "ndjson", "bundle", "stream"])
  func `a stored Bundle comes back whole, and imports as what it was`(format: String) throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.json", StoredBundleTests.bundle)
    #expect(try workspace.importFiles(file).loaded == .init(inserted: 2, replaced: 0, unchanged: 0))
    let out = workspace.path(format == "bundle" ? "out.json" : format == "stream" ? "out.ndjson" : "out")
    let exported = try workspace.run(
      "export", "--quiet", "--out", format == "stream" ? "-" : out, "--format",
      format == "stream" ? "ndjson" : format)
    #expect(exported.status == 0, "\(exported.errors)")
    if format == "stream" { try workspace.write("out.ndjson", exported.output) }

    let compared = try workspace.run("compare", file, out)
    #expect(compared.output == "2 resources equal, 0 different, 0 only in the first, 0 only in the second\n")
    #expect(try workspace.importFiles(out).loaded == .init(inserted: 0, replaced: 0, unchanged: 2))
    // Into an empty database, too, nothing of what stands within becomes a resource of its own.
    let other = try Workspace()
    #expect(try other.importFiles(out).loaded == .init(inserted: 2, replaced: 0, unchanged: 0))
    #expect(try workspace.run("validate", out).status == 0)
  }

  @Test func `files of a folder that are named one by one are what they are in the folder`() throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles(try workspace.write("in.json", StoredBundleTests.bundle))
    for format in ["json", "ndjson"] {
      let out = workspace.path(format)
      #expect(try workspace.run("export", "--quiet", "--out", out, "--format", format).status == 0)
      let file = out + (format == "json" ? "/Bundle/stored.json" : "/Bundle.ndjson")
      #expect(try workspace.importFiles(file).loaded == .init(inserted: 0, replaced: 0, unchanged: 1))
      let pattern = out + (format == "json" ? "/Bundle/*" : "/*.ndjson")
      #expect(try workspace.importFiles(pattern).loaded.inserted == 0)
    }
  }

  @Test func `a manifest says which files hold Bundles, whatever their names are`() throws {
    let workspace = try Workspace()
    let stored =
      #"{"resourceType":"Bundle","id":"stored","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"in"}}]}"#
    try workspace.write("bulk/part-1.ndjson", stored + "\n")
    try workspace.write("bulk/gone.ndjson", stored.replacing("stored", with: "opened") + "\n")
    try workspace.write("bulk/Bundle.ndjson", stored.replacing("stored", with: "named") + "\n")
    try workspace.write(
      "bulk/manifest.json",
      #"{"output":[{"type":"Bundle","url":"https://a.org/files/part-1.ndjson?token=1"}],"#
        + #""deleted":[{"type":"Bundle","url":"https://a.org/files/gone.ndjson"}]}"#)
    let bulk = workspace.path("bulk")
    #expect(try workspace.importFiles(bulk).loaded.inserted == 3)
    let exported = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson").output
    #expect(exported.contains(#""id":"stored""#) && exported.contains(#""id":"named""#))
    #expect(!exported.contains(#""id":"opened""#))
  }

  @Test func `a folder of Bundles without a manifest holds containers`() throws {
    let workspace = try Workspace()
    try workspace.write("data/Bundle/in.json", StoredBundleTests.bundle)
    #expect(try workspace.importFiles(workspace.path("data")).loaded.inserted == 2)
  }
}
