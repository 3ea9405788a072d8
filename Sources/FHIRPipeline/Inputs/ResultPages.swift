import FHIRModel

/// What Bundles say of the pages that follow them: a server gives the results of a search, or a history, in several.
///
/// See https://hl7.org/fhir/R4/http.html#paging
struct ResultPages: Sendable, Equatable {
  /// Pages beyond these are not told apart.
  private static let mostNames = 1 << 16

  /// Bundles that name a next page.
  private var withNext = 0
  /// Hashes of the addresses of next pages, and of those that Bundles go by.
  private var next: Set<UInt64> = []
  private var own: Set<UInt64> = []

  /// - Parameter bundle: the Bundle's members, without its entries or with them.
  mutating func take(_ bundle: ResourceTree) {
    let names = KnownNames.r4
    guard bundle.count > 0, bundle.rawText(0).elementsEqual("Bundle".utf8) else { return }
    var hasNext = false
    for link in bundle.children(of: 0) where bundle.nodes[link].name == names.link {
      guard let relation = bundle.child(names.relation, of: link), let url = bundle.child(names.url, of: link)
      else { continue }
      let address = NameHash.of(bundle.string(at: url))
      switch bundle.string(at: relation) {
      case "next":
        hasNext = true
        if next.count < ResultPages.mostNames { next.insert(address) }
      case "self":
        if own.count < ResultPages.mostNames { own.insert(address) }
      default: continue
      }
    }
    if hasNext { withNext += 1 }
  }

  mutating func add(_ other: ResultPages) {
    withNext += other.withNext
    next.formUnion(other.next.prefix(ResultPages.mostNames - next.count))
    own.formUnion(other.own.prefix(ResultPages.mostNames - own.count))
  }

  /// How many next pages no Bundle goes by; where they are too many to be told apart, how many Bundles name one.
  var missing: Int {
    next.count < ResultPages.mostNames ? next.subtracting(own).count : withNext
  }

  /// One line for people; nil where no page is missing.
  var line: String? {
    let missing = missing
    guard missing > 0 else { return nil }
    return missing == 1
      ? "a Bundle is one page of several: it names a next page (Bundle.link), and no input calls itself that; get the rest from the "
        + "server"
      : "\(Amount.grouped(missing)) Bundles are pages of more: each names a next page (Bundle.link), and no input calls itself that; "
        + "get the rest from the server"
  }
}
