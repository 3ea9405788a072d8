import FHIRFormats
import FHIRMapping
import FHIRModel

/// What an entry of a Bundle asks to be done: its `request`.
///
/// See http://hl7.org/fhir/R4/bundle.html#transaction
struct EntryRequest {
  enum Method {
    /// POST, PUT, or what has no method: the entry's resource is loaded.
    case write
    case delete
    case patch
    /// GET and HEAD: nothing to be done.
    case read
  }

  let method: Method
  private let isUpdate: Bool
  private let tree: ResourceTree
  private let node: Int

  /// `Patient/1`, or a search.
  var url: String { text(KnownNames.r4.url) ?? "" }
  /// The search that must find nothing for the resource to be made.
  var ifNoneExist: String? { text(KnownNames.r4.ifNoneExist) }

  /// Which versions of the resource the entry is for; nil where it is for any. ETags concern what a GET asks for as well, and a GET
  /// asks for nothing here.
  var precondition: Precondition? {
    Precondition(match: text(KnownNames.r4.ifMatch), noneMatch: text(KnownNames.r4.ifNoneMatch))
  }

  /// nil where the entry asks for nothing.
  init?(_ record: Record) {
    let names = KnownNames.r4
    let tree = record.tree
    guard case .entry = record.content, tree.count > 0, let request = tree.child(names.request, of: 0) else {
      return nil
    }
    self.tree = tree
    node = request
    let verb = tree.child(names.method, of: request).map { tree.string(at: $0) }
    isUpdate = verb == "PUT"
    switch verb {
    case "DELETE": method = .delete
    case "PATCH": method = .patch
    case "GET", "HEAD": method = .read
    default: method = .write
    }
  }

  /// Why what the entry brings is not to be loaded, though it is well made; nil where it is.
  var refusal: Issue? {
    switch method {
    case .patch:
      issue(
        .documentRefused, at: KnownNames.r4.method,
        "PATCH asks for a change of a resource: an import loads whole resources, and applies no patches")
    case .write, .delete, .read: nil
    }
  }

  /// A finding about a member of the request.
  func issue(
    _ rule: Rule, at name: NameID, _ message: String, _ severity: Issue.Severity = .error
  ) -> Issue {
    let place = tree.child(name, of: node) ?? node
    return Issue(
      severity, rule, at: tree.expression(of: place, table: .r4), position: tree.position(of: place), message)
  }

  private func text(_ name: NameID) -> String? { tree.child(name, of: node).map { tree.string(at: $0) } }

  /// The name by which a PUT looks for the one resource of this type that it is to change (a conditional update); nil where it
  /// names one by its id, or asks for what cannot be answered here.
  ///
  /// See http://hl7.org/fhir/R4/http.html#cond-update
  func searched(ofType type: String) -> String? {
    guard isUpdate, case .search(let name) = target, name.hasPrefix(type + "?") else {
      return nil
    }
    return name
  }

  /// The resource that a PUT names by its id.
  ///
  /// See http://hl7.org/fhir/R4/http.html#update
  var updated: TargetIndex.Target? {
    guard isUpdate, case .resource(let target) = target else { return nil }
    return target
  }

  /// What is wrong with an entry whose search finds more than one resource: nobody can tell which it is to change, or whether to
  /// make another.
  var ambiguity: Issue {
    guard ifNoneExist != nil else {
      return issue(.documentRefused, at: KnownNames.r4.url, ImportWorker.severalFound)
    }
    return issue(
      .documentRefused, at: KnownNames.r4.ifNoneExist,
      "the search by \(parameter ?? "identifier") finds several resources of this type: expected one or none, so that it is "
        + "clear whether to make another")
  }

  /// The name that no resource may have for one of this type to be made; nil where the entry sets no such condition, or one
  /// that cannot be answered here.
  func condition(ofType type: String) -> String? {
    guard var text = ifNoneExist else { return nil }
    if text.hasPrefix("?") { text.removeFirst() }
    if text.hasPrefix(TargetIndex.idParameter), !text.contains("&"), !text.contains("%") {
      return type + "?" + text
    }
    guard case .identifierSearch(let type, let system, let value) = ReferenceText(type + "?" + text) else {
      return nil
    }
    return TargetIndex.identifierName(type: type, system: system, value: value)
  }

  /// The name of the parameter that ``ifNoneExist`` searches by.
  var parameter: String? {
    ifNoneExist?.drop { $0 == "?" }.split(separator: "=").first.map(String.init)
  }

  /// What the url names: `Type/id`, also behind a server's address; or the one resource that a search finds.
  var target: Target? {
    let url = url
    guard let mark = url.firstIndex(of: "?") else { return Target(unversioned: url) }
    let query = url[mark...].dropFirst()
    if query.hasPrefix(TargetIndex.idParameter), !query.contains("&"), !query.contains("%") {
      let type = url[..<mark].split(separator: "/").last ?? ""
      return Target(type, id: query.dropFirst(TargetIndex.idParameter.count))
    }
    guard case .identifierSearch(let type, let system, let value) = ReferenceText(url) else { return nil }
    return .search(TargetIndex.identifierName(type: type, system: system, value: value))
  }

  /// What a DELETE names. A history may name the version with which the resource was gone; elsewhere that would be one version alone,
  /// and the resource is to stay.
  func deleted(inHistory: Bool) -> Target? {
    target ?? (inHistory ? Target(unversioned: ReferenceText.unversioned(url)) : nil)
  }

  /// The version with which the resource was gone, as a history tells it of an entry that deletes; nil where it does not. The entries
  /// of a history come in pages, which are read in the order of their names, and some servers put the oldest first.
  ///
  /// See http://hl7.org/fhir/R4/http.html#history
  var gone: Gone? {
    let names = KnownNames.r4
    func said(_ name: NameID) -> String? {
      tree.child(names.response, of: 0).flatMap { tree.child(name, of: $0) }.map { tree.string(at: $0) }
    }
    var number: String?
    if case .these(let ids)? = said(names.etag).flatMap(Precondition.Versions.init) { number = ids.first }
    let url = url
    let base = ReferenceText.unversioned(url)
    if number == nil, base != url { number = String(url.dropFirst(base.count + "/_history/".count)) }
    let gone = Gone(lastModified: said(names.lastModified), versionId: number)
    return gone.version.isSaid ? gone : nil
  }

  /// A version with which a resource was gone, as an entry says it.
  struct Gone: Sendable {
    let lastModified: String?
    let versionId: String?

    var version: ResourceVersion { ResourceVersion(lastUpdated: lastModified, versionId: versionId) }
  }

  enum Target: Equatable, Sendable {
    case resource(TargetIndex.Target)
    /// The name that the one resource must have; see ``TargetIndex/identifierName(type:system:value:)``.
    case search(String)

    /// - Parameter url: ends with `Type/id`.
    fileprivate init?(unversioned url: String) {
      let steps = url.split(separator: "/")
      guard steps.count >= 2 else { return nil }
      self.init(steps[steps.count - 2], id: steps[steps.count - 1])
    }

    fileprivate init?(_ type: Substring, id: Substring) {
      var name = String(type)
      guard name.withUTF8({ DefinitionTable.r4.resourceTypeID($0) }) != nil, !id.isEmpty else { return nil }
      self = .resource(TargetIndex.Target(type: name, id: String(id)))
    }
  }
}
