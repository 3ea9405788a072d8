import FHIRFormats

/// The work of `fhirline quarantine show`: one entry, or those of one resource, with their reasons.
package enum QuarantineShow {
  /// Hands over, as text in pieces, the entries that are asked for: `12` a line of the file, `Patient/1` or `1` a resource. Tells how
  /// many there were.
  package static func run(
    _ asked: String, in paths: [String], colours: Bool, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws -> Int {
    var count = 0
    for path in paths {
      try QuarantineFile.forEachLine(of: path) { line, bytes in
        guard let entry = QuarantineEntry(bytes) else { return }
        let (type, id) = entry.identity(in: bytes)
        // A number is first of all a line.
        guard asked == String(line) || id != nil && (asked == id || asked == "\(type ?? "")/\(id ?? "")")
        else {
          return
        }
        count += 1
        withoutActuallyEscaping(body) { body in
          let buffer = OutputBuffer { body($0) }
          write(
            entry, in: bytes, at: "\(path):\(line)", type: type, id: id, colours: colours, to: buffer)
          // Its sink throws nothing.
          try? buffer.flush()
        }
      }
    }
    return count
  }

  private static func write(
    _ entry: QuarantineEntry, in bytes: UnsafeBufferPointer<UInt8>, at place: String, type: String?,
    id: String?, colours: Bool, to out: OutputBuffer
  ) {
    var source = entry.source
    if let line = entry.line { source += ":\(line)" + (entry.column.map { ":\($0)" } ?? "") }
    let name = type.map { $0 + (id.map { "/" + $0 } ?? "") } ?? "unreadable"
    var text = Terminal.styled("\(place): \(name), read from \(source)", .bold, when: colours) + "\n"
    for reason in entry.reasons {
      let element = reason.expression.isEmpty ? "" : reason.expression + ": "
      text += "  \(reason.severity): \(element)\(reason.message) [\(reason.rule)]\n"
    }
    out.append(text)
    switch entry.content {
    case .resource(let range): indent(UnsafeBufferPointer(rebasing: bytes[range]), to: out)
    case .raw(let range), .beginning(let range): out.append(UnsafeBufferPointer(rebasing: bytes[range]))
    }
    out.append(0x0A)
  }

  /// JSON with its tokens as they are, a member or item a line.
  private static func indent(_ bytes: UnsafeBufferPointer<UInt8>, to out: OutputBuffer) {
    var depth = 0
    var at = 0
    func newline() {
      out.append(0x0A)
      out.append(0x20, times: 2 * min(depth, 60))
    }
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "\""):
        out.append(byte)
        while at < bytes.count {
          out.append(bytes[at])
          at += 1
          if bytes[at - 1] == UInt8(ascii: "\"") { break }
          if bytes[at - 1] == UInt8(ascii: "\\"), at < bytes.count {
            out.append(bytes[at])
            at += 1
          }
        }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        depth += 1
        newline()
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth = max(0, depth - 1)
        newline()
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newline()
      case UInt8(ascii: ":"):
        out.append(byte)
        out.append(0x20)
      default: out.append(byte)
      }
    }
  }
}
