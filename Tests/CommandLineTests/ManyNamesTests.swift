import BSON
import Foundation
import Testing

/// Lines that refer to many by what they are called elsewhere: the database is asked for many of them at once.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ManyNamesTests {
  private static let count = 600
  private static let server = "https://other.example/fhir/"

  private enum Way: CaseIterable {
    case search, url, identifier

    func subject(_ number: Int) -> String {
      switch self {
      case .search: #""reference":"Patient?identifier=https://h.example/mrn|\#(number)""#
      case .url: #""reference":"\#(ManyNamesTests.server)Patient/p\#(number)""#
      case .identifier: #""identifier":{"system":"https://h.example/mrn","value":"\#(number)"}"#
      }
    }
  }

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func observations(_ way: Way) -> String {
    (0..<Self.count).map { number in
      #"{"resourceType":"Observation","id":"o\#(number)","status":"final","code":{"text":"x"},"#
        + #""subject":{\#(way.subject(number))}}"# + "\n"
    }.joined()
  }

  /// The patients, as their server calls them.
  private func patients(_ numbers: some Sequence<Int>) -> String {
    #"{"resourceType":"Bundle","type":"collection","entry":["#
      + numbers.map { number in
        #"{"fullUrl":"\#(Self.server)Patient/p\#(number)","resource":{"resourceType":"Patient","id":"p\#(number)","#
          + #""identifier":[{"system":"https://h.example/mrn","value":"\#(number)"}]}}"#
      }.joined(separator: ",") + "]}"
  }

  @Test(arguments: Way.allCases) private func `lines find whom they mean, with few questions`(way: Way) throws
  {
    _ = try workspace.importFiles(try workspace.write("patients.json", patients(0..<Self.count)))
    let lines = try workspace.write("observations.ndjson", observations(way))
    let asked = try workspace.questions {
      let summary = try workspace.importFiles(lines)
      #expect(summary.loaded.inserted == Self.count)
    }
    #expect(asked < Self.count / 4)
    for number in [0, 17, 301, Self.count - 1] {
      let chart = try workspace.document("p\(number)", in: "patient_chart")
      #expect(chart["observations"]?.elements?.count == 1)
    }
  }

  @Test(arguments: [Way.search, .url])
  private func `whom nobody knows is looked for at once, in an import and in an export`(way: Way) throws {
    _ = try workspace.importFiles(try workspace.write("patients.json", patients([3])))
    let lines = try workspace.write("observations.ndjson", observations(way))
    _ = try workspace.importFiles(lines)
    let again = try workspace.questions {
      let summary = try workspace.importFiles(lines)
      #expect(summary.loaded.unchanged == Self.count)
    }
    #expect(again < Self.count / 4)
    var exported = ""
    let asked = try workspace.questions {
      exported = try workspace.run("export", "--quiet", "--out", "-", "--format", "ndjson").output
    }
    #expect(asked < Self.count / 4)
    #expect(exported.components(separatedBy: #""subject":{"reference":"Patient/p3"}"#).count == 2)
    #expect(exported.components(separatedBy: "\"reference\":").count == Self.count + 1)
  }
}
