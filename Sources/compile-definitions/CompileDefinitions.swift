import FHIRDefinitions
import FHIRModel
import FoundationEssentials
import Glibc

/// Makes the embedded definition table from HL7's packages, or checks that it is current.
@main
enum CompileDefinitions {
  static let usage = """
    usage: compile-definitions --core FILE --expansions FILE --output TABLE --conformance FILE [--check]
           compile-definitions --describe TYPE…

      --core FILE        hl7.fhir.r4.core, a .tgz or the folder that it was unpacked to
      --expansions FILE  hl7.fhir.r4.expansions, likewise
      --output TABLE     the table's file
      --conformance FILE the file of stripped conformance resources
      --check            write nothing; exit 1 if the files are not what the packages give
      --describe TYPE…   print what the embedded table says of types (Patient, Bundle.entry)

    """

  /// The specification's own lists of types: wanted though R4 binds not every one of them with force.
  static let listed = ["resource-types", "data-types", "all-types", "defined-types"].map {
    "http://hl7.org/fhir/ValueSet/" + $0
  }

  static func main() {
    switch Arguments(CommandLine.arguments.dropFirst()) {
    case .compile(let core, let expansions, let table, let conformance, let check):
      compile(core: core, expansions: expansions, table: table, conformance: conformance, check: check)
    case .describe(let types): describe(types)
    case .help: print(usage, terminator: "")
    case .wrong(let message): stop(message + "\n" + usage)
    }
  }

  private static func compile(
    core: String, expansions: String, table: String, conformance: String, check: Bool
  ) {
    let files: [(path: String, bytes: [UInt8])]
    do {
      let archives = (core: try PackageArchive(path: core), expansions: try PackageArchive(path: expansions))
      let packages = [try DefinitionPackage(archives.core), try DefinitionPackage(archives.expansions)]
      files = [
        (table, try DefinitionCompiler(packages: packages, listing: listed).table()),
        (
          conformance,
          try ConformanceCompiler(core: archives.core, expansions: archives.expansions).file()
        ),
      ]
    } catch {
      stop(error.description)
    }
    for file in files {
      if check { self.check(file.path, file.bytes) } else { write(file.bytes, to: file.path) }
    }
  }

  private static func check(_ path: String, _ bytes: [UInt8]) {
    guard let current = FileManager.default.contents(atPath: path) else { stop("\(path): cannot be read") }
    guard current.elementsEqual(bytes) else {
      say("\(path) is not current: run make tables")
      exit(1)
    }
    say("\(path) is current (\(bytes.count) bytes)")
  }

  private static func write(_ bytes: [UInt8], to path: String) {
    do {
      try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    } catch {
      stop("\(path): cannot be written")
    }
    say("\(path): \(bytes.count) bytes")
  }

  private static func describe(_ names: [String]) {
    for name in names {
      guard let type = DefinitionTable.r4.typeID(name) else { stop("there is no type \(name)") }
      print(DefinitionTable.r4.description(of: type), terminator: "")
    }
  }

  private static func say(_ message: String) {
    var line = message + "\n"
    line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func stop(_ message: String) -> Never {
    say("compile-definitions: " + message)
    exit(2)
  }
}
