import FHIRFormats
import FHIRModel
import Testing

/// Resources that a reader passes over because nobody asked for them.
@Suite struct JSONSkippingTests {
  private let bundle = #"""
    {
      "resourceType": "Bundle", "type": "transaction",
      "entry": [
        {"fullUrl": "urn:1", "resource": {"resourceType": "Patient", "id": "1", "name": [{"text": "]}{[\"\\"}]}},
        {"fullUrl": "urn:2", "resource": {"resourceType": "Observation", "id": "2", "note": [{"text": "}]\\\"{ é"}],
          "component": [[{}], {"a": {"b": [1, 2.50, null, "\u007d"]}}]}, "request": {"method": "POST", "url": "Observation"}},
        {"request": {"ifNoneExist": "identifier=1", "method": "POST", "url": "Observation"},
          "resource": {"resourceType": "Observation", "id": "3"}},
        {"resource": {"id": "4", "resourceType": "Observation"}},
        {"resource": {"resourceType": "Observation"}, "request": {"url": "\u0069fNoneExist", "method": "POST"}},
        {"request": {"method": "DELETE", "url": "Observation/5"}},
        {"resource" : {"resourceType" : "Observation" , "id" : "6"} },
        {},
        {"resource": {"resourceType": "Observation", "id": "\u0037"}}
      ],
      "total": 1
    }
    """#

  private func skipping(_ wanted: String, chunk: Int = 1 << 20) -> ReadOptions {
    var options = ReadOptions()
    options.chunkBytes = chunk
    options.skips = { type, _, _ in String(decoding: type, as: UTF8.self) != wanted }
    return options
  }

  @Test(arguments: [16, 17, 23, 31, 64, 100, 1000, 1 << 20])
  func `entries of other types are passed over, and those that are left are what they were`(chunk: Int) throws
  {
    let whole = try read(bundle)
    // What is passed over: 2 and 6, and 7, which has no id that could be told.
    let left = [0, 2, 3, 4, 5, 7, 9].map { whole[$0] }
    let records = try read(bundle, options: skipping("Patient", chunk: chunk))
    try #require(records.count == left.count, "\(records.map { word($0.content) })")
    expectSame(left, records, "\(chunk)")
  }

  @Test func `the filter takes the id where it comes next and is written plainly`() throws {
    nonisolated(unsafe) var ids: [String?] = []
    var options = ReadOptions()
    options.skips = { _, id, _ in
      ids.append(id.map { String(decoding: $0, as: UTF8.self) })
      return false
    }
    let whole = try read(bundle)
    expectSame(whole, try read(bundle, options: options), "nothing is passed over")
    #expect(ids == ["1", "2", "6", nil])
  }

  @Test func `lines of other types are passed over, and a Bundle's line is one resource`() throws {
    let lines = #"""
      {"resourceType":"Observation","id":"1","text":{"div":"\"}"}}
      {"resourceType":"Patient","id":"2"}
      {"id":"3","resourceType":"Observation"}
      {"resourceType":"Observation","id":"4"
      {"resourceType":"Patient","id":"5"}
      """#
    let records = try read(lines, name: "a.ndjson", options: skipping("Patient"))
    #expect(records.map { word($0.content) } == ["resource", "resource", "resource"])
  }

  @Test(arguments: [
    #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation""#,
    #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation"}}"#,
    #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation"}} x]}"#,
    #"{"resourceType":"Bundle","entry":[{"resource" {"resourceType":"Observation"}}]}"#,
    #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation"},}]}"#,
  ])
  func `a Bundle that breaks off or is misspelt ends with an unreadable record all the same`(text: String)
    throws
  {
    for chunk in [16, 1 << 20] {
      let records = try read(text, options: skipping("Patient", chunk: chunk))
      #expect(records.last.map { $0.content == .unreadable } == true, "\(text)")
    }
  }
}
