import FHIRDefinitions
import FHIRModel
import FoundationEssentials
import Glibc

/// Makes the embedded definition table from HL7's packages, or checks that it is current.
@main
enum CompileDefinitions {
  static let usage = """
    usage: compile-definitions --core FILE --expansions FILE --output TABLE [--check]
           compile-definitions --describe TYPE…

      --core FILE        hl7.fhir.r4.core, a .tgz or the folder that it was unpacked to
      --expansions FILE  hl7.fhir.r4.expansions, likewise
      --output TABLE     the table's file
      --check            write nothing; exit 1 if TABLE is not what the packages give
      --describe TYPE…   print what the embedded table says of types (Patient, Bundle.entry)

    """

  /// The specification's own lists of types: wanted though R4 binds not every one of them with force.
  static let listed = ["resource-types", "data-types", "all-types", "defined-types"].map {
    "http://hl7.org/fhir/ValueSet/" + $0
  }

  static func main() {
    switch Arguments(CommandLine.arguments.dropFirst()) {
    case .compile(let paths, let output, let check): compile(paths, output: output, check: check)
    case .describe(let types): describe(types)
    case .help: print(usage, terminator: "")
    case .wrong(let message): stop(message + "\n" + usage)
    }
  }

  private static func compile(_ paths: [String], output: String, check: Bool) {
    let table: [UInt8]
    do {
      var packages: [DefinitionPackage] = []
      for path in paths { packages.append(try DefinitionPackage(PackageArchive(path: path))) }
      table = try DefinitionCompiler(packages: packages, listing: listed).table()
    } catch {
      stop(error.description)
    }
    if check {
      guard let current = FileManager.default.contents(atPath: output) else {
        stop("\(output): cannot be read")
      }
      guard current.elementsEqual(table) else {
        say("\(output) is not current: run make tables")
        exit(1)
      }
      say("\(output) is current (\(table.count) bytes)")
      return
    }
    do {
      try Data(table).write(to: URL(filePath: output), options: .atomic)
    } catch {
      stop("\(output): cannot be written")
    }
    say("\(output): \(table.count) bytes")
  }

  private static func describe(_ names: [String]) {
    for name in names {
      guard let type = DefinitionTable.r4.typeID(name) else { stop("there is no type \(name)") }
      print(DefinitionTable.r4.description(of: type), terminator: "")
    }
  }

  private static func say(_ message: String) {
    var line = message + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func stop(_ message: String) -> Never {
    say("compile-definitions: " + message)
    exit(2)
  }
}
