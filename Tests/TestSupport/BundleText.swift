/// Bundles for tests, as text.
package enum BundleText {
  package static func bundle(_ type: String, _ entries: [String]) -> String {
    #"{"resourceType":"Bundle","type":"\#(type)","entry":["# + entries.joined(separator: ",") + "]}"
  }

  package static func put(_ resource: String, _ url: String) -> String {
    #"{"fullUrl":"http://example.org/\#(url)","resource":\#(resource),"#
      + #""request":{"method":"PUT","url":"\#(url)"}}"#
  }

  package static func delete(_ url: String) -> String { #"{"request":{"method":"DELETE","url":"\#(url)"}}"# }
}
