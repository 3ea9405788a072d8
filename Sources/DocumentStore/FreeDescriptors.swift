import Glibc

/// What the system still lets this program open.
///
/// libmongoc says of a connection for which there is no descriptor what it says of one that nobody takes.
enum FreeDescriptors {
  /// Whether files and connections can be opened that are fewer than one connection and its looking up of a name take.
  static var areFew: Bool {
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    for _ in 0..<8 {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { return errno == EMFILE || errno == ENFILE }
      opened.append(descriptor)
    }
    return false
  }
}
