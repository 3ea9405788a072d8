package import FHIRModel

/// The element names and types that the pipeline itself asks for, looked up once.
package struct KnownNames: Sendable {
  package let id: NameID
  package let identifier: NameID
  package let system: NameID
  package let value: NameID
  package let fullUrl: NameID
  package let entry: NameID
  package let resource: NameID
  package let reference: NameID
  package let name: NameID
  package let contained: NameID
  package let start: NameID
  package let participant: NameID
  package let actor: NameID
  package let type: NameID
  package let display: NameID
  package let request: NameID
  package let method: NameID
  package let url: NameID
  package let ifMatch: NameID
  package let ifNoneExist: NameID
  package let ifNoneMatch: NameID
  package let meta: NameID
  package let versionId: NameID
  package let issue: NameID
  package let severity: NameID
  package let search: NameID
  package let mode: NameID
  package let link: NameID
  package let relation: NameID
  package let response: NameID
  package let etag: NameID
  package let lastModified: NameID

  package init(table: DefinitionTable = .r4) {
    func known(_ name: String) -> NameID {
      guard let id = table.nameID(name) else { preconditionFailure("R4 has an element called \(name)") }
      return id
    }
    id = known("id")
    identifier = known("identifier")
    system = known("system")
    value = known("value")
    fullUrl = known("fullUrl")
    entry = known("entry")
    resource = known("resource")
    reference = known("reference")
    name = known("name")
    contained = known("contained")
    start = known("start")
    participant = known("participant")
    actor = known("actor")
    type = known("type")
    display = known("display")
    request = known("request")
    method = known("method")
    url = known("url")
    ifMatch = known("ifMatch")
    ifNoneExist = known("ifNoneExist")
    ifNoneMatch = known("ifNoneMatch")
    meta = known("meta")
    versionId = known("versionId")
    issue = known("issue")
    severity = known("severity")
    search = known("search")
    mode = known("mode")
    link = known("link")
    relation = known("relation")
    response = known("response")
    etag = known("etag")
    lastModified = known("lastModified")
  }

  package static let r4 = KnownNames()
}
