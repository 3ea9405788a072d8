import FHIRDefinitions
import FHIRValidation

/// Profiles that the user demands of every resource: without their definitions the run would say nothing of what it was asked.
struct RootProfiles {
  private let definitions: ConformanceStore

  init(_ definitions: ConformanceStore) { self.definitions = definitions }

  func check(_ profiles: [String]) throws(PipelineFailure) {
    for profile in profiles where definitions.structureDefinition(profile) == nil {
      throw PipelineFailure(.configuration, "--profile \(profile): \(reason(profile))")
    }
  }

  private func reason(_ profile: String) -> String {
    if definitions.resource(.structureDefinition, canonical: profile) != nil {
      let problems = definitions.problems.map(\.description).joined(separator: "; ")
      return "its definition cannot be used" + (problems.isEmpty ? "" : ": " + problems)
    }
    let url = String(profile.prefix { $0 != "|" })
    let versions = definitions.versions(.structureDefinition, url: url).filter { !$0.isEmpty }
    if profile != url, !versions.isEmpty {
      return "this version is not at hand, only: \(versions.joined(separator: ", "))"
    }
    let name = url.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let near = definitions.urls(.structureDefinition).first {
      $0.split(separator: "/").last.map { $0.lowercased() } == name
    }
    return "no package at hand defines this profile"
      + (near.map { "; did you mean \($0)?" } ?? " (--package FILE brings it)")
  }
}
