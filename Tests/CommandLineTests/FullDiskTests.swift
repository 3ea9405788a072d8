import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// Disks that are full, the server's and the program's own: what is said, the exit code, and that nothing half looks whole.
@Suite(.enabled(if: SmallDisk.isPossible, "this machine lets nobody mount a disk for a test"))
struct FullDiskTests {
  /// Patients with observations of noise, which nothing makes smaller, and each with a resource that is set aside.
  ///
  /// - Parameter asTransactions: as a transaction Bundle a patient, with what is set aside in a file of its own; else a file a type.
  private func write(
    patients: Int, observations: Int, bytes: Int = 1024, asTransactions: Bool = false,
    into workspace: Workspace
  ) throws {
    let noise = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
    var lines: [String: String] = [:]
    for patient in 0..<patients {
      var resources = [("Patient/p\(patient)", #""birthDate":"1970-01-31""#)]
      for number in 0..<observations {
        let noise = try #require(try noise.read(upToCount: bytes))
        resources.append(
          (
            "Observation/o\(patient)-\(number)",
            #""status":"final","code":{"text":"c"},"subject":{"reference":"Patient/p\#(patient)"},"#
              + #""valueString":"\#(noise.base64EncodedString())""#
          ))
      }
      let texts = resources.map { name, members in
        let parts = name.split(separator: "/")
        return (name, parts[0], #"{"resourceType":"\#(parts[0])","id":"\#(parts[1])",\#(members)}"#)
      }
      if asTransactions {
        let entries = texts.map { name, _, text in
          #"{"resource":\#(text),"request":{"method":"PUT","url":"\#(name)"}}"#
        }
        try workspace.write(
          "in/\(patient).json",
          #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#)
      } else {
        for (_, type, text) in texts { lines[String(type), default: ""] += text + "\n" }
      }
      lines["Basic", default: ""] +=
        #"{"resourceType":"Basic","id":"b\#(patient)","created":"2024-13-01","code":{"text":"b"}}"# + "\n"
    }
    for (type, text) in lines { try workspace.write("in/\(type).ndjson", text) }
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"), arguments: [false, true])
  func `the server's disk is full; with room on it, the import goes on`(isReplicaSet: Bool) throws {
    let workspace = try Workspace()
    try write(patients: 40, observations: 50, asTransactions: isReplicaSet, into: workspace)
    let disk = try SmallDisk(folder: workspace.path("data"), size: "400m")
    let server = try OwnServer(
      folder: workspace.path("data"),
      arguments: ["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=1MB)"]
        + (isReplicaSet ? ["--replSet", "rs"] : []), launcher: disk.launcher)
    if isReplicaSet { try OwnServer.initiate([server]) }
    func uri(_ database: String) -> String {
      server.uri(database: database, "serverSelectionTimeoutMS=2000" + (isReplicaSet ? "&replicaSet=rs" : ""))
    }
    func run(_ database: String) throws -> Program.Outcome {
      try Program.run(
        [
          "import", workspace.path("in"), "--summary", "json", "--no-progress", "--quarantine",
          workspace.path("quarantine.ndjson"),
        ] + (isReplicaSet ? [] : ["--no-transactions"]), environment: ["MONGODB_URI": uri(database)])
    }
    // The server runs, and has room for a part of the documents.
    _ = try server.direct()
    let used = try #require(
      Int(try disk.shell("df -k --output=used '\(workspace.path("data"))' | tail -n 1").filter(\.isNumber)))
    try disk.resize(to: "\(used + 1200)k")

    let stopped = try run("part")
    #expect(stopped.status == 3, "\(stopped.errors)")
    #expect(
      stopped.errors.contains("disk") && stopped.errors.contains("run the import again"), "\(stopped.errors)")
    let part = try JSONDecoder().decode(Workspace.Summary.self, from: Data(stopped.output.utf8))
    #expect(part.stopped && part.read == part.accounted)
    server.kill()

    try disk.resize(to: "600m")
    try server.start()
    _ = try server.direct()
    if isReplicaSet { try server.awaitPrimary() }
    let again = try run("part")
    #expect(again.status == 1, "\(again.errors)")
    let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(again.output.utf8))
    #expect(summary.read == 2080 && summary.accounted == 2080 && summary.quarantined == 40)

    #expect(try run("whole").status == 1)
    try Torture.compare(
      try Torture.contents(DocumentStore(uri: uri("part"))),
      try Torture.contents(DocumentStore(uri: uri("whole"))), "the disk was full")
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `the disk of temporary files is full`() throws {
    let workspace = try Workspace()
    // What waits for its patient is kept in memory up to 16 MB.
    try write(patients: 10, observations: 200, bytes: 16 << 10, into: workspace)
    let disk = try SmallDisk(folder: workspace.path("disk"), size: "64k")
    let environment = ["FHIRLINE_DATABASE": workspace.database, "TMPDIR": workspace.path("disk")]
    let arguments = [
      "import", workspace.path("in"), "--summary", "json", "--no-progress", "--quarantine",
      workspace.path("q"),
    ]
    let stopped = try disk.run(arguments, environment: environment)
    #expect(stopped.status == 3, "\(stopped.errors)")
    #expect(stopped.errors.contains("No space left on device") && stopped.errors.contains("TMPDIR"))
    let part = try JSONDecoder().decode(Workspace.Summary.self, from: Data(stopped.output.utf8))
    #expect(part.stopped && part.read == part.accounted)
    let again = try disk.run(arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    let whole = try JSONDecoder().decode(Workspace.Summary.self, from: Data(again.output.utf8))
    #expect(whole.read == 2020 && whole.accounted == whole.read, "\(again.errors)")

    // Standard input is kept in a temporary file, as it is read twice.
    let input = try Data(contentsOf: workspace.folder.appending(path: "in/Observation.ndjson"))
    let spooled = try disk.run(
      ["import", "-", "--quarantine", workspace.path("q")], environment: environment, input: input)
    #expect(spooled.status == 3 && spooled.errors.contains("TMPDIR"), "\(spooled.errors)")
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `the quarantine file's disk is full`() throws {
    let workspace = try Workspace()
    try write(patients: 200, observations: 0, into: workspace)
    let disk = try SmallDisk(folder: workspace.path("disk"), size: "16k")
    let file = workspace.path("disk/q.ndjson")
    let arguments = ["import", workspace.path("in"), "--no-progress", "--quarantine", file]
    let environment = ["FHIRLINE_DATABASE": workspace.database]
    let stopped = try disk.run(arguments, environment: environment)
    #expect(stopped.status == 3, "\(stopped.errors)")
    #expect(stopped.errors.contains("of 200 resources set aside it lacks"), "\(stopped.errors)")
    // What is there is whole lines.
    let text = try disk.shell("cat '\(file)'")
    #expect(text.hasSuffix("}\n") && text.count > 8000)
    for line in text.split(separator: "\n") {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
    // A replay that cannot write the file anew leaves it as it is.
    let replay = try disk.run(["quarantine", "replay", "--file", file], environment: environment)
    #expect(replay.status == 3, "\(replay.errors)")
    #expect(try disk.shell("cat '\(file)'") == text)

    try disk.resize(to: "1m")
    #expect(try disk.run(arguments, environment: environment).status == 1)
    let lines = try disk.shell("cat '\(workspace.path("disk/q-2.ndjson"))'").split(separator: "\n")
    #expect(lines.count == 200)
  }

  @Test(.enabled(if: Workspace.hasMongoDB)) func `the disk of an export is full`() throws {
    let workspace = try Workspace()
    try write(patients: 40, observations: 20, into: workspace)
    _ = try workspace.importFiles(workspace.path("in"), status: 1)
    let small = try workspace.write("small/p.json", #"{"resourceType":"Patient","id":"p"}"#)
    let disk = try SmallDisk(folder: workspace.path("disk"), size: "256k")
    let environment = ["FHIRLINE_DATABASE": workspace.database]
    func run(_ arguments: String...) throws -> Program.Outcome {
      try disk.run(arguments, environment: environment)
    }
    func files(_ folder: String) throws -> [String] {
      try disk.shell("cd '\(workspace.path("disk"))' && find \(folder) -type f | sort").split(separator: "\n")
        .map(
          String.init)
    }
    // An earlier export stays, when there is no room for another one.
    let out = workspace.path("disk/out")
    #expect(try run("export", "--out", out, "--type", "Patient", "--quiet").status == 0)
    let earlier = try disk.shell("cat '\(out)'/*")
    for arguments in [
      ["export", "--out", out, "--quiet"],
      ["export", "--out", workspace.path("disk/b.json"), "--format", "bundle", "--quiet"],
      ["convert", workspace.path("in/Observation.ndjson"), workspace.path("disk/o.xml")],
      [
        "validate", workspace.path("in/Observation.ndjson"), "--format", "json", "--best-practice",
        "--severity",
        "information", "--output", workspace.path("disk/r.json"),
      ],
    ] {
      let outcome = try disk.run(arguments, environment: environment)
      #expect(outcome.status == 3, "\(arguments) \(outcome.errors)")
      #expect(
        outcome.errors.contains("No space left on device; make room and run the same again"),
        "\(outcome.errors)")
      #expect(try files(".") == ["./out/Patient.ndjson", "./out/manifest.json"], "\(arguments)")
    }
    #expect(try disk.shell("cat '\(out)'/*") == earlier)
    // Single files are whole, each of them, and the word says how to go on.
    let single = workspace.path("disk/single")
    let stopped = try run("export", "--out", single, "--format", "json", "--quiet")
    #expect(
      stopped.status == 3 && stopped.errors.contains("run the same again with --overwrite"),
      "\(stopped.errors)")
    #expect(try !files("single").contains { $0.hasSuffix(".part") })
    try disk.resize(to: "16m")
    #expect(try run("export", "--out", single, "--format", "json", "--quiet", "--overwrite").status == 0)
    #expect(try files("single").count == 841)
    #expect(try run("export", "--out", out, "--quiet").status == 0)
    #expect(try run("compare", out, single).status == 0)
    // Devices take what comes as it comes.
    #expect(try run("convert", small, "/dev/full", "--format", "xml").status == 3)
  }
}
