import CPCRE2
import Synchronization

/// A pattern compiled by PCRE2, with room for the results of matches that is used again.
// Sendable by these two facts: the code is never written after `init`, and each match has data of its own, taken from
// the store under its lock.
final class CompiledPattern: @unchecked Sendable {
  private let code: OpaquePointer
  /// Whether the code runs by itself; PCRE2 interprets it otherwise.
  private let isMachineCode: Bool
  private let spare = Mutex<[MatchData]>([])

  /// Room for the results of one match. A value in the store belongs to nobody; one taken out belongs to its match.
  private struct MatchData: @unchecked Sendable { let pointer: OpaquePointer }

  private static let spareCount = 8

  /// Backtracking a match may do: some tens of milliseconds.
  private static let matchLimit: UInt32 = 2_000_000
  /// Kilobytes a match that does not fit the stack may take.
  private static let heapLimit: UInt32 = 16 * 1024

  /// The bounds of every match. Never written after it was made.
  private static let limits = Limits()

  // Sendable by these two facts: PCRE2 only reads a context in matches, and nothing sets it after `init`.
  private final class Limits: @unchecked Sendable {
    let context = pcre2_match_context_create_8(nil)

    init() {
      pcre2_set_match_limit_8(context, CompiledPattern.matchLimit)
      pcre2_set_heap_limit_8(context, CompiledPattern.heapLimit)
    }
  }

  /// nil when PCRE2 refuses the pattern.
  init?(_ pattern: String) {
    let flags =
      UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C) | UInt32(PCRE2_ALT_CIRCUMFLEX)
    let context = pcre2_compile_context_create_8(nil)
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
    var (error, offset): (Int32, Int) = (0, 0)
    var pattern = pattern
    let compiled = pattern.withUTF8 {
      pcre2_compile_8($0.baseAddress, $0.count, flags, &error, &offset, context)
    }
    guard let compiled else { return nil }
    code = compiled
    isMachineCode = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
  }

  deinit {
    spare.withLock { store in for data in store { pcre2_match_data_free_8(data.pointer) } }
    pcre2_code_free_8(code)
  }

  /// Runs a match and reads its result, nil when there is none.
  private func run<Result>(
    _ text: String, from start: Int, _ read: (UnsafeMutablePointer<Int>) -> Result
  ) throws -> Result? {
    let taken = spare.withLock { $0.popLast() }
    guard let data = taken?.pointer ?? pcre2_match_data_create_from_pattern_8(code, nil) else {
      throw RegularExpression.timeout()
    }
    defer {
      let kept = spare.withLock { store in
        if store.count >= Self.spareCount { return false }
        store.append(MatchData(pointer: data))
        return true
      }
      if !kept { pcre2_match_data_free_8(data) }
    }
    var text = text
    let found = text.withUTF8 { bytes in
      guard start <= bytes.count else { return Int32(PCRE2_ERROR_NOMATCH) }
      // Texts are valid UTF-8 already.
      let options = UInt32(PCRE2_NO_UTF_CHECK)
      let context = Self.limits.context
      let found =
        isMachineCode && bytes.baseAddress != nil
        ? pcre2_jit_match_8(code, bytes.baseAddress, bytes.count, start, 0, data, context)
        : pcre2_match_8(code, bytes.baseAddress, bytes.count, start, options, data, context)
      if found != PCRE2_ERROR_JIT_STACKLIMIT { return found }
      return pcre2_match_8(
        code, bytes.baseAddress, bytes.count, start, options | UInt32(PCRE2_NO_JIT), data, context)
    }
    if found == PCRE2_ERROR_NOMATCH { return nil }
    guard found > 0, let places = pcre2_get_ovector_pointer_8(data) else { throw RegularExpression.timeout() }
    return read(places)
  }

  func isMatch(_ text: String, from start: Int) throws -> Bool { try run(text, from: start) { _ in true } ?? false }

  /// - Parameter order: the place in the result for each of PCRE2's groups.
  func match(in text: String, from start: Int, order: [Int], groups: Int) throws -> GroupRanges? {
    try run(text, from: start) { places in
      var result = GroupRanges(count: groups)
      for (group, place) in order.enumerated() {
        let (from, to) = (places[group * 2], places[group * 2 + 1])
        // PCRE2 marks a group that took no part by the largest number.
        if from >= 0, from <= to { result[place] = from..<to }
      }
      return result
    }
  }
}
