import Testing

@testable import FHIRPipeline

@Suite("Names that documents keep of what others may call them by")
struct StoredNameTests {
  private func finds(_ name: String, type: String, system: String?, value: String) -> Bool {
    let stored = StoredName.identifier(type: type, system: system, value: value)
    switch StoredName.search(name) {
    case .anyOf(let texts): return texts.contains(stored)
    case .range(let from, let to):
      return !stored.utf8.lexicographicallyPrecedes(from.utf8)
        && stored.utf8.lexicographicallyPrecedes(to.utf8)
    }
  }

  private func name(_ system: String?, _ value: String) -> String {
    TargetIndex.identifierName(type: "Patient", system: system, value: value)
  }

  @Test(
    "an identifier is found by its system and value, and by its value alone",
    arguments: ["1", "a|b", "100%", "%7C", "|", "ä \u{1F600}", "http://s", "1}", ""])
  func identifierIsFound(value: String) {
    for system in ["http://s", "urn:oid:1.2", "http://s|4.0", nil] {
      if let system {
        #expect(finds(name(system, value), type: "Patient", system: system, value: value))
      }
      #expect(finds(name(nil, value), type: "Patient", system: system, value: value))
    }
  }

  @Test(
    "others are not found: another value, system or type, a longer value, one that has the value for its beginning"
  )
  func othersAreNotFound() {
    #expect(!finds(name("http://s", "1"), type: "Patient", system: "http://t", value: "1"))
    #expect(!finds(name("http://s", "1"), type: "Patient", system: "http://s", value: "2"))
    #expect(!finds(name("http://s", "1"), type: "Person", system: "http://s", value: "1"))
    #expect(!finds(name("http://s", "1"), type: "Patient", system: nil, value: "1"))
    for value in ["10", "1|", "1|http://s", "1%", "1}", "1 "] {
      #expect(!finds(name(nil, "1"), type: "Patient", system: "http://s", value: value), "\(value)")
    }
  }

  @Test(
    "a fullUrl that is the urn of the document's own _id, or a server's URL of it, is not kept, for it is found without"
  )
  func fullUrlFollowsFromID() {
    let urn = "urn:uuid:23e94d3d-84ea-7018-54d3-4268945394cd"
    let id = "23e94d3d-84ea-7018-54d3-4268945394cd"
    #expect(StoredName.follows(urn, from: id, key: "Claim/" + id))
    func ids(_ name: String, prefix: String) -> [String] {
      StoredName.documentIDs(name, key: StoredName.key(name, bases: ["http://server/fhir"]), prefix: prefix)
    }
    #expect(ids(urn, prefix: "").contains(id))
    #expect(ids(urn, prefix: "").contains("Claim/" + id))
    #expect(ids(urn, prefix: "north.").contains("Claim/north." + id))
    #expect(!StoredName.follows(urn, from: "1", key: "Claim/1"))
    for base in [ExportOptions.ownBaseURL, "http://server/fhir"] {
      let url = base + "/Patient/1"
      #expect(StoredName.follows(url, from: "1", key: "Patient/1"))
      #expect(!StoredName.follows(url, from: "1", key: "Practitioner/1"))
      #expect(ids(url, prefix: "") == ["1", "Patient/1"])
      #expect(ids(url, prefix: "north.") == ["north.1", "Patient/north.1"])
      #expect(StoredName.key(url, bases: [base]) == "Patient/1")
      #expect(StoredName.key(url + "/_history/2", bases: [base]) == nil)
    }
    // Nobody knows that server.
    #expect(ids("http://other/fhir/Patient/1", prefix: "").isEmpty)
    #expect(ids("http://server/Patient/1", prefix: "").isEmpty)
  }
}
