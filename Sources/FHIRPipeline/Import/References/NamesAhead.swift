/// Asks the database for all names in a batch of resources at once, where otherwise it would be asked for one after the other. The batch
/// has to be read twice for that, so it is done only once the first resources show the need.
struct NamesAhead {
  /// Whether those of the batch before had to be asked for.
  private var areMany = false
  private var wereAsked = false
  /// Single questions before the batch.
  private var questions = 0
  private var searched = SearchedNames()

  /// So many single questions take as long as reading a batch once more.
  private static let many = 8

  /// To be called before a batch, and before each of its resources.
  ///
  /// - Parameter collect: finds the names in the batch.
  mutating func check(
    _ stored: StoredTargets?, isFirst: Bool, _ collect: (inout SearchedNames, inout [String]) -> Void
  ) {
    guard let stored else { return }
    if isFirst {
      wereAsked = false
      questions = stored.questions
    }
    guard !wereAsked, isFirst ? areMany : stored.questions - questions >= NamesAhead.many else { return }
    wereAsked = true
    var names: [String] = []
    collect(&searched, &names)
    stored.look(for: names)
    areMany = names.count >= NamesAhead.many
  }
}
