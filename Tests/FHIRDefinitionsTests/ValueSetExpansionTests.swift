import Testing

@testable import FHIRDefinitions

@Suite struct ValueSetExpansionTests {
  static let animals = CodeSystem(
    url: "http://example.org/animals", version: "1", isComplete: true,
    concepts: [
      .init(code: "animal", parents: []), .init(code: "bird", parents: [0]), .init(code: "owl", parents: [1]),
      .init(code: "fish", parents: [0]), .init(code: "robot", parents: []),
    ])
  static let fragment = CodeSystem(
    url: "http://example.org/fragment", version: "1", isComplete: false,
    concepts: [.init(code: "one", parents: [])])

  typealias Selection = ValueSet.Selection

  @Test func `a whole system, its list, and a filter give their codes`() {
    #expect(codes([Selection(system: Self.animals.url)]) == ["animal", "bird", "owl", "fish", "robot"])
    #expect(codes([Selection(system: Self.animals.url, codes: ["owl", "fish"])]) == ["owl", "fish"])
    #expect(codes([filtered("is-a", "bird")]) == ["bird", "owl"])
    #expect(codes([filtered("descendent-of", "animal")]) == ["bird", "owl", "fish"])
  }

  @Test func `a listed code needs no code system`() {
    #expect(codes([Selection(system: "http://example.org/absent", codes: ["x"])]) == ["x"])
  }

  @Test func `what cannot be decided is not known`() {
    #expect(codes([Selection(system: Self.fragment.url)]) == nil)
    #expect(codes([Selection(system: "http://example.org/absent")]) == nil)
    #expect(codes([filtered("regex", "b.*")]) == nil)
    #expect(codes([filtered("is-a", "unicorn")]) == nil)
    #expect(codes([Selection(valueSets: ["http://example.org/absent"])]) == nil)
    #expect(expansion([]).codes(of: "http://example.org/none") == .unknown)
  }

  @Test func `parts add up, exclusions are taken away, and no code stands twice`() {
    let set = ValueSet(
      url: "u", version: "", include: [filtered("is-a", "bird"), filtered("is-a", "animal")],
      exclude: [Selection(system: Self.animals.url, codes: ["fish"])])
    #expect(expansion([set]).codes(of: "u") == listed(["bird", "owl", "animal"]))
  }

  @Test func `a value set within a system's selection keeps what is in both`() {
    let birds = ValueSet(url: "birds", version: "", include: [filtered("is-a", "bird")])
    let both = ValueSet(
      url: "both", version: "",
      include: [Selection(system: Self.animals.url, codes: ["owl", "fish"], valueSets: ["birds|1"])])
    #expect(expansion([birds, both]).codes(of: "both") == listed(["owl"]))
  }

  @Test func `a value set that contains itself is not known`() {
    let a = ValueSet(url: "a", version: "", include: [Selection(valueSets: ["b"])])
    let b = ValueSet(url: "b", version: "", include: [Selection(valueSets: ["a"])])
    #expect(expansion([a, b]).codes(of: "a") == .unknown)
  }

  @Test func `a whole expansion is taken, one that is not whole is not`() {
    let codes = [SystemCode(system: "s", code: "x")]
    for (isComplete, expected) in [(true, CodeList.listed(codes)), (false, .unknown)] {
      let set = ValueSet(
        url: "u", version: "", include: [Selection(system: "http://example.org/absent")],
        expansion: ValueSet.Expansion(codes: codes, isComplete: isComplete))
      #expect(expansion([set]).codes(of: "u") == expected)
    }
  }

  @Test func `the expansion of one package completes the definition in another`() {
    let definition = ValueSet(
      url: "u", version: "", include: [Selection(system: "http://example.org/absent")])
    let expanded = ValueSet(
      url: "u", version: "",
      expansion: ValueSet.Expansion(codes: [SystemCode(system: "s", code: "x")], isComplete: true))
    #expect(
      expansion([definition, expanded]).codes(of: "u|4.0.1") == .listed([SystemCode(system: "s", code: "x")]))
  }

  @Test(arguments: [
    ("urn:ietf:bcp:47", CodeList.language), ("urn:ietf:bcp:13", .mime), ("http://unitsofmeasure.org", .ucum),
  ])
  func `a system without a list has its grammar`(system: String, expected: CodeList) {
    let whole = ValueSet(url: "u", version: "", include: [Selection(system: system)])
    #expect(expansion([whole]).codes(of: "u") == expected)
    let some = ValueSet(url: "u", version: "", include: [Selection(system: system, codes: ["x"])])
    #expect(expansion([some]).codes(of: "u") == .listed([SystemCode(system: system, code: "x")]))
  }

  // MARK: Building

  private func filtered(_ operation: String, _ value: String) -> Selection {
    Selection(
      system: Self.animals.url, filters: [.init(property: "concept", operation: operation, value: value)])
  }

  private func expansion(_ sets: [ValueSet]) -> ValueSetExpansion {
    ValueSetExpansion(valueSets: sets, codeSystems: [Self.animals, Self.fragment])
  }

  private func codes(_ include: [Selection]) -> [String]? {
    let set = ValueSet(url: "u", version: "", include: include)
    guard case .listed(let codes) = expansion([set]).codes(of: "u") else { return nil }
    return codes.map(\.code)
  }

  private func listed(_ codes: [String]) -> CodeList {
    .listed(codes.map { SystemCode(system: Self.animals.url, code: $0) })
  }
}
