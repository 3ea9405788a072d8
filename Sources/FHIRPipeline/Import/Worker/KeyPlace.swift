/// A resource's key, by its hash, and the number of a file that has it.
struct KeyPlace: Comparable, BitwiseCopyable {
  let hash: UInt64
  let file: Int

  static func < (a: KeyPlace, b: KeyPlace) -> Bool { (a.hash, a.file) < (b.hash, b.file) }
}
