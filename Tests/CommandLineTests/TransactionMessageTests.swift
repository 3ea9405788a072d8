import BSON
import Foundation
import TestSupport
import Testing

/// What is said of a transaction that is set aside: who is wrong, and in one line the rest of it.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct TransactionMessageTests {
  /// Entries, each on a line of its own.
  private func transaction(_ count: Int, wrong: Int? = nil, separator: String = "\n") -> String {
    let entries = (0..<count).map { number in
      let gender = number == wrong ? "none" : "female"
      return separator
        + BundleText.put(
          #"{"resourceType":"Patient","id":"p\#(number)","gender":"\#(gender)"}"#, "Patient/p\(number)")
    }
    return BundleText.bundle("transaction", entries)
  }

  private func load(_ workspace: Workspace, _ file: String, setAside count: Int) throws -> [Substring] {
    let outcome = try workspace.run(
      "import", file, "--no-progress", "--quarantine", workspace.path("quarantine.ndjson"))
    #expect(outcome.status == 1)
    #expect(try workspace.read("quarantine.ndjson").split(separator: "\n").count == count)
    #expect(try workspace.documents(in: "patient").isEmpty)
    return outcome.errors.split(separator: "\n").filter { $0.contains(": set aside: ") }
  }

  @Test func `an entry with an error is told, and how many are not loaded for its sake`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.json", transaction(30, wrong: 3))
    let said = try load(workspace, file, setAside: 30)
    #expect(said.count == 2, "\(said)")
    #expect(said.contains { $0.hasPrefix("\(file):5:") && $0.contains("Bundle.entry[3].resource.gender") })
    let rest =
      "\(file): set aside: Bundle: 29 entries of a transaction not loaded: the one that is wrong at line 5, column "
    #expect(said.contains { $0.hasPrefix(rest) }, "\(said)")
  }

  @Test func `what MongoDB refuses is told once, with the line of its Bundle`() throws {
    let workspace = try Workspace()
    try workspace.command(["create": "patient", "validator": ["_id": ["$ne": "p7"]]])
    let file = try workspace.write(
      "in.ndjson",
      #"{"resourceType":"Organization","id":"o","name":"n"}"# + "\n" + transaction(30, separator: ""))
    let said = try load(workspace, file, setAside: 30)
    #expect(said.count == 1, "\(said)")
    #expect(
      said.first?.hasPrefix(
        "\(file):2:1: set aside: Bundle: 30 entries of a transaction not loaded: MongoDB refused ") == true,
      "\(said)")
  }

  @Test func `a Bundle that breaks off is told in one line beside the entry where it does`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("in.json", String(transaction(30).dropLast(40)))
    let said = try load(workspace, file, setAside: 30)
    #expect(
      said.count == 2 && said[0].contains("Bundle.entry[29]: the input ends within the entry"), "\(said)")
    #expect(
      said.last?.contains("29 entries of a transaction not loaded: the Bundle breaks off") == true, "\(said)")
  }
}
