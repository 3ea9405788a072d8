/// Positions by the hashes of names, of which there may be any number.
struct NameTable: Sendable {
  /// Stands for a position: several resources answer to the name. A reference by it resolves to none, as the specification has it.
  static let several: Int32 = -1

  private var positions = FiledTable<Int32>()

  /// - Parameter targets: tells whether two positions are one resource's.
  mutating func note(_ position: Int32, under hash: UInt64, among targets: TargetList) {
    positions.note(position, under: hash) { NameTable.joined($0, $1, targets) }
  }

  /// nil where nobody answers to the name.
  func position(of hash: UInt64, among targets: TargetList) -> Int32? {
    positions.value(of: hash) { NameTable.joined($0, $1, targets) }
  }

  func forEach(_ body: (_ position: Int32, _ hash: UInt64) -> Void) { positions.forEach(body) }

  /// Makes what is known quick to find; nothing changes by it.
  mutating func settle(_ targets: TargetList) {
    positions.settle { NameTable.joined($0, $1, targets) }
  }

  private static func joined(_ a: Int32, _ b: Int32, _ targets: TargetList) -> Int32 {
    a == b || (a != several && b != several && targets.isSame(Int(a), Int(b))) ? a : several
  }
}
