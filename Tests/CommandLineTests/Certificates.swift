import Foundation
import TestSupport
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

  private let workspace: Workspace

  private static func openssl(_ arguments: String...) throws {
    try #require(try ChildProcess.run(["openssl"] + arguments) == 0, "openssl \(arguments)")
  }

  init(in workspace: Workspace) throws {
    self.workspace = workspace
    for name in ["authority", "stranger"] {
      try Certificates.openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=\(name)", "-keyout", workspace.path(name + ".key"), "-out",
        workspace.path(name + ".pem"))
    }
    authority = workspace.path("authority.pem")
    stranger = workspace.path("stranger.pem")
    server = try Certificates.certificate("server", for: "IP:127.0.0.1", in: workspace) {
      request, names, out in
      try Certificates.sign(request, names, out, workspace)
    }
  }

  /// A certificate of the authority's for a host of another name.
  func ofAnother() throws -> String {
    try Certificates.certificate("another", for: "DNS:db.example.org", in: workspace) { request, names, out in
      try Certificates.sign(request, names, out, workspace)
    }
  }

  /// One for this host that was good until 2021.
  func expired() throws -> String {
    try Certificates.certificate("expired", for: "IP:127.0.0.1", in: workspace) { request, names, out in
      try workspace.write("index", "")
      try workspace.write("serial", "01\n")
      let settings = """
        [ca]
        default_ca = own
        [own]
        new_certs_dir = \(workspace.folder.path)
        database = \(workspace.path("index"))
        serial = \(workspace.path("serial"))
        default_md = sha256
        policy = any
        [any]
        commonName = supplied

        """
      try Certificates.openssl(
        "ca", "-batch", "-config", try workspace.write("ca.cnf", settings), "-cert", authority, "-keyfile",
        workspace.path("authority.key"), "-in", request, "-out", out, "-startdate", "20200101000000Z",
        "-enddate",
        "20210101000000Z", "-extfile", names)
    }
  }

  /// The path of a key with its certificate, which the closure has signed.
  private static func certificate(
    _ name: String, for host: String, in workspace: Workspace,
    signed: (_ request: String, _ names: String, _ certificate: String) throws -> Void
  ) throws -> String {
    let request = workspace.path(name + ".csr")
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
      "-keyout", workspace.path(name + ".key"), "-out", request)
    let names = try workspace.write(name + ".names", "subjectAltName=\(host)\n")
    try signed(request, names, workspace.path(name + ".crt"))
    return try workspace.write(
      name + ".pem", try workspace.read(name + ".key") + workspace.read(name + ".crt"))
  }

  private static func sign(_ request: String, _ names: String, _ certificate: String, _ workspace: Workspace)
    throws
  {
    try openssl(
      "x509", "-req", "-in", request, "-CA", workspace.path("authority.pem"), "-CAkey",
      workspace.path("authority.key"), "-CAcreateserial", "-days", "2", "-extfile", names, "-out", certificate
    )
  }

  /// Somebody who listens with a certificate, and is no MongoDB.
  static func listen(port: UInt16, certificate: String) throws -> ChildProcess {
    try ChildProcess([
      "openssl", "s_server", "-accept", "\(port)", "-cert", certificate, "-key", certificate, "-www",
    ])
  }
}
