package import FHIRModel
internal import Synchronization

/// The definitions that a run has at hand: the embedded core of R4, and the packages that stand on it.
///
/// Resources are found by canonical URL, and read only when they are asked for; what was read once is kept. Where
/// several packages define a URL, the one that was named last counts, the core's last of all.
package final class ConformanceStore: Sendable {
  private let packages: [ConformancePackage]
  private let core: ConformanceFile?
  private let state = Mutex(State())

  private struct State {
    var trees: [Key: ResourceTree?] = [:]
    var structures: [String: StructureDefinition?] = [:]
    var problems: [DefinitionError] = []
  }

  private struct Key: Hashable {
    let kind: ConformanceKind
    let canonical: String
  }

  /// - Parameters:
  ///   - packages: in the order of precedence, the weightiest last.
  ///   - core: the core's resources; nil for a store of the packages alone.
  package init(packages: [ConformancePackage] = [], core: ConformanceFile? = .r4) {
    self.packages = packages
    self.core = core
  }

  /// The core alone.
  package static let core = ConformanceStore()

  /// What was wrong with resources that were asked for; they count as absent.
  package var problems: [DefinitionError] { state.withLock { $0.problems } }

  /// `hl7.fhir.us.core#3.1.1`, …: the packages in the order of precedence, the weightiest last.
  package var labels: [String] { packages.map(\.label) }

  // MARK: Resources

  /// The resource of that kind and canonical URL (`url` or `url|version`); nil if there is none.
  ///
  /// Without a version the latest of the weightiest package counts. The tree's names are those of `DefinitionTable.r4`.
  package func resource(_ kind: ConformanceKind, canonical: String) -> ResourceTree? {
    do throws(DefinitionError) {
      return try tree(kind, canonical)
    } catch {
      return nil
    }
  }

  /// The same, with the reason where a resource is there and cannot be read.
  func tree(_ kind: ConformanceKind, _ canonical: String) throws(DefinitionError) -> ResourceTree? {
    let key = Key(kind: kind, canonical: canonical)
    if let known = state.withLock({ $0.trees[key] }) { return known }
    var tree: ResourceTree?
    var problem: DefinitionError?
    do throws(DefinitionError) {
      tree = try find(kind, Canonical(canonical))?.read()
    } catch {
      problem = error
    }
    let shared = state.withLock { state in
      // Another thread may have been faster: all get the same tree.
      if let known = state.trees[key] { return known }
      state.trees[key] = .some(tree)
      if let problem, !state.problems.contains(problem) { state.problems.append(problem) }
      return tree
    }
    if let problem { throw problem }
    return shared
  }

  /// The CodeSystems of the packages that add words to another's concepts.
  ///
  /// See http://hl7.org/fhir/R4/codesystem.html#supplements
  package func supplements(of system: String) -> [ResourceTree] {
    packages.flatMap(\.supplements).compactMap { url in
      guard let tree = resource(.codeSystem, canonical: url),
        let supplemented = NamedElement(root: tree, table: .forDefinitions).string("supplements"),
        Canonical(supplemented).url == system
      else { return nil }
      return tree
    }
  }

  /// The versions at hand of a URL, the weightiest first.
  package func versions(_ kind: ConformanceKind, url: String) -> [String] {
    candidates(kind, url).map(\.version)
  }

  /// The canonical URLs of all resources of a kind, those of the packages and those of the core; each once, sorted.
  package func urls(_ kind: ConformanceKind) -> [String] {
    var urls: Set<String> = []
    for package in packages { urls.formUnion(package.urls(kind)) }
    if let core {
      for i in 0..<core.count where core.entry(i).kind == kind { urls.insert(core.entry(i).url) }
    }
    return urls.sorted()
  }

  // MARK: Structures

  /// The StructureDefinition of that canonical URL, with a whole snapshot; nil if there is none.
  package func structureDefinition(_ canonical: String) -> StructureDefinition? {
    if let known = state.withLock({ $0.structures[canonical] }) { return known }
    var structure: StructureDefinition?
    var problem: DefinitionError?
    do throws(DefinitionError) {
      var reading = StructureReading(store: self)
      structure = try reading.structure(canonical)
    } catch {
      problem = error
    }
    return state.withLock { state in
      if let known = state.structures[canonical] { return known }
      state.structures[canonical] = .some(structure)
      if let problem, !state.problems.contains(problem) { state.problems.append(problem) }
      return structure
    }
  }

  /// A structure that was read before, or nil.
  func known(_ canonical: String) -> StructureDefinition? {
    state.withLock { $0.structures[canonical] ?? nil }
  }

  // MARK: Finding

  /// A resource that was found and not read.
  struct Found {
    let version: String
    let package: String
    let file: String
    let load: () throws(DefinitionError) -> SourceChunk

    func read() throws(DefinitionError) -> ResourceTree {
      try NamedElement.read(try load(), package: package, file: file)
    }
  }

  func find(_ kind: ConformanceKind, _ canonical: Canonical) -> Found? {
    let candidates = candidates(kind, canonical.url)
    guard let version = canonical.version else { return candidates.first }
    // R4's own v2 tables bear a version in their very URL: `…/CodeSystem/v2-0006|2.1`.
    if candidates.isEmpty { return self.candidates(kind, canonical.url + "|" + version).first }
    // `4.0` stands for whichever 4.0.x there is.
    return candidates.first { $0.version == version }
      ?? candidates.first { $0.version.hasPrefix(version + ".") }
  }

  /// All versions of a URL, the weightiest first.
  private func candidates(_ kind: ConformanceKind, _ url: String) -> [Found] {
    var found: [Found] = []
    for package in packages.reversed() { found += package.find(kind, url) }
    if let core {
      for index in core.find(kind, url).reversed() {
        let entry = core.entry(index)
        found.append(
          Found(version: entry.version, package: "hl7.fhir.r4.core#4.0.1", file: entry.url) {
            core.chunk(index)
          })
      }
    }
    return found
  }
}
