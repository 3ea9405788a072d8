import FHIRModel

/// Checks the form of a Bundle's entry: it holds something, and its fullUrl agrees with its resource.
///
/// See https://hl7.org/fhir/R4/bundle.html#bundle-unique, bdl-5 and bdl-8.
enum BundleEntryRule {
  static func check(_ entry: Int, _ walk: inout StructureWalk) {
    let names = walk.plan.names
    var resource: Int?
    var fullUrl: Int?
    var marks: BundleScope.Marks = []
    for child in walk.tree.children(of: entry) {
      switch walk.nodes[child].name {
      case names.resource:
        resource = child
        marks.insert(.resource)
      case names.fullUrl: fullUrl = child
      case names.request: marks.insert(.request)
      case names.response: marks.insert(.response)
      case names.search: marks.insert(.search)
      default: break
      }
    }
    walk.noteEntry(entry, resource: resource, fullUrl: fullUrl, marks: marks)
    let kind = walk.nodes[entry].flags.kind
    if kind != .none {
      // Of what is no object there is nothing else to say.
      walk.report(
        .error, .valueKind, at: entry,
        "an entry of a Bundle must be a JSON object, not \(FormRule.noun(kind, walk.form))")
    } else if marks.isDisjoint(with: [.resource, .request, .response]) {
      walk.report(
        .error, .invariant("bdl-5"), at: entry,
        "an entry must have a resource, unless it has a request or a response")
    }
    if let fullUrl { check(fullUrl: fullUrl, of: entry, resource: resource, &walk) }
  }

  private static func check(fullUrl: Int, of entry: Int, resource: Int?, _ walk: inout StructureWalk) {
    let text = walk.withText(fullUrl) { Array($0) }
    text.withUnsafeBufferPointer { url in
      guard !url.isEmpty, !ByteSearch.hasWhitespace(url) else { return }
      let form = LiteralReference(url, walk.plan.table)
      guard form.isAbsolute else {
        walk.report(
          .error, .bundleEntry, at: entry, position: fullUrl, value: fullUrl,
          "Bundle.entry.fullUrl must be absolute: a URL with its server, or urn:uuid:… or urn:oid:…")
        return
      }
      if form.isVersioned {
        walk.report(
          .error, .invariant("bdl-8"), at: entry, position: fullUrl, value: fullUrl,
          "Bundle.entry.fullUrl must name the resource, not a version of it (no /_history/)")
        return
      }
      if let resource, form.isHTTP { check(form, url, of: entry, resource: resource, &walk) }
    }
  }

  private static func check(
    _ form: LiteralReference, _ url: UnsafeBufferPointer<UInt8>, of entry: Int, resource: Int,
    _ walk: inout StructureWalk
  ) {
    guard let id = walk.tree.child(walk.plan.names.id, of: resource) else {
      // A resource that is yet to be created has no id: the server gives one.
      if form.type != nil && !isCreated(entry, walk) {
        walk.report(
          .error, .bundleEntry, at: entry,
          "Bundle.entry.fullUrl is a resource's address on a server, but the resource has no id")
      }
      return
    }
    let last = url.suffix(from: (url.lastIndex(of: UInt8(ascii: "/")) ?? 0) + 1)
    let agrees = walk.withText(id) { $0.elementsEqual(last) }
    let table = walk.plan.table
    let typeAgrees = form.type.map { $0 == table.resourceTypeID(walk.tree.rawText(resource)) } ?? true
    if !agrees {
      walk.report(
        .error, .bundleEntry, at: entry,
        "Bundle.entry.fullUrl and the resource's id differ: the URL must end with the id")
    } else if !typeAgrees {
      walk.report(
        .error, .bundleEntry, at: entry,
        "Bundle.entry.fullUrl names another resource type than the resource has")
    }
  }

  /// Whether an entry's request is a POST.
  private static func isCreated(_ entry: Int, _ walk: borrowing StructureWalk) -> Bool {
    guard let request = walk.tree.child(walk.plan.names.request, of: entry),
      let method = walk.tree.child(walk.plan.names.method, of: request)
    else { return false }
    return walk.tree.rawText(method).elementsEqual("POST".utf8)
  }
}
