/// A queue of limited length between threads: a full one makes its producers wait, an empty one its consumers.
///
/// It joins the stages of a run so that memory stays bounded whatever the input's size.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  // Safe to share: every member below is touched only while `monitor` is locked.

  private let monitor = Monitor()
  private var elements: [(element: Element?, cost: Int)] = []
  private var head = 0
  private let limit: Int
  private var waiting = 0
  private var closed = false

  /// - Parameter limit: the most that may wait: elements, or the sum of what they cost.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Waits for room and appends; false when the queue was closed and the element was not taken.
  ///
  /// - Parameter cost: how much of the limit it takes. An empty queue takes an element of any cost.
  @discardableResult
  package func push(_ element: Element, cost: Int = 1) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    while !closed && waiting > 0 && waiting + cost > limit { monitor.wait() }
    if closed { return false }
    elements.append((element, cost))
    waiting += cost
    monitor.tellChange()
    return true
  }

  /// Waits for an element; nil when the queue is closed and empty.
  package func pop() -> Element? {
    monitor.lock()
    defer { monitor.unlock() }
    while !closed && elements.count == head { monitor.wait() }
    return takeFirst()
  }

  /// The first element, if there is one already; nil says nothing about those to come.
  package func popIfAny() -> Element? {
    monitor.lock()
    defer { monitor.unlock() }
    return takeFirst()
  }

  /// Takes the first element; the caller has locked `monitor`.
  private func takeFirst() -> Element? {
    guard elements.count > head else { return nil }
    let (element, cost) = elements[head]
    // Whoever took it alone keeps it alive.
    elements[head].element = nil
    waiting -= cost
    head += 1
    if head > 64 && head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    } else if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    }
    monitor.tellChange()
    return element
  }

  /// Ends the queue: what is in it can still be taken, nothing more is accepted.
  package func close() {
    monitor.lock()
    closed = true
    monitor.tellChange()
    monitor.unlock()
  }
}
