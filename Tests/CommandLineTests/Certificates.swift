import Foundation
import Testing

/// Certificates for a server of a test's own, made by openssl in the test's folder.
struct Certificates {
  /// The authority that signed the server's certificate, and one that did not.
  let authority: String
  let stranger: String
  /// The server's certificate, for the address 127.0.0.1, and its key.
  let server: String

  static let isPossible: Bool = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/openssl") }
  }()

  init(in workspace: Workspace) throws {
    func openssl(_ arguments: String...) throws {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["openssl"] + arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
    for name in ["authority", "stranger"] {
      try openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=\(name)", "-keyout", workspace.path(name + ".key"), "-out",
        workspace.path(name + ".pem"))
    }
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server",
      "-keyout", workspace.path("server.key"), "-out", workspace.path("server.csr"))
    let names = try workspace.write("names", "subjectAltName=IP:127.0.0.1\n")
    try openssl(
      "x509", "-req", "-in", workspace.path("server.csr"), "-CA", workspace.path("authority.pem"), "-CAkey",
      workspace.path("authority.key"), "-CAcreateserial", "-days", "2", "-extfile", names, "-out",
      workspace.path("server.crt"))
    server = try workspace.write(
      "server.pem", try workspace.read("server.key") + workspace.read("server.crt"))
    authority = workspace.path("authority.pem")
    stranger = workspace.path("stranger.pem")
  }
}
