package import DocumentStore
package import FHIRMapping

/// Opens what the configuration names.
package enum Database {
  /// What is to be done once, when the program starts.
  package static func prepare() { DocumentStore.unlinkCounters() }

  /// Connects to the configured database.
  ///
  /// - Parameter confirmsAtEnd: see ``StoreOptions/confirmsAtEnd``.
  package static func open(
    _ configuration: PipelineConfiguration, confirmsAtEnd: Bool = false
  ) throws -> DocumentStore {
    let uri = configuration.uri ?? PipelineConfiguration.defaultURI
    let origin = configuration.uriOrigin.map { "\($0): " } ?? ""
    if let fault = ConnectionOptions.misspelling(in: uri) {
      throw PipelineFailure(.configuration, origin + fault)
    }
    var options = StoreOptions(confirmsAtEnd: confirmsAtEnd)
    options.applicationName = ImportingProcess.current.applicationName
    let store: DocumentStore
    do {
      do {
        store = try DocumentStore(uri: uri, databaseName: configuration.chosenDatabase, options: options)
      } catch  where error.code == .badDatabaseName && configuration.chosenDatabase == nil {
        store = try DocumentStore(
          uri: uri, databaseName: configuration.database ?? PipelineConfiguration.defaultDatabase,
          options: options)
      }
    } catch  where error.code == .badURI {
      throw PipelineFailure(.connection, origin + error.message)
    } catch  where error.code == .badDatabaseName {
      throw PipelineFailure(
        .connection, (configuration.chosenDatabaseOrigin.map { "\($0): " } ?? origin) + error.message)
    } catch {
      throw PipelineFailure(.connection, error.message)
    }
    // mongodb://user:password@host/admin is how many write where the user is known.
    guard !["admin", "config", "local"].contains(store.databaseName) else {
      throw PipelineFailure(
        .configuration,
        "\(store.databaseName) is a database of MongoDB's own; name yours with --database, or in the connection string, "
          + "where authSource=\(store.databaseName) says who knows the user")
    }
    return store
  }

  /// The mapping files, compiled.
  package static func mappings(_ configuration: PipelineConfiguration) throws -> MappingSet {
    do {
      if let folder = try configuration.mappingFolder() { return try MappingSet.load(directory: folder) }
      return try MappingSet.builtIn()
    } catch let error as MappingError {
      throw PipelineFailure(.mapping, "\(error)")
    }
  }
}

extension PipelineConfiguration {
  /// The collection of each kind of document: as configured, else as its mapping says.
  ///
  /// Documents of two kinds may have one `_id`: each kind needs a collection of its own.
  package func collectionNames(_ mappings: MappingSet) throws -> [DocumentKind: String] {
    var names: [DocumentKind: String] = [:]
    for kind in DocumentKind.allCases {
      let name = collections[kind.rawValue] ?? mappings.plan(kind)?.collection ?? kind.rawValue
      if let other = names.first(where: { $0.value == name })?.key {
        throw PipelineFailure(
          .configuration,
          "documents.collections: \(other.rawValue) and \(kind.rawValue) would share the collection \(name); give each one "
            + "of its own")
      }
      names[kind] = name
    }
    return names
  }
}

extension ImportRun {
  /// An import as the configuration wants it.
  package init(_ configuration: PipelineConfiguration) throws {
    let mappings = try Database.mappings(configuration)
    self.init(mappings: mappings, collections: try configuration.collectionNames(mappings))
    encounterClasses = configuration.encounterClasses
    chart = configuration.chart
    chartPageBytes = configuration.chartPageBytes
    chartPageEntries = configuration.chartPageEntries
    source = configuration.source
    honoursTransactions = configuration.honoursTransactions
    hasOneServer = configuration.hasOneServer
    configuration.limits.apply(to: &reading)
    if let path = configuration.quarantine { quarantinePath = path }
  }
}

extension ImportRun.Outcome {
  package var exitStatus: ExitStatus {
    if let failure { return failure.exitStatus }
    let total = summary.total
    if summary.files > 0 && summary.unreadableFiles == summary.files && total.read == 0 {
      return .couldNotRun
    }
    return summary.hasFindings ? .findings : .done
  }
}
