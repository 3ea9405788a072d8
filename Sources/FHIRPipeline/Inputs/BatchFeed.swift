package import FHIRFormats
import Synchronization

/// Hands the inputs' batches to workers: each worker gets a file of its own while there are files left, and helps
/// with another's when there are none. A file is read by one worker at a time; what is read is worked on in parallel.
package final class BatchFeed: Sendable {
  /// One step of reading a file.
  package struct Item: Sendable {
    /// Index into the feed's files.
    package let file: Int
    /// Number of this step within its file, from 0, without gaps.
    package let step: Int
    package let content: Content
    /// With a file's last step: the Bundle within which it ended or broke off.
    package let unfinished: UnfinishedBundle?
    /// Whether other workers may read the same file.
    package let isShared: Bool
  }

  package enum Content: Sendable {
    case batch(RecordBatch)
    /// The file could not be opened or read on; no step follows.
    case failure(String)
    /// All of the file was read; no step follows.
    case end
  }

  /// Which files several workers may read in turns.
  package enum Sharing: Sendable {
    case all
    /// Those whose lines stand for themselves, and those of these numbers; a Bundle else stays with one worker.
    case linesAnd(Set<Int>)
    /// Those, and files of more bytes than so many, or of unknown size.
    case linesAndLarger(than: Int)
  }

  package let files: [InputFile]
  /// The numbers of the files to be read; nil for all.
  private let chosen: Set<Int>?
  private let sharing: Sharing
  private let options: ReadOptions
  /// By a file's number: what is passed over of it, instead of what the options say.
  private let skips: (@Sendable (Int) -> ReadOptions.Filter)?
  private let state: Mutex<State>
  private let ahead: ReadAhead?
  private let large = LargeTurn()

  private struct State {
    var nextFile = 0
    var open: [OpenFile] = []
    var stopped = false
  }

  package init(
    files: [InputFile], only chosen: Set<Int>? = nil, options: ReadOptions, sharing: Sharing = .all,
    skips: (@Sendable (Int) -> ReadOptions.Filter)? = nil
  ) {
    self.files = files
    self.chosen = chosen
    self.sharing = sharing
    self.skips = skips
    var options = options
    options.beforeLarge = { [large] in large.take() }
    self.options = options
    state = Mutex(State())
    ahead = ReadAhead(files)
  }

  /// A worker's view of the feed.
  package struct Worker {
    private let feed: BatchFeed
    private var current: OpenFile?
    private let end: End

    package init(_ feed: BatchFeed) {
      self.feed = feed
      end = End(feed)
    }

    /// A worker that goes for good must not keep the others waiting.
    private final class End {
      private let feed: BatchFeed

      init(_ feed: BatchFeed) { self.feed = feed }

      deinit { feed.large.giveBack() }
    }

    /// Tells that the last step is done with. Whoever waits for other workers before it asks for the next must say so.
    package func isThrough() { feed.large.giveBack() }

    /// The next step for this worker, or nil when all is read.
    package mutating func next() -> Item? {
      isThrough()
      while true {
        if let item = current?.pull() { return item }
        current = feed.source()
        if current == nil { return nil }
      }
    }
  }

  /// No worker gets anything from here on.
  package func stop() { state.withLock { $0.stopped = true } }

  private func source() -> OpenFile? {
    state.withLock { state in
      if state.stopped { return nil }
      state.open.removeAll { $0.isFinished }
      while state.nextFile < files.count {
        let index = state.nextFile
        state.nextFile += 1
        if let chosen, !chosen.contains(index) {
          ahead?.advance(files[index].size)
          continue
        }
        var options = options
        if let skips { options.skips = skips(index) }
        let file = OpenFile(files[index], index: index, options: options, sharing, ahead)
        state.open.append(file)
        return file
      }
      return state.open.first { $0.isShared }
    }
  }

  private final class OpenFile: @unchecked Sendable {
    // Safe to share: everything but `index` and `isFinished` is touched only inside `lock`.
    let index: Int
    private let lock = Mutex(())
    private let file: InputFile
    private let options: ReadOptions
    private var reader: ResourceReader?
    private var step = 0
    /// Asked by those who look for another file, who need not wait until this one was read on.
    private let finished = Atomic<Bool>(false)
    private let sharing: Sharing
    private let ahead: ReadAhead?
    /// How many of its bytes were read, as far as the steps tell.
    private var passed = 0

    init(_ file: InputFile, index: Int, options: ReadOptions, _ sharing: Sharing, _ ahead: ReadAhead?) {
      self.sharing = sharing
      self.ahead = ahead
      self.file = file
      self.index = index
      self.options = options
    }

    var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// Whether several workers may read it.
    var isShared: Bool { lock.withLock { _ in mayBeShared() } }

    private func mayBeShared() -> Bool {
      switch sharing {
      case .all: return true
      case .linesAndLarger(let size) where file.path == nil || file.size > size: return true
      case .linesAnd(let others) where others.contains(index): return true
      case .linesAnd, .linesAndLarger:
        // Whoever asks may be earlier than the first who reads. What cannot be opened is told of by that one.
        if reader == nil, !isFinished, file.path != nil { reader = try? file.open(options: options) }
        return reader?.format == .ndjson
      }
    }

    func pull() -> Item? {
      lock.withLock { _ in
        if isFinished { return nil }
        let isShared = mayBeShared()
        let content = read()
        let unfinished = isFinished ? reader?.unfinishedBundle : nil
        if isFinished { reader = nil }
        defer { step += 1 }
        return Item(file: index, step: step, content: content, unfinished: unfinished, isShared: isShared)
      }
    }

    private func read() -> Content {
      do {
        if reader == nil { reader = try file.open(options: options) }
        if let batch = try reader?.nextBatch() {
          pass(batch.byteCount)
          return .batch(batch)
        }
        finish()
        return .end
      } catch let failure as ReadFailure {
        finish()
        return .failure(failure.message)
      } catch {
        finish()
        return .failure("\(error)")
      }
    }

    /// Of a packed file a batch may have more bytes than it was made of.
    private func pass(_ bytes: Int) {
      let more = min(bytes, file.size - passed)
      guard more > 0 else { return }
      passed += more
      ahead?.advance(more)
    }

    private func finish() {
      pass(file.size)
      finished.store(true, ordering: .releasing)
    }
  }
}
