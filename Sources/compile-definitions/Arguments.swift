/// What the command line asks for.
enum Arguments {
  case compile(core: String, expansions: String, table: String, conformance: String, check: Bool)
  case describe([String])
  case help
  case wrong(String)

  init(_ arguments: some Sequence<String>) {
    var values: [String: String] = [:]
    var check = false
    var rest = Array(arguments)[...]
    if rest.first == "--describe" {
      let types = Array(rest.dropFirst())
      self = types.isEmpty ? .wrong("--describe needs a type") : .describe(types)
      return
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h":
        self = .help
        return
      case "--check": check = true
      case "--core", "--expansions", "--output", "--conformance":
        guard let value = rest.popFirst() else {
          self = .wrong("\(argument) needs a file")
          return
        }
        values[argument] = value
      default:
        self = .wrong("unknown argument \(argument)")
        return
      }
    }
    guard let core = values["--core"], let expansions = values["--expansions"],
      let output = values["--output"], let conformance = values["--conformance"]
    else {
      self = .wrong("--core, --expansions, --output and --conformance are needed")
      return
    }
    self = .compile(
      core: core, expansions: expansions, table: output, conformance: conformance, check: check)
  }
}
