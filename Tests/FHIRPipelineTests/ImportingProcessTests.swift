import Glibc
import Testing

@testable import FHIRPipeline

@Suite struct ImportingProcessTests {
  /// A process that does nothing, and is this one's to reap.
  private func spawn() throws -> pid_t {
    var number: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
    defer { for argument in arguments { free(argument) } }
    try #require(posix_spawnp(&number, "sleep", nil, nil, &arguments, environ) == 0)
    return number
  }

  @Test func `this process is there, and is known by its name`() {
    let own = ImportingProcess.current
    #expect(!own.isGone && ImportingProcess(own.text) == own)
    #expect(!ImportingProcess.isGone(applicationName: own.applicationName))
  }

  @Test func `one that was killed is gone, whether or not somebody has asked after it`() throws {
    let number = try spawn()
    let other = try #require(ImportingProcess.running(number))
    #expect(!other.isGone && !ImportingProcess.isGone(applicationName: other.applicationName))
    kill(number, SIGKILL)
    // Its end is told, and it stays to be asked after.
    var information = siginfo_t()
    waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT)
    #expect(other.isGone && ImportingProcess.isGone(applicationName: other.applicationName))
    waitpid(number, nil, 0)
    #expect(other.isGone && ImportingProcess.isGone(applicationName: other.applicationName))
  }

  @Test func `a number that came again is another process`() {
    var earlier = ImportingProcess.current
    earlier.started = "1"
    #expect(earlier.isGone && ImportingProcess.isGone(applicationName: earlier.applicationName))
  }

  @Test func `a container that is started anew knows that what it had is gone`() {
    func process(_ host: String, boot: String = "b") -> ImportingProcess {
      ImportingProcess(host: host, boot: boot, number: 1, started: "100")
    }
    let own = process("0123456789ab/4026532500")
    #expect(process("0123456789ab/4026532501").isOfEarlierStart(ofContainer: own))
    #expect(process("0123456789ab/4026532500", boot: "a").isOfEarlierStart(ofContainer: own))
    // Itself, another container, one of the machine's own processes.
    for other in ["0123456789ab/4026532500", "0123456789ac/4026532501", "0123456789ab"] {
      #expect(!process(other).isOfEarlierStart(ofContainer: own), "\(other)")
    }
    // Names that somebody gave may be those of several.
    for name in ["import", "0123456789abc", "0123456789AB", "importer-001"] {
      #expect(!process(name + "/1").isOfEarlierStart(ofContainer: process(name + "/2")), "\(name)")
    }
  }

  @Test func `of another machine's processes, and of other programs, nothing is known`() {
    var other = ImportingProcess.current
    other.host += "-other"
    #expect(!other.isGone && !ImportingProcess.isGone(applicationName: other.applicationName))
    for name in ["fhirline", "fhirline 1 x", "fhirline x y z", "mongosh 2.1", "", "fhirline -1 x y"] {
      #expect(!ImportingProcess.isGone(applicationName: name))
    }
  }
}
