import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel
import Synchronization

/// Where every resource of an import is accounted for: read, then inserted, replaced, unchanged or set aside.
final class ImportLedger: Sendable {
  /// Findings about this many resources are shown as they come; all are in the quarantine file.
  private static let shown = 20

  private struct State {
    var summary = ImportSummary()
    var said = 0
  }

  private let state = Mutex(State())
  private let quarantine: Quarantine?
  private let say: @Sendable (String) -> Void

  /// - Parameter quarantine: where resources are set aside; nil only counts them.
  init(quarantine: Quarantine?, say: @escaping @Sendable (String) -> Void) {
    self.quarantine = quarantine
    self.say = say
  }

  var summary: ImportSummary { state.withLock { $0.summary } }

  /// Adds what a worker counted on its own.
  func add(_ summary: ImportSummary) { state.withLock { $0.summary.add(summary) } }

  /// Counts what became of the resources of a document.
  func count(_ parts: [Part], _ outcomes: [DocumentAssembler.Outcome?]) {
    // A document's resources of one type come mostly one after another.
    var counts: [String: ImportSummary.Counts] = [:]
    var type = ""
    var run = ImportSummary.Counts()
    for index in parts.indices {
      guard let outcome = outcomes[index], let key = parts[index].resource?.key else { continue }
      if !key.hasPrefix(type) || key.utf8.dropFirst(type.utf8.count).first != UInt8(ascii: "/") {
        if !type.isEmpty { counts[type, default: .init()].add(run) }
        type = Part.Resource.type(ofKey: key)
        run = ImportSummary.Counts()
      }
      switch outcome {
      case .inserted: run.inserted += 1
      case .replaced: run.replaced += 1
      case .unchanged: run.unchanged += 1
      }
    }
    if !type.isEmpty { counts[type, default: .init()].add(run) }
    state.withLock { state in
      for (type, run) in counts { state.summary.types[type, default: .init()].add(run) }
    }
  }

  /// Sets the resources of a document aside that the database refused.
  func refuse(_ parts: [Part], reason: String) {
    for part in parts {
      guard let resource = part.resource else { continue }
      let issue = Issue(
        .error, .documentRefused, at: resource.type, position: nil, "MongoDB refused it: \(reason)")
      var json: String?
      if let tree = try? resource.bytes.withUnsafeBytes({
        try ResourceDecoder(references: .original).decode(try BSONView($0))
      }) {
        json = JSONText.of(tree)
      }
      quarantine?.add(source: resource.key, position: nil, resource: json, raw: nil, issues: [issue])
      tell([issue], source: part.documentID)
      state.withLock { $0.summary.types[resource.type, default: .init()].quarantined += 1 }
    }
  }

  /// Sets a record aside.
  func setAside(_ record: Record, source: String, issues: [Issue]) {
    let position = record.tree.count > 0 ? record.tree.position(of: 0) : issues.first?.position
    var json: String?
    var raw: String?
    if record.content == .unreadable {
      raw = record.raw?.withBytes { String(decoding: $0, as: UTF8.self) }
    } else if let bytes = record.raw {
      // White space between tokens is all that line breaks can be in well-formed JSON.
      json = bytes.withBytes { bytes in
        String(decoding: bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self)
      }
    } else {
      json = JSONText.of(record.tree)
    }
    quarantine?.add(source: source, position: position, resource: json, raw: raw, issues: issues)
    tell(issues, source: source)
  }

  private func tell(_ issues: [Issue], source: String) {
    let number = state.withLock { state in
      state.said += 1
      return state.said
    }
    if number == ImportLedger.shown + 1 { say("… more are set aside; the quarantine file has them all") }
    guard number <= ImportLedger.shown,
      let issue = issues.first(where: { $0.severity >= .error }) ?? issues.first
    else { return }
    say(FindingText.line(issue, source: source, kind: "set aside"))
  }
}

extension Part.Resource {
  /// The resource's type, as its key begins.
  var type: String { Part.Resource.type(ofKey: key) }

  static func type(ofKey key: String) -> String {
    String(Substring(key.utf8.prefix { $0 != UInt8(ascii: "/") }))
  }
}
