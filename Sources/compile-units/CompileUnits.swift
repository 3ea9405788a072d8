import FoundationEssentials
import Glibc

/// Makes Sources/UCUM/Units/UnitFacts.swift from UCUM's own table, ucum-essence.xml.
///
/// Takes the facts alone: codes, whether a unit takes prefixes, and what it is worth. No names, no texts.
@main
enum CompileUnits {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count == 2, let input = arguments.first, let output = arguments.last else {
      stop("usage: compile-units UCUM-ESSENCE.XML OUTPUT.SWIFT")
    }
    guard let data = FileManager.default.contents(atPath: input) else { stop("\(input): cannot be read") }
    let facts = UnitEssence(xml: String(decoding: data, as: UTF8.self)).facts
    guard facts.count > 100 else { stop("\(input): no table of units") }
    do {
      try Data(UnitEssence.source(facts: facts).utf8).write(to: URL(filePath: output), options: .atomic)
    } catch {
      stop("\(output): cannot be written")
    }
    print("\(output): \(facts.count) prefixes and units")
  }

  private static func stop(_ message: String) -> Never {
    print("compile-units: " + message)
    exit(2)
  }
}
