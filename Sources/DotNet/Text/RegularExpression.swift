import CPCRE2

/// A .NET regular expression over PCRE2, compiled once. Offsets are in UTF-8 bytes.
// Sendable: the compiled code is never written after `init`, and each match has data of its own.
public final class RegularExpression: @unchecked Sendable {
  private let code: OpaquePointer
  /// .NET numbers groups without a name first: for each of its numbers, the one PCRE2 has.
  private let order: [Int]
  /// `0`, `1`, …, then the names.
  public let groupNames: [String]

  /// Steps a match may take before it counts as hanging.
  private static let matchLimit: UInt32 = 200_000

  /// `RegexOptions` that are understood: 1 ignore case, 2 multiline, 4 explicit capture, 16 single line, 32 white space.
  ///
  /// ArgumentException for a pattern that is not valid, NotSupportedException for what PCRE2 has no form of.
  public init(_ pattern: String, options: Int) throws {
    var flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C) | UInt32(PCRE2_DUPNAMES)
    if options & 1 != 0 { flags |= UInt32(PCRE2_CASELESS) }
    if options & 2 != 0 { flags |= UInt32(PCRE2_MULTILINE) }
    if options & 4 != 0 { flags |= UInt32(PCRE2_NO_AUTO_CAPTURE) }
    if options & 16 != 0 { flags |= UInt32(PCRE2_DOTALL) }
    if options & 32 != 0 { flags |= UInt32(PCRE2_EXTENDED) }
    if options & 64 != 0 || pattern.contains("-[") {
      throw DotNetException.notSupported(
        "Right-to-left matching and character class subtraction are not supported by this version of Postern yet.")
    }
    var error: Int32 = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    let context = pcre2_compile_context_create_8(nil)
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
    let compiled = bytes.withUnsafeBufferPointer {
      pcre2_compile_8($0.baseAddress, bytes.count, flags, &error, &offset, context)
    }
    guard let compiled else {
      throw DotNetException.argument("Invalid pattern '\(pattern)' at offset \(offset).")
    }
    code = compiled
    _ = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
    var (groups, names, size): (UInt32, UInt32, UInt32) = (0, 0, 0)
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_NAMECOUNT), &names)
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
    var table: UnsafePointer<UInt8>?
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_NAMETABLE), &table)
    var named: [Int: String] = [:]
    for index in 0..<Int(names) {
      guard let entry = table?.advanced(by: index * Int(size)) else { break }
      var text: [UInt8] = []
      var at = 2
      while entry[at] != 0 {
        text.append(entry[at])
        at += 1
      }
      named[Int(entry[0]) << 8 | Int(entry[1])] = String(decoding: text, as: UTF8.self)
    }
    let all = Array(0...Int(groups))
    let unnamed = all.filter { named[$0] == nil }
    order = unnamed + all.filter { named[$0] != nil }
    groupNames = unnamed.indices.map { "\($0)" } + all.compactMap { named[$0] }
  }

  deinit { pcre2_code_free_8(code) }

  /// The first match at or after a place: ranges of the groups in .NET's order, nil for one that took no part.
  ///
  /// RegexMatchTimeoutException when the pattern backtracks without end.
  public func match(in text: [UInt8], from start: Int) throws -> [Range<Int>?]? {
    guard start <= text.count else { return nil }
    let data = pcre2_match_data_create_from_pattern_8(code, nil)
    defer { pcre2_match_data_free_8(data) }
    let context = pcre2_match_context_create_8(nil)
    defer { pcre2_match_context_free_8(context) }
    pcre2_set_match_limit_8(context, Self.matchLimit)
    let found = text.withUnsafeBufferPointer {
      pcre2_match_8(code, $0.baseAddress, text.count, start, 0, data, context)
    }
    if found == PCRE2_ERROR_NOMATCH { return nil }
    guard found > 0, let places = pcre2_get_ovector_pointer_8(data) else {
      throw DotNetException(
        "System.Text.RegularExpressions.RegexMatchTimeoutException",
        "The Regex engine has timed out while trying to match a pattern to an input string.")
    }
    return order.map { group in
      let (from, to) = (places[group * 2], places[group * 2 + 1])
      return from == Int.max || from < 0 || from > to || to > text.count ? nil : from..<to
    }
  }
}
