import FHIRFormats
import FHIRModel

/// Entries that were not made because another was to be made in their place, which the database then did not take.
extension ImportContext {
  /// Sets them aside: nobody has what they have. To know them the files that they came from are read once more.
  func setAsideKeptOut() throws {
    let (names, files) = conditions.broken
    for number in files.sorted() {
      let file = self.files[number]
      do {
        let reader = try file.open(options: run.reading)
        while let record = try reader.next() {
          if Interruption.isAsked { throw PipelineFailure.interrupted }
          guard let resource = RecordResource(record), let request = EntryRequest(record),
            let name = request.condition(ofType: resource.type) ?? resource.searched(by: request),
            names.contains(name), case .kept = existing(record, resource)
          else { continue }
          ledger.setAside(record, resource, keptOutAt: KnownNames.r4.ifNoneExist, source: file.name)
        }
      } catch let failure as PipelineFailure {
        throw failure
      } catch {
        throw PipelineFailure(.stopped, "\(file.name): could not be read again: \(error)")
      }
    }
  }
}
