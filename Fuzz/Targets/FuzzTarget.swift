import FHIRDefinitions
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRPath
import FHIRValidation
import Foundation

/// What a fuzzer feeds with bytes. Each reads them as a user's input, and stops the program where a promise is broken.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case json, skipping, xml, fhirpath, package, mapping

  public func run(_ bytes: [UInt8]) {
    switch self {
    case .json: FuzzTarget.read(bytes, .json)
    case .skipping: FuzzTarget.readPassingOver(bytes)
    case .xml: FuzzTarget.read(bytes, .xml)
    case .fhirpath: FuzzTarget.evaluate(bytes)
    case .package: FuzzTarget.openPackage(bytes)
    case .mapping: FuzzTarget.compileMapping(bytes)
    }
  }

  // MARK: Resources

  private static let validator = Validator()

  /// Reads, validates and writes; what was read without fault must read again as the same tree.
  private static func read(_ bytes: [UInt8], _ format: Format) {
    var options = ReadOptions()
    // Chunks of a few bytes and more: boundaries fall everywhere.
    options.chunkBytes = 16 << Int((bytes.first ?? 0) % 8)
    options.gzip.bytes = 1 << 22
    options.maximumResourceBytes = 1 << 20
    do {
      let reader = try ResourceReader(
        source: MemorySource(bytes), name: "input." + format.rawValue, options: options)
      var scope = BundleScope()
      while let record = try reader.next() {
        var issues: [FHIRModel.Issue] = []
        guard record.content != .unreadable else {
          precondition(!record.issues.isEmpty, "what cannot be read has a reason")
          scope.noteUnreadable()
          continue
        }
        if let members = validator.validate(record.tree, into: &issues, scope: &scope) {
          scope.close(members, with: validator, into: &issues)
        }
        for issue in issues + record.issues { precondition(!issue.message.isEmpty, "a finding has words") }
        if record.issues.isEmpty, record.content == .resource { rewrite(record.tree) }
      }
    } catch {
      precondition(!error.message.isEmpty, "a failure has words")
    }
  }

  private static func rewrite(_ tree: ResourceTree) {
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(tree)
    let text = buffer.array
    var options = ReadOptions()
    options.splitBundles = false
    let reader = try? ResourceReader(source: MemorySource(text), name: "again.json", options: options)
    guard let again = (try? reader?.next())??.tree else {
      preconditionFailure("what was written can be read: \(String(decoding: text, as: UTF8.self))")
    }
    let isSame = TreeComparison().difference(tree, again) == nil
    precondition(isSame, "what was written is what was read: \(String(decoding: text, as: UTF8.self))")
  }

  // MARK: FHIRPath

  private static let patient: ResourceTree? = {
    let text = """
      {"resourceType":"Patient","id":"p","active":true,"birthDate":"1990-02-03","multipleBirthInteger":2,
       "name":[{"family":"Okafor","given":["Ada","Ida"],"period":{"start":"2001","end":"2002-05-01"}}],
       "contact":[{"name":{"text":"Ben"}}],"extension":[{"url":"http://example.org/a","valueDecimal":1.50}]}
      """
    let reader = try? ResourceReader(source: MemorySource(text), name: "patient.json")
    return (try? reader?.next())??.tree
  }()

  private static func evaluate(_ bytes: [UInt8]) {
    guard let tree = patient else { preconditionFailure("the patient can be read") }
    let text = String(decoding: bytes, as: UTF8.self)
    let context = Evaluator.Context(tree)
    do {
      let expression = try CompiledExpression(text, context: context.type)
      let evaluator = Evaluator()
      let items = try evaluator.evaluate(expression, in: context)
      for item in items.prefix(10) { _ = evaluator.displayText(of: item) }
    } catch {
      precondition(!error.message.isEmpty && error.column >= 1, "a mistake has words and a place")
    }
  }

  // MARK: Packages

  /// The bytes as a package's archive: as they are, or, so that a fuzzer need not find checksums, as a tar within one.
  private static func openPackage(_ bytes: [UInt8]) {
    let path = NSTemporaryDirectory() + "/fhirline-fuzz-\(getpid()).tgz"
    let isWrapped = bytes.first.map { $0 % 4 != 0 } ?? false
    let file = isWrapped ? bytes.dropFirst().withUnsafeBytes { Gzip.compress($0) } : bytes
    guard FileManager.default.createFile(atPath: path, contents: Data(file)) else { return }
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      let package = try ConformancePackage(path: path)
      let store = ConformanceStore(packages: [package])
      for url in package.urls(.structureDefinition).prefix(3) { _ = store.structureDefinition(url) }
    } catch {
      precondition(!"\(error)".isEmpty, "a failure has words")
    }
  }

  // MARK: Mappings

  private static func compileMapping(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    do {
      _ = try MappingSet(files: [("mapping.yml", text)])
    } catch {
      precondition(!error.message.isEmpty, "a mistake has words")
    }
  }
}
