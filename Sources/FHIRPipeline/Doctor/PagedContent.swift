import BSON
import DocumentStore
import FHIRMapping

/// The content of a stored document with all its pages, as its hash stands for it, in little memory however many those are.
struct PagedContent {
  private let head: StoredContent
  private let items: SortedItems

  /// nil where there is no such document.
  init?(
    of id: String, count: Int, at place: DocumentPlace, _ connection: borrowing StoreConnection
  ) throws {
    var head: StoredContent?
    var holder = id
    var items = SortedItems()
    try connection.forEachPage(of: id, count: count, at: place) { page in
      if head == nil {
        if place.field == nil {
          holder = try DocumentReader.holder(of: page, place.owner == nil ? nil : .chart)
        }
        head = try StoredContent(page, of: holder, gathersItems: false)
      }
      var section = 0
      try StoredContent.forEachItem(of: page, in: holder) { name in
        section = items.place(of: name)
      } _: { key, words in
        try items.add(key, words, to: section)
      }
    }
    guard let head else { return nil }
    try items.finish()
    self.head = head
    self.items = items
  }

  var hash: String? { head.hash }

  /// Whether the hash is that of the content.
  var isAsHashed: Bool { get throws { try head.isAsHashed { try items.digest(&$0) } } }

  /// The hash that the content has with these links.
  func hash(links: [AppointmentLink]) throws -> String {
    try head.hash(links: links) { try items.digest(&$0) }
  }
}
