import CDescriptors
public import Foundation
import Glibc
import Synchronization

/// Another program, as long as somebody holds on to it: it is killed when nobody does.
///
/// It gets no descriptor but its input, output and errors, and the default handling of every signal. Not Foundation's
/// `Process`, which reads beyond a buffer of its own when this process has some 1,400 descriptors open.
public final class ChildProcess: Sendable {
  /// What its input is.
  public enum Input: Sendable {
    case none
    /// ``ChildProcess/input``.
    case pipe
  }

  /// Where its output, or its errors, go.
  public enum Output: Sendable {
    case none
    /// ``ChildProcess/output``, for the errors, too, where both say so.
    case pipe
    /// Behind what is in the file.
    case file(String)
  }

  /// Why a program could not be started, or did not do what was expected of it.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
  }

  private enum State {
    case running
    case ended(Int32)
  }

  public let identifier: Int32
  /// What is written here it can read.
  public let input: FileHandle?
  /// What it writes can be read here.
  public let output: FileHandle?
  private let outputPath: String?
  private let state = Mutex(State.running)

  /// Starts a program.
  /// - Parameters:
  ///   - path: the program's file.
  ///   - environment: beside the variables of this process, or in their place.
  ///   - directory: where it works; nil where this process does.
  ///   - errors: nil when they go where the output goes.
  public init(
    _ path: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
    input: Input = .none, output: Output = .none, errors: Output? = nil
  ) throws(Failure) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var given: [Int32] = []
    defer { for descriptor in given { close(descriptor) } }
    var kept: [FileHandle?] = []
    for isInput in [true, false] {
      let isPipe = if isInput { if case .pipe = input { true } else { false } } else { Self.isPipe(output, errors) }
      guard isPipe else {
        kept.append(nil)
        continue
      }
      var ends: [Int32] = [-1, -1]
      guard postern_pipe(&ends) == 0 else { throw Failure("no pipe can be made: \(Self.reason(errno))") }
      given.append(ends[isInput ? 0 : 1])
      kept.append(FileHandle(fileDescriptor: ends[isInput ? 1 : 0], closeOnDealloc: true))
    }
    if case .pipe = input {
      posix_spawn_file_actions_adddup2(&actions, given[0], 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for (number, place) in [(Int32(1), output), (2, errors ?? output)] {
      switch place {
      case .none: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
      case .pipe: posix_spawn_file_actions_adddup2(&actions, given[given.count - 1], number)
      case .file(let file):
        posix_spawn_file_actions_addopen(&actions, number, file, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      }
    }
    postern_spawn_closing_others(&actions)
    if let directory { postern_spawn_in(&actions, directory) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + settings { free(text) } }
    var identifier: Int32 = 0
    let failure = posix_spawn(&identifier, path, &actions, &attributes, words, settings)
    guard failure == 0 else { throw Failure("\(path) cannot be started: \(Self.reason(failure))") }
    self.identifier = identifier
    (self.input, self.output) = (kept[0], kept[1])
    outputPath = if case .file(let file) = output { file } else { nil }
  }

  private static func isPipe(_ places: Output?...) -> Bool {
    places.contains { if case .pipe = $0 { true } else { false } }
  }

  private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

  deinit { if isRunning { kill() } }

  /// All of its output so far, where that goes to a file.
  public var log: String { outputPath.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? "" }

  /// What it said at its end: its exit code, or 128 and the number of the signal that ended it; nil while it runs.
  public var status: Int32? { status(waiting: false) }

  public var isRunning: Bool { status == nil }

  private func status(waiting: Bool) -> Int32? {
    // Others may ask meanwhile: only who holds the lock takes the child away.
    if waiting {
      var information = siginfo_t()
      while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }
    return state.withLock { state in
      if case .ended(let status) = state { return status }
      var status: Int32 = 0
      let taken = waitpid(identifier, &status, WNOHANG)
      guard taken != 0 else { return nil }
      let signal = status & 0x7f
      let ended = taken < 0 ? -1 : signal == 0 ? status >> 8 & 0xff : 128 + signal
      state = .ended(ended)
      return ended
    }
  }

  /// Sends it a signal, if it still runs.
  public func signal(_ number: Int32) {
    state.withLock { if case .running = $0 { Glibc.kill(identifier, number) } }
  }

  /// Asks it to end.
  public func terminate() { signal(SIGTERM) }

  /// Ends it at once, as a power cut would, and waits for that.
  public func kill() {
    signal(SIGCONT)
    signal(SIGKILL)
    wait()
  }

  /// Waits until it has ended, on this thread.
  @discardableResult
  public func wait() -> Int32 { status(waiting: true) ?? -1 }

  /// Waits until it has ended; its status, or nil when it goes on for longer.
  public func end(withinSeconds seconds: Int) async -> Int32? {
    let end = ContinuousClock.now + .seconds(seconds)
    while isRunning, ContinuousClock.now < end, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
    return status
  }

  /// Asks it to end, waits, and ends it when that takes too long.
  @discardableResult
  public func stop(withinSeconds seconds: Int = 20) async -> Int32 {
    terminate()
    if let status = await end(withinSeconds: seconds) { return status }
    kill()
    return wait()
  }

  /// What a program says, its complaints included, and its status.
  public static func run(
    _ path: String, _ arguments: [String], directory: String? = nil, errors: Output? = nil
  ) async throws -> (status: Int32, output: String) {
    let child = try ChildProcess(path, arguments, directory: directory, output: .pipe, errors: errors)
    return await withCheckedContinuation { done in
      Thread.detachNewThread {
        let output = child.output?.readDataToEndOfFile() ?? Data()
        done.resume(returning: (child.wait(), String(decoding: output, as: UTF8.self)))
      }
    }
  }
}
