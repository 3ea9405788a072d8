import FHIRModel

/// The options of a connection string, of which the driver passes over those that it does not know: who misspells `tls` would have
/// patients' data go over the wire in plain text.
///
/// See https://www.mongodb.com/docs/manual/reference/connection-string-options/
enum ConnectionOptions {
  /// Those that MongoDB's drivers agree upon, and libmongoc's own: one of them is what was meant.
  ///
  /// See https://github.com/mongodb/specifications/blob/master/source/uri-options/uri-options.md
  private static let common = [
    "appName", "authMechanism", "authMechanismProperties", "authSource", "compressors", "connectTimeoutMS",
    "directConnection", "gssapiServiceName", "heartbeatFrequencyMS", "journal", "loadBalanced",
    "localThresholdMS", "maxConnecting", "maxIdleTimeMS", "maxPoolSize", "maxStalenessSeconds", "minPoolSize",
    "proxyHost", "proxyPassword", "proxyPort", "proxyUsername", "readConcernLevel", "readPreference",
    "readPreferenceTags", "replicaSet", "retryReads", "retryWrites", "serverMonitoringMode",
    "serverSelectionTimeoutMS", "serverSelectionTryOnce", "socketCheckIntervalMS", "socketTimeoutMS",
    "srvMaxHosts", "srvServiceName", "timeoutMS", "tls", "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames", "tlsCAFile", "tlsCertificateKeyFile", "tlsCertificateKeyFilePassword",
    "tlsDisableCertificateRevocationCheck", "tlsDisableOCSPEndpointCheck", "tlsInsecure", "w",
    "waitQueueTimeoutMS", "wTimeoutMS", "zlibCompressionLevel",
    // Older names come last: of two that are equally near the newer is meant.
    "ssl",
  ]

  /// What resembles one of those, and is an option all the same: of libmongoc, of another driver, or of an older shell. Who took a
  /// connection string from there misspelt nothing.
  private static let others = [
    "connectTimeout", "heartbeatFrequency", "localThreshold", "maxIdleTime", "maxLifeTimeMS",
    "minHeartbeatFrequencyMS", "serverSelectionTimeout", "socketTimeout", "sslAllowInvalidCertificates",
    "sslAllowInvalidHostnames", "sslCAFile", "tlsCertificateFile", "tlsCRLFile", "waitQueueTimeout",
    "wtimeout",
    "zstdCompressionLevel",
  ]

  private static let known = Set((common + others).map { $0.lowercased() })

  /// What is said of an option that is almost one that there is; nil where there is none. Others may be of other programs.
  static func misspelling(in uri: String) -> String? {
    guard let options = uri.split(separator: "?", maxSplits: 1).dropFirst().first else { return nil }
    for option in options.split(whereSeparator: { "&;".contains($0) }) {
      // What has no value may be a part of a password.
      guard let end = option.firstIndex(of: "=") else { continue }
      let name = String(option[..<end])
      // A single letter resembles every other.
      guard name.count > 1, !known.contains(name.lowercased()), let meant = closest(to: name, among: common)
      else { continue }
      return
        "an option of the connection string is misspelt, and would count for nothing: did you mean \(meant)?"
    }
    return nil
  }
}
