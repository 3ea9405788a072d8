/// What the command line asks for.
enum Arguments {
  case compile(packages: [String], output: String, check: Bool)
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
      case "--core", "--expansions", "--output":
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
      let output = values["--output"]
    else {
      self = .wrong("--core, --expansions and --output are needed")
      return
    }
    self = .compile(packages: [core, expansions], output: output, check: check)
  }
}
