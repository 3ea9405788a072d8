import BSON
package import DocumentStore

extension StoredTargets {
  /// Makes the indexes that finding stored resources by name needs, in collections that lack them.
  package static func prepare(_ store: DocumentStore, collections: [String]) throws {
    do {
      try store.withConnection { connection in
        for collection in collections {
          try connection.createIndexes(
            [IndexDefinition(name: "fhirline_names", keys: [namesPath: 1], isSparse: true)], on: collection)
        }
      }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }
}
