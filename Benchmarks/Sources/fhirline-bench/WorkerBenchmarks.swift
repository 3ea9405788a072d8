import Dispatch
import Synchronization

/// How much faster `fhirline validate` is with two workers than with one, beside what the machine gives: two programs at once.
///
/// Where two processors are threads of one core, neither gets the speed of one.
struct WorkerBenchmarks {
  let program: Program
  var rounds = 7

  struct Result {
    var rows: [Row]
    /// By medians.
    var factor: Double
    var factorOfTwoPrograms: Double
  }

  func run(_ inputs: [Input]) throws -> Result {
    var one: [ProgramRun] = []
    var two: [ProgramRun] = []
    var pairs: [Double] = []
    // In turns, so that a neighbour on this machine hits all alike.
    for _ in 0..<rounds {
      one.append(try validate(inputs, workers: 1))
      two.append(try validate(inputs, workers: 2))
      pairs.append(try validateTwice(inputs))
    }
    func row(_ name: String, _ workers: Int, _ runs: [ProgramRun]) -> Row {
      Row(
        name: name, workers: workers, bytes: inputs.size, resources: nil, best: runs.map(\.seconds).best,
        median: runs.map(\.seconds).median, processor: runs.map(\.processorSeconds).best,
        peakMemory: runs.map(\.peakMemory).max())
    }
    let alone = one.map(\.seconds).median
    return Result(
      rows: [
        row("validate, the whole command", 1, one), row("validate, the whole command", 2, two),
        Row(
          name: "two such commands at once", workers: 1, bytes: inputs.size * 2, resources: nil,
          best: pairs.best,
          median: pairs.median, processor: nil, peakMemory: nil),
      ], factor: alone / max(two.map(\.seconds).median, 1e-9),
      factorOfTwoPrograms: 2 * alone / max(pairs.median, 1e-9))
  }

  private func validate(_ inputs: [Input], workers: Int) throws -> ProgramRun {
    try program.run(["validate", "--quiet", "--workers", "\(workers)"] + inputs.paths)
  }

  private func validateTwice(_ inputs: [Input]) throws -> Double {
    let failure = Mutex<(any Error)?>(nil)
    let started = Clock.now()
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      do {
        _ = try validate(inputs, workers: 1)
      } catch {
        failure.withLock { $0 = error }
      }
    }
    let seconds = Clock.now() - started
    // What failed took no time that says anything.
    if let failure = failure.withLock({ $0 }) { throw failure }
    return seconds
  }
}
