import FHIRDefinitions
import FoundationEssentials
import Testing

@Suite struct PackageArchiveTests {
  let package = PackageBuilder([("a.json", #"{"resourceType": "Patient"}"#), ("b.txt", "text")])

  @Test func `a gzipped archive, a plain one and a folder hold the same files`() throws {
    let gzipped = try PackageBuilder.withFile(package.gzip, names)
    #expect(gzipped == ["package.json", "a.json"])
    #expect(try package.withTar(names) == gzipped)
    #expect(try package.withFolder(names).sorted() == gzipped.sorted())
    #expect(try package.withFolder { try names($0 + "/package") }.sorted() == gzipped.sorted())
  }

  @Test func `contents are those of the files`() throws {
    let long = String(repeating: "x", count: 300_000)
    let builder = PackageBuilder([("long.json", long), ("empty.json", "")])
    try PackageBuilder.withFile(builder.gzip) { path in
      var contents: [String: String] = [:]
      try PackageArchive(path: path).forEachFile {
        contents[$0.name] = String(decoding: $0.bytes, as: UTF8.self)
      }
      #expect(contents == ["package.json": PackageBuilder.manifest, "long.json": long, "empty.json": ""])
    }
  }

  @Test func `files below the package's folder and hidden files are left out`() throws {
    let builder = PackageBuilder([
      ("example/e.json", "{}"), (".index.json", "{}"), ("other/o.json", "{}"), ("x.json", "{}"),
    ])
    #expect(try builder.withTar(names) == ["package.json", "x.json"])
    #expect(try builder.withFolder(names) == ["package.json", "x.json"])
  }

  @Test func `long names are read in the ways of ustar, GNU and pax`() throws {
    let folder = "package"
    let name = String(repeating: "n", count: 150) + ".json"
    let path = folder + "/" + name
    let record = " path=\(path)\n"
    // The record's length counts its own digits: three here.
    let pax = "\(record.utf8.count + 3)" + record
    let archives = [
      PackageBuilder.member(String(repeating: "n", count: 90) + ".json", Array("{}".utf8), prefix: folder),
      PackageBuilder.member("././@LongLink", Array(path.utf8) + [0], kind: "L")
        + PackageBuilder.member(String(path.prefix(100)), Array("{}".utf8)),
      PackageBuilder.member("PaxHeader/x", Array(pax.utf8), kind: "x")
        + PackageBuilder.member(String(path.prefix(100)), Array("{}".utf8)),
    ]
    let expected = [String(repeating: "n", count: 90) + ".json", name, name]
    for (archive, expected) in zip(archives, expected) {
      #expect(try PackageBuilder.withFile(archive, names) == [expected])
    }
  }

  @Test func `an archive without the two blocks of zeros is whole`() throws {
    #expect(try PackageBuilder.withFile(package.tar.dropLast(1024).map { $0 }, names).count == 2)
  }

  @Test(arguments: ["../evil.json", "package/../../evil.json", "/etc/passwd.json", "package/.."])
  func `a name that leads out of the package is refused`(name: String) throws {
    let builder = PackageBuilder(verbatim: [("package/package.json", "{}"), (name, "{}")])
    let error = try builder.withTar { path in definitionError { _ = try names(path) } }
    #expect(error?.code == .unsafePath)
    #expect(error?.file == name)
  }

  @Test func `links and folders are no files`() throws {
    let archive =
      PackageBuilder.member("package/", [], kind: "5")
      + PackageBuilder.member("package/link.json", [], kind: "2")
      + PackageBuilder.member("package/a.json", Array("{}".utf8))
    #expect(try PackageBuilder.withFile(archive, names) == ["a.json"])
  }

  @Test func `an archive that is cut off anywhere is refused`() throws {
    let whole = package.gzip
    for count in stride(from: 0, to: whole.count - 1, by: 37) {
      let error = try PackageBuilder.withFile(Array(whole.prefix(count))) { path in
        definitionError { _ = try names(path) }
      }
      #expect(error != nil, "\(count) bytes of \(whole.count)")
    }
  }

  @Test func `an archive with a changed byte is refused`() throws {
    for offset in [20, 200, 700, 1500] {
      var bytes = package.gzip
      bytes[offset] ^= 0x55
      let error = try PackageBuilder.withFile(bytes) { path in definitionError { _ = try names(path) } }
      #expect(error?.code == .damaged, "byte \(offset)")
    }
  }

  @Test func `what is no archive is refused`() throws {
    for bytes in [Array("no archive at all".utf8), [UInt8](repeating: 0x41, count: 2048), []] {
      let error = try PackageBuilder.withFile(bytes) { path in definitionError { _ = try names(path) } }
      #expect(error?.code == .damaged || error?.code == .notAPackage)
    }
    // HL7 offers definitions in this form as well.
    for size in [60, 2048] {
      let zip = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: size)
      let error = try PackageBuilder.withFile(zip) { path in definitionError { _ = try names(path) } }
      #expect(error?.code == .notAPackage && error?.message.contains("zip archive: unpack it") == true)
    }
    let absent = definitionError { _ = try PackageArchive(path: "/nonexistent/package.tgz") }
    #expect(absent?.code == .unreadable)
    let other = try PackageBuilder(verbatim: [("other/a.json", "{}")]).withTar { path in
      definitionError { _ = try names(path) }
    }
    #expect(other?.code == .notAPackage)
    let folder = try PackageBuilder(verbatim: [("other/a.json", "{}")]).withFolder { path in
      definitionError { _ = try names(path) }
    }
    #expect(folder?.code == .notAPackage)
  }

  @Test func `limits on files and bytes hold for archives and folders`() throws {
    var few = PackageArchive.Limits()
    few.files = 2
    var small = PackageArchive.Limits()
    small.file = 10
    var short = PackageArchive.Limits()
    short.total = 50
    for limits in [few, small, short] {
      let archive = try PackageBuilder.withFile(package.gzip) { path in
        definitionError { try PackageArchive(path: path, limits: limits).forEachFile { _ in } }
      }
      #expect(archive?.code == .tooLarge)
      let folder = try package.withFolder { path in
        definitionError { try PackageArchive(path: path, limits: limits).forEachFile { _ in } }
      }
      #expect(folder?.code == .tooLarge)
    }
  }

  private func names(_ path: String) throws -> [String] {
    var names: [String] = []
    try PackageArchive(path: path).forEachFile { names.append($0.name) }
    return names
  }
}
