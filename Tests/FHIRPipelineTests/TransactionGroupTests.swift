import FHIRMapping
import Testing

@testable import FHIRPipeline

/// Which transaction Bundles are written together.
@Suite struct TransactionGroupTests {
  private func transaction(
    _ ids: [String], bytes: Int = 100, deletes: Bool = false
  ) -> BundleTransaction {
    BundleTransaction(
      large: bytes, documentIDs: [.patient: ids],
      deletions: deletes ? [TargetIndex.Target(type: "Patient", id: "x")] : [], forEachBatch: { _ in },
      ended: { _ in })
  }

  @Test func `those that share no document are written together`() {
    var group = TransactionGroup(transaction(["a", "b"]))
    let taken = [["c"], ["d", "b"], ["d"]].map { group.add(transaction($0)) }
    #expect(taken == [true, false, true])
    #expect(group.transactions.count == 3 && group.byteCount == 300)
    #expect(group.whole(ended: { _ in })?.documentIDs[.patient] == ["a", "b", "c", "d"])
  }

  @Test func `one that deletes is written by itself`() {
    var group = TransactionGroup(transaction(["a"]))
    let isTaken = group.add(transaction(["b"], deletes: true))
    #expect(!isTaken)
    #expect(!TransactionGroup(transaction(["a"], deletes: true)).hasRoom)
    #expect(group.whole(ended: { _ in }) == nil)
  }

  @Test func `a group has no more than one exchange with the server takes`() {
    var group = TransactionGroup(transaction(["a"], bytes: 600_000))
    let taken = [600_000, 400_000].map { group.add(transaction(["b\($0)"], bytes: $0)) }
    #expect(taken == [false, true])
    var many = TransactionGroup(transaction(["0"]))
    var number = 0
    while many.hasRoom {
      number += 1
      guard many.add(transaction(["\(number)"])) else { break }
    }
    #expect(many.transactions.count == 64)
  }
}
