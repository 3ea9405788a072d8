import Testing

@testable import FHIRPipeline

/// Documents that are planned side by side, and the places in unique indexes that each would have.
@Suite struct ClaimedPlacesTests {
  private func claims(_ document: UInt64, _ places: [UInt64]) -> ClaimedPlaces.Claims {
    Dictionary(uniqueKeysWithValues: places.map { ($0, .init(document: document, reason: "taken \($0)")) })
  }

  @Test func `a place that two found free is given to one`() {
    let places = ClaimedPlaces()
    #expect(places.owner(of: 7) == nil)
    #expect(places.claim(claims(1, [7, 8])) == nil)
    #expect(places.claim(claims(2, [7])) == "taken 7")
    #expect(places.owner(of: 7) == 1)
  }

  @Test func `who cannot have one place takes none`() {
    let places = ClaimedPlaces()
    #expect(places.claim(claims(1, [7])) == nil)
    #expect(places.claim(claims(2, [6, 7])) != nil)
    #expect(places.owner(of: 6) == nil)
  }

  @Test func `a document that changes leaves its former places`() {
    let places = ClaimedPlaces()
    #expect(places.claim(claims(1, [7])) == nil)
    #expect(places.claim(claims(1, [8])) == nil)
    #expect(places.claim(claims(2, [7])) == nil)
    #expect(places.claim(claims(2, [8])) == "taken 8")
  }
}
