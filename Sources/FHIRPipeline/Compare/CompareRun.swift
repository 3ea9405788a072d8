package import FHIRFormats
import FHIRModel

/// The work of `fhirline compare`: two sets of FHIR files, resource by resource, as trees.
///
/// JSON and XML, Bundles, bulk data and single files may be compared with each other. The first set is held in memory.
package struct CompareRun: Sendable {
  package var reading = ReadOptions()
  /// Whether the texts of references count.
  package var comparesReferences = true

  package init() {}

  package struct Report: Sendable {
    package var equal = 0
    /// What differs: the resource, and the first difference.
    package var different: [(resource: String, difference: String)] = []
    package var onlyInFirst: [String] = []
    package var onlyInSecond: [String] = []
    /// Resources of the first set that it holds in another form as well: only one of them can come back.
    package var superseded = 0

    package var isEqual: Bool { different.isEmpty && onlyInFirst.isEmpty && onlyInSecond.isEmpty }
  }

  private struct Entry {
    let tree: ResourceTree
    let node: Int
    var isMatched = false
  }

  package func run(_ first: [InputFile], _ second: [InputFile]) throws -> Report {
    var report = Report()
    var known: [String: [Entry]] = [:]
    try forEach(first) { resource in
      known[CompareRun.key(of: resource), default: []].append(Entry(tree: resource.tree, node: resource.node))
    }
    let comparison = TreeComparison(xhtml: { XHTMLComparison.equal($0, $1) })
    try forEach(second) { resource in
      let key = CompareRun.key(of: resource)
      guard var entries = known[key] else {
        report.onlyInSecond.append(key)
        return
      }
      var closest: TreeComparison.Difference?
      for index in entries.indices {
        let difference = comparison.difference(
          entries[index].tree, at: entries[index].node, resource.tree, at: resource.node)
        guard let difference else {
          entries[index].isMatched = true
          known[key] = entries
          report.equal += 1
          return
        }
        closest = closest ?? difference
      }
      entries[0].isMatched = true
      known[key] = entries
      report.different.append((key, closest.map(\.description) ?? ""))
    }
    for (key, entries) in known {
      let unmatched = entries.count { !$0.isMatched }
      if unmatched == entries.count {
        report.onlyInFirst.append(key)
      } else {
        report.superseded += unmatched
      }
    }
    report.onlyInFirst.sort()
    report.onlyInSecond.sort()
    report.different.sort { $0.resource < $1.resource }
    return report
  }

  /// Type and id; for a resource without an id, a digest of its content.
  private static func key(of resource: RecordResource) -> String {
    if let id = resource.tree.child(KnownNames.r4.id, of: resource.node) {
      return resource.type + "/" + resource.tree.string(at: id)
    }
    return resource.type + " without id"
  }

  private func forEach(_ files: [InputFile], _ body: (RecordResource) -> Void) throws {
    for file in files {
      do {
        let reader = try file.open(options: reading)
        while let record = try reader.next() {
          if record.content == .unreadable {
            throw PipelineFailure(.input, "\(file.name): \(record.issues.first?.message ?? "cannot be read")")
          }
          if let resource = RecordResource(record) { body(resource) }
        }
      } catch let failure as ReadFailure {
        throw PipelineFailure(.input, "\(file.name): \(failure.message)")
      }
    }
  }
}

extension CompareRun.Report {
  /// The report for people.
  package func lines(limit: Int = 50) -> [String] {
    var lines: [String] = []
    for (resource, difference) in different.prefix(limit) {
      lines.append("differs: \(resource): \(difference)")
    }
    for resource in onlyInFirst.prefix(limit) { lines.append("only in the first: \(resource)") }
    for resource in onlyInSecond.prefix(limit) { lines.append("only in the second: \(resource)") }
    var line = "\(Amount.of(equal, "resource")) equal, \(Amount.grouped(different.count)) different"
    line +=
      ", \(Amount.grouped(onlyInFirst.count)) only in the first, \(Amount.grouped(onlyInSecond.count)) only in the second"
    if superseded > 0 {
      line += "; \(Amount.grouped(superseded)) in the first stand there more than once under one id"
    }
    lines.append(line)
    // An id that is none may hold anything.
    return lines.map(FindingText.printable)
  }
}
