import FHIRModel

/// The options of a connection string, of which the driver passes over those that it does not know: who misspells `tls` would have
/// patients' data go over the wire in plain text.
///
/// See https://www.mongodb.com/docs/manual/reference/connection-string-options/
enum ConnectionOptions {
  private static let known = [
    "appName", "authMechanism", "authMechanismProperties", "authSource", "compressors", "connectTimeoutMS",
    "directConnection", "gssapiServiceName", "heartbeatFrequencyMS", "j", "journal", "loadBalanced",
    "localThresholdMS", "maxConnecting", "maxIdleTimeMS", "maxPoolSize", "maxStalenessSeconds", "minPoolSize",
    "proxyHost", "proxyPassword", "proxyPort", "proxyUsername", "readConcernLevel", "readPreference",
    "readPreferenceTags", "replicaSet", "retryReads", "retryWrites", "safe", "serverMonitoringMode",
    "serverSelectionTimeoutMS", "serverSelectionTryOnce", "socketCheckIntervalMS", "socketTimeoutMS",
    "srvMaxHosts", "srvServiceName", "timeoutMS", "tls", "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames", "tlsCAFile", "tlsCRLFile", "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsDisableCertificateRevocationCheck", "tlsDisableOCSPEndpointCheck", "tlsInsecure", "ssl",
    "sslAllowInvalidCertificates",
    "sslAllowInvalidHostnames", "sslCertificateAuthorityFile", "sslClientCertificateKeyFile",
    "sslClientCertificateKeyPassword", "uuidRepresentation",
    "w", "waitQueueTimeoutMS", "wTimeoutMS", "zlibCompressionLevel",
  ]

  /// What is said of an option that is almost one that there is; nil where there is none. Others may be of other programs.
  static func misspelling(in uri: String) -> String? {
    let folded = Set(known.map { $0.lowercased() })
    guard let options = uri.split(separator: "?", maxSplits: 1).dropFirst().first else { return nil }
    for option in options.split(whereSeparator: { "&;".contains($0) }) {
      // What has no value may be a part of a password.
      guard let end = option.firstIndex(of: "=") else { continue }
      let name = String(option[..<end])
      guard !folded.contains(name.lowercased()), let meant = closest(to: name, among: known) else { continue }
      return
        "an option of the connection string is misspelt, and would count for nothing: did you mean \(meant)?"
    }
    return nil
  }
}
