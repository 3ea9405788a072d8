import BSON
import FHIRMapping
import FHIRPipeline
import Foundation
import Synchronization
import Testing

@Suite struct ConcurrencyTests {
  @Test func `a queue hands every element to one consumer`() {
    let queue = BoundedQueue<Int>(limit: 3)
    let sum = Mutex(0)
    let consumers = (0..<3).map { _ in
      WorkerThread { while let element = queue.pop() { sum.withLock { $0 += element } } }
    }
    for element in 1...1000 { queue.push(element) }
    queue.close()
    for consumer in consumers { consumer.join() }
    #expect(sum.withLock { $0 } == 500_500)
    #expect(!queue.push(1))
  }

  @Test func `a queue is bounded by what its elements cost, and takes one of any cost when it is empty`() {
    let queue = BoundedQueue<Int>(limit: 10)
    queue.push(1, cost: 50)
    let taken = Mutex<[Int]>([])
    let producer = WorkerThread {
      queue.push(2, cost: 6)
      taken.withLock { $0.append(2) }
    }
    #expect(taken.withLock { $0 }.isEmpty)
    #expect(queue.pop() == 1)
    producer.join()
    #expect(taken.withLock { $0 } == [2])
    #expect(queue.pop() == 2)
    queue.close()
    #expect(queue.pop() == nil)
  }

  @Test func `a thread that has ended is waited for again at once, whoever has its place`() {
    for _ in 0..<20 {
      let first = WorkerThread {}
      first.join()
      let gate = BoundedQueue<Int>(limit: 1)
      let second = WorkerThread { _ = gate.pop() }
      first.join()
      gate.close()
      second.join()
    }
  }

  @Test func `results come out in the order of the inputs`() {
    let seen = Mutex<[String]>([])
    let order = InputOrder<Int> { file, result in seen.withLock { $0.append("\(file).\(result)") } }
    order.put(0, file: 1, step: 0, last: true)
    order.put(1, file: 0, step: 1, last: true)
    order.put(0, file: 0, step: 0, last: false)
    order.put(0, file: 2, step: 0, last: true)
    #expect(seen.withLock { $0 } == ["0.0", "0.1", "1.0", "2.0"])
  }

  @Test func `what waits for earlier inputs is bounded`() {
    let seen = Mutex<[String]>([])
    let order = InputOrder<Int>(limit: 10, cost: { $0 }) { file, result in
      seen.withLock { $0.append("\(file).\(result)") }
    }
    let done = Mutex<Int>(0)
    let other = WorkerThread {
      for step in 0..<4 {
        order.put(6, file: 1, step: step, last: step == 3)
        done.withLock { $0 += 1 }
      }
    }
    // Two results are more than the limit: the third waits until the first input ends.
    while done.withLock({ $0 }) < 2 { usleep(1000) }
    usleep(20_000)
    #expect(done.withLock { $0 } == 2)
    // The input whose turn it is never waits.
    for step in 0..<5 { order.put(100, file: 0, step: step, last: step == 4) }
    other.join()
    #expect(seen.withLock { $0 } == Array(repeating: "0.100", count: 5) + Array(repeating: "1.6", count: 4))
  }

  @Test func `who wants of a budget that is used up waits until some is given back`() {
    let budget = ByteBudget(limit: 10)
    #expect(budget.take(25))
    let taken = Mutex(false)
    let other = WorkerThread {
      if budget.take(1) { taken.withLock { $0 = true } }
    }
    usleep(20_000)
    #expect(!taken.withLock { $0 })
    budget.giveBack(16)
    other.join()
    #expect(taken.withLock { $0 })
    let last = WorkerThread { _ = budget.take(1) }
    budget.close()
    last.join()
    #expect(!budget.take(1))
  }

  @Test(arguments: [1 << 20, 64 << 10, 0])
  func `what is spilled comes back, grouped by key`(memory: Int) throws {
    let store = SpillStore(expectedBytes: 1, memory: memory, folder: NSTemporaryDirectory())
    var expected: [UInt64: [[UInt8]]] = [:]
    for number in 0..<5000 {
      let key = UInt64(number % 13)
      let content = [UInt8](repeating: UInt8(number & 0xFF), count: number % 97)
      expected[key, default: []].append(content)
      var buffer = PartBuffer()
      content.withUnsafeBytes {
        buffer.append(section: "s", key: "k", bytes: $0, of: .chart, "\(key)", sequence: 0)
      }
      try store.append(key: key, part: buffer.bytes)
    }
    var found: [UInt64: [[UInt8]]] = [:]
    for partition in 0..<store.partitionCount {
      var keys: Set<UInt64> = []
      var kept = PartBuffer()
      try store.copy(partition, into: &kept)
      var buffer = PartBuffer()
      if partition % 2 == 0, kept.count > 0 {
        buffer = PartBuffer(try store.takeMapped(partition))
      } else {
        try store.take(partition, into: &buffer)
      }
      #expect([UInt8](buffer.bytes) == [UInt8](kept.bytes))
      buffer.forEach { part in
        let key = UInt64(String(decoding: part.documentID, as: UTF8.self)) ?? 99
        keys.insert(key)
        found[key, default: []].append([UInt8](part.bytes))
      }
      // All records of a key lie in one partition.
      for key in keys { #expect(found[key]?.count == expected[key]?.count) }
    }
    #expect(found == expected)
  }
}
