import BSON
import FHIRMapping
import FHIRModel

/// Tries every field of a set of mappings with values of its kind: what a document says must export as valid FHIR, and come
/// back as it was.
struct MappingProbe {
  private let bench: MappingBench
  private(set) var findings: [MappingCheck.Finding] = []

  init(_ mappings: MappingSet) {
    bench = MappingBench(mappings)
    for kind in DocumentKind.mapped {
      guard let plan = mappings.plan(kind) else { continue }
      let probes = plan.probes
      // A field that is wrong by itself says nothing against those beside it.
      let sound = probes.filter { probe in
        !probe.values.contains { !tryAlone($0, probe, kind) }
      }
      for probe in sound {
        for value in probe.values where !tryAmong(value, probe, sound, kind) { break }
      }
    }
  }

  /// A document with this field alone. False where something is wrong.
  private mutating func tryAlone(_ value: BSONValue, _ probe: FieldProbe, _ kind: DocumentKind) -> Bool {
    var alone = MappingBench.Document(kind: kind, id: "probe", fields: ["_id": "probe"])
    alone.fields[probe.name] = value
    do {
      return try isValid(alone, probe)
    } catch {
      add(probe, "cannot be tried: \(error)")
      return false
    }
  }

  /// A document with all others beside it. False where something is wrong.
  private mutating func tryAmong(
    _ value: BSONValue, _ probe: FieldProbe, _ probes: [FieldProbe], _ kind: DocumentKind
  ) -> Bool {
    var among = MappingBench.Document(kind: kind, id: "probe", fields: ["_id": "probe"])
    for other in probes { among.fields[other.name] = other.name == probe.name ? value : other.values.first }
    do {
      return try isValid(among, probe) && comesBack(value, in: among, probe)
    } catch {
      add(probe, "cannot be tried: \(error)")
      return false
    }
  }

  private mutating func isValid(_ document: MappingBench.Document, _ probe: FieldProbe) throws -> Bool {
    for resource in try bench.export(document).resources {
      guard let issue = bench.errors(in: resource.tree).first else { continue }
      add(probe, "a value exports as FHIR that is not valid: \(issue.expression): \(issue.message)")
      return false
    }
    return true
  }

  private mutating func comesBack(
    _ value: BSONValue, in document: MappingBench.Document, _ probe: FieldProbe
  ) throws -> Bool {
    let exported = try bench.export(document).resources
    let back = try bench.documents(of: exported.map(\.tree))
    guard let found = back.first(where: { $0.kind == document.kind })?.fields[probe.name] else {
      add(
        probe,
        "a value that is new does not get into FHIR: no path takes it, or the mapping makes no resource for it"
      )
      return false
    }
    guard found == value else {
      add(probe, "a value that was exported is imported as another")
      return false
    }
    return true
  }

  private mutating func add(_ probe: FieldProbe, _ message: String) {
    findings.append(
      MappingCheck.Finding(probe.place.error(.notInvertible, "\(probe.name): \(message)")))
  }
}
