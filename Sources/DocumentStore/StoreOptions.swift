/// What a caller may ask beyond the connection string; nil leaves the string's word, or else the default.
package struct StoreOptions: Sendable {
  /// How long to look for a server before giving up, in milliseconds. Default 5 000.
  package var serverSelectionTimeout: Int32?
  /// Whether libmongoc repeats a write once after the connection broke. Default: libmongoc's, which is yes.
  ///
  /// Without it the server spends half as much on an upsert; plain insertions cost the same.
  package var retryWrites: Bool?
  /// Whether a write is done when the primary has it, and all of them are confirmed by `DocumentStore.confirmWrites` at the
  /// end; otherwise each waits until most members of the replica set have it on disk.
  ///
  /// Waiting once instead of with each batch makes loading up to twice as fast. A write concern in the connection string
  /// counts more, and a router passes writes on to several primaries, which cannot be asked together.
  package var confirmsAtEnd = false
  /// The name under which the server's log knows the program.
  package var applicationName = "fhirline"

  package init(
    serverSelectionTimeout: Int32? = nil, retryWrites: Bool? = nil, confirmsAtEnd: Bool = false
  ) {
    self.serverSelectionTimeout = serverSelectionTimeout
    self.retryWrites = retryWrites
    self.confirmsAtEnd = confirmsAtEnd
  }
}
