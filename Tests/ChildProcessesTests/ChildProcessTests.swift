import ChildProcesses
import Foundation
import Testing

struct ChildProcessTests {
  @Test func `a program's output, complaints and status come back`() async throws {
    let both = try await ChildProcess.run("/bin/sh", ["-c", "echo said; echo complained >&2; exit 3"])
    #expect(both.status == 3 && both.output == "said\ncomplained\n")
    let one = try await ChildProcess.run(
      "/bin/sh", ["-c", "pwd; echo complained >&2"], directory: "/usr", errors: ChildProcess.Output.none)
    #expect(one.status == 0 && one.output == "/usr\n")
  }

  @Test func `a program that cannot be started says why`() {
    #expect(throws: ChildProcess.Failure.self) { try ChildProcess("/nonexistent/program") }
  }

  @Test func `it reads what it is given, and sees the end of that`() throws {
    let child = try ChildProcess("/bin/cat", input: .pipe, output: .pipe)
    try child.input?.write(contentsOf: Data("words".utf8))
    try child.input?.close()
    #expect(child.output?.readDataToEndOfFile() == Data("words".utf8))
    #expect(child.wait() == 0 && !child.isRunning)
  }

  @Test func `what ends by a signal has the status that shells give it`() async throws {
    let child = try ChildProcess("/bin/sleep", ["60"])
    #expect(child.isRunning && child.status == nil)
    #expect(await child.end(withinSeconds: 0) == nil)
    #expect(await child.stop() == 128 + SIGTERM)
    #expect(child.status == 128 + SIGTERM)
  }

  @Test func `what does not want to end is ended`() async throws {
    let child = try ChildProcess(
      "/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"], output: .pipe)
    #expect(child.output?.availableData == Data("ready\n".utf8))
    #expect(await child.stop(withinSeconds: 1) == 128 + SIGKILL)
  }

  @Test func `it ends with its last holder`() throws {
    let output: FileHandle?
    do {
      let child = try ChildProcess("/bin/sh", ["-c", "exec sleep 60"], output: .pipe)
      output = child.output
    }
    #expect(output?.readDataToEndOfFile() == Data())
  }

  @Test func `files are written behind what is in them, and nothing else is handed on`() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "child-" + UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("before\n".utf8).write(to: file)
    let child = try ChildProcess(
      "/bin/sh", ["-c", "echo $WORD; ls /proc/self/fd | wc -l"], environment: ["WORD": "after"],
      output: .file(file.path(percentEncoded: false)))
    // `ls` itself opens the folder.
    #expect(await child.end(withinSeconds: 20) == 0 && child.log == "before\nafter\n4\n")
  }

  @Test func `two callers never get the same port`() throws {
    let ports = try (0..<50).map { _ in try FreePort.find() }
    #expect(Set(ports).count == 50 && ports.allSatisfy { (10_000..<32_000).contains($0) })
  }
}
