internal import CDefinitions
internal import FHIRModel

/// A value set made ready for look-ups: a hash table of codes, or what its definition selects.
package final class ValueSetPlan: Sendable {
  package let canonical: String
  /// How people call it: the last part of its URL.
  package let name: String
  /// Why it cannot judge every code; nil if it can.
  package let doubt: TerminologyVerdict.Doubt?
  private let content: Content
  /// How many selections a look-up goes through.
  private let cost: Int

  enum Content: Sendable {
    /// A list in the definition table.
    case table(DefinitionTable, Int)
    case composed(Composition)
    /// Nothing is known.
    case unknown
  }

  struct Composition: Sendable {
    var include: [Selection] = []
    var exclude: [Selection] = []
    var activeOnly = false
    /// The codes of an expansion, consulted where the composition cannot tell.
    var expansion: Expansion?
  }

  struct Expansion: Sendable {
    let members: CodeIndex
    let isComplete: Bool
  }

  package struct Member: Hashable, Sendable {
    package let system: String
    package let code: String

    /// The key by which an expansion finds it.
    var key: String { system + "\u{0}" + code }
  }

  init(canonical: String, content: Content, doubt: TerminologyVerdict.Doubt?) {
    self.canonical = canonical
    self.content = content
    self.doubt = doubt
    let url = canonical.prefix { $0 != "|" }
    if case .composed(let composition) = content { cost = Self.cost(of: composition) } else { cost = 1 }
    name = url.split(whereSeparator: { $0 == "/" || $0 == "#" }).last.map(String.init) ?? canonical
  }

  static func cost(of composition: Composition) -> Int {
    (composition.include + composition.exclude).reduce(1) { sum, selection in
      sum + 1 + selection.valueSets.reduce(0) { $0 + $1.cost }
    }
  }

  // MARK: Membership

  /// Whether it holds a code. A code without a system is sought in all its systems: the element implies the system.
  package func membership(
    system: UnsafeBufferPointer<UInt8>?, code: UnsafeBufferPointer<UInt8>
  ) -> Membership {
    switch content {
    case .table(let table, let index):
      return Membership(table.contains(code: code, system: system, valueSet: index))
    case .unknown: return .unknown
    case .composed(let composition): return membership(composition, system: system, code: code)
    }
  }

  package func membership(system: String?, code: String) -> Membership {
    var code = code
    guard var system else { return code.withUTF8 { membership(system: nil, code: $0) } }
    return code.withUTF8 { code in system.withUTF8 { membership(system: $0, code: code) } }
  }

  private func membership(
    _ composition: Composition, system: UnsafeBufferPointer<UInt8>?, code: UnsafeBufferPointer<UInt8>
  ) -> Membership {
    var membership = Membership.no
    for selection in composition.include where membership != .yes {
      membership =
        membership
        || selection.membership(system: system, code: code, activeOnly: composition.activeOnly)
    }
    for selection in composition.exclude where membership != .no {
      membership =
        membership && !selection.membership(system: system, code: code, activeOnly: false)
    }
    guard let expansion = composition.expansion,
      membership == .unknown || composition.include.isEmpty
    else { return membership }
    return expansion.membership(system: system, code: code)
  }

  // MARK: What it is about

  /// Whether codes of a system may be in it; true where nothing is known.
  package func names(system: UnsafeBufferPointer<UInt8>) -> Bool {
    switch content {
    case .unknown: true
    case .table(let table, let index):
      table.codes(of: index).contains { table.bytes(ofString: $0.system).elementsEqual(system) }
    case .composed(let composition):
      composition.include.contains { $0.names(system: system) }
        || composition.include.isEmpty && composition.expansion != nil
    }
  }

  /// Whether anything is known of its codes.
  package var isKnown: Bool {
    if case .unknown = content { false } else { true }
  }

  /// Whether it is all of a grammar: every language, every MIME type, every unit.
  package var grammar: KnownSystem.Grammar? {
    guard case .composed(let composition) = content, composition.include.count == 1,
      composition.exclude.isEmpty, let selection = composition.include.first, selection.valueSets.isEmpty,
      case .all = selection.codes
    else { return nil }
    return selection.system?.grammar
  }

  /// Its codes, if all can be listed and are no more than so many.
  package func list(limit: Int) -> [Member]? {
    switch content {
    case .unknown: return nil
    case .table(let table, let index):
      guard table.codes(of: index).count <= limit else { return nil }
      return table.codes(of: index).map {
        Member(system: table.string($0.system), code: table.string($0.code))
      }
    case .composed(let composition):
      guard !composition.include.isEmpty else { return composition.expansion?.list(limit: limit) }
      var seen: Set<Member> = []
      var members: [Member] = []
      for selection in composition.include {
        guard let part = selection.list(limit: limit) else {
          return composition.expansion?.list(limit: limit)
        }
        members += part.filter { seen.insert($0).inserted }
        if members.count > limit { return nil }
      }
      if composition.exclude.isEmpty && !composition.activeOnly { return members }
      return members.filter { membership(system: $0.system, code: $0.code) != .no }
    }
  }
}

extension ValueSetPlan.Expansion {
  /// Codes are found by system and code, and by the code alone.
  init(members: [ValueSetPlan.Member], isComplete: Bool) {
    self.members = CodeIndex(members.map(\.key) + members.map { "\u{0}" + $0.code })
    self.isComplete = isComplete
  }

  func membership(system: UnsafeBufferPointer<UInt8>?, code: UnsafeBufferPointer<UInt8>) -> Membership {
    let systemLength = system?.count ?? 0
    let isMember = withUnsafeTemporaryAllocation(
      of: UInt8.self, capacity: systemLength + code.count + 1
    ) { key in
      if let system { _ = key.initialize(fromContentsOf: system) }
      key.initializeElement(at: systemLength, to: 0)
      for i in code.indices { key.initializeElement(at: systemLength + 1 + i, to: code[i]) }
      return members.number(of: UnsafeBufferPointer(key)) != nil
    }
    if isMember { return .yes }
    return isComplete ? .no : .unknown
  }

  func list(limit: Int) -> [ValueSetPlan.Member]? {
    guard isComplete, members.count / 2 <= limit else { return nil }
    return (0..<members.count / 2).map {
      let parts = members.code($0).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      return ValueSetPlan.Member(
        system: String(decoding: parts[0], as: UTF8.self), code: String(decoding: parts[1], as: UTF8.self))
    }
  }
}
