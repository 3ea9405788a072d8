/// What is known, without a server, of a code.
package enum TerminologyVerdict: Hashable, Sendable {
  case valid
  case invalid(Reason)
  case cannotTell(Doubt)

  package enum Reason: Hashable, Sendable {
    case notInValueSet
    /// The code system is at hand, and has no such code.
    case notInCodeSystem
    /// The code has not the form that its code system's codes have.
    case malformed
    /// The code system calls the code otherwise.
    case wrongDisplay(String)
  }

  /// What would have to be at hand; canonical URLs, which are no patient data.
  package enum Doubt: Hashable, Sendable {
    case noValueSet(String)
    case noCodeSystem(String)
    /// The code system at hand holds a part of its codes only.
    case incompleteCodeSystem(String)
    /// A selection that cannot be evaluated: an unknown operator, a pattern that is none.
    case filter(String)
    /// Value sets that contain each other, or stand too deep within each other.
    case circular(String)
    /// A code without its system.
    case noSystem
  }
}

extension TerminologyVerdict.Doubt: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noValueSet(let url): "the value set \(url) is not at hand"
    case .noCodeSystem(let url): "the code system \(url) is not at hand"
    case .incompleteCodeSystem(let url): "the code system \(url) is at hand in part only"
    case .filter(let url): "the value set \(url) selects codes in a way that cannot be evaluated here"
    case .circular(let url): "the value set \(url) is defined by itself"
    case .noSystem: "the code has no system"
    }
  }
}

/// Whether something holds a code: yes, no, or nobody knows.
package enum Membership: UInt8, Sendable {
  case no, yes, unknown

  package init(_ isMember: Bool) { self = isMember ? .yes : .no }

  static func || (a: Membership, b: Membership) -> Membership {
    if a == .yes || b == .yes { return .yes }
    return a == .no && b == .no ? .no : .unknown
  }

  static func && (a: Membership, b: Membership) -> Membership {
    if a == .no || b == .no { return .no }
    return a == .yes && b == .yes ? .yes : .unknown
  }

  static prefix func ! (a: Membership) -> Membership {
    switch a {
    case .no: .yes
    case .yes: .no
    case .unknown: .unknown
    }
  }
}
