/// What a caller may ask beyond the connection string; nil leaves the string's word, or else the default.
package struct StoreOptions: Sendable {
  /// How long to look for a server before giving up, in milliseconds. Default 5 000.
  package var serverSelectionTimeout: Int32?
  /// Whether libmongoc repeats a write once after the connection broke. Default: libmongoc's, which is yes.
  ///
  /// Without it the server spends half as much on an upsert; plain insertions cost the same.
  package var retryWrites: Bool?
  /// The name under which the server's log knows the program.
  package var applicationName = "fhirline"

  package init(serverSelectionTimeout: Int32? = nil, retryWrites: Bool? = nil) {
    self.serverSelectionTimeout = serverSelectionTimeout
    self.retryWrites = retryWrites
  }
}
