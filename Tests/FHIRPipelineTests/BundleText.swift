/// Bundles for tests, as text.
enum BundleText {
  static func bundle(_ type: String, _ entries: [String]) -> String {
    #"{"resourceType":"Bundle","type":"\#(type)","entry":["# + entries.joined(separator: ",") + "]}"
  }

  static func put(_ resource: String, _ url: String) -> String {
    #"{"fullUrl":"http://example.org/\#(url)","resource":\#(resource),"#
      + #""request":{"method":"PUT","url":"\#(url)"}}"#
  }

  static func delete(_ url: String) -> String { #"{"request":{"method":"DELETE","url":"\#(url)"}}"# }
}
