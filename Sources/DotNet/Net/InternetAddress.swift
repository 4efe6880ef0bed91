/// An IPv4 or IPv6 address: `System.Net.IPAddress`.
public struct InternetAddress: Sendable, Hashable {
  /// Four or sixteen bytes, in network order.
  public let bytes: [UInt8]
  /// The zone of a link-local IPv6 address.
  public let scope: UInt32

  /// ArgumentException for another number of bytes than four or sixteen.
  public init(_ bytes: [UInt8], scope: UInt32 = 0) throws {
    guard bytes.count == 4 || bytes.count == 16 else {
      throw DotNetException.argument("An invalid IP address was specified.", "address")
    }
    self.bytes = bytes
    self.scope = scope
  }

  private init(trusted bytes: [UInt8], scope: UInt32 = 0) {
    self.bytes = bytes
    self.scope = scope
  }

  public static let any = InternetAddress(trusted: [0, 0, 0, 0])
  public static let loopback = InternetAddress(trusted: [127, 0, 0, 1])
  public static let broadcast = InternetAddress(trusted: [255, 255, 255, 255])
  public static let any6 = InternetAddress(trusted: Array(repeating: 0, count: 16))
  public static let loopback6 = InternetAddress(trusted: Array(repeating: 0, count: 15) + [1])

  public var isIPv6: Bool { bytes.count == 16 }

  /// `127.0.0.0/8`, `::1`, and the first as IPv6 address.
  public var isLoopback: Bool {
    if !isIPv6 { return bytes[0] == 127 }
    return bytes == Self.loopback6.bytes || (isMapped && bytes[12] == 127)
  }

  /// An IPv4 address in the form `::ffff:1.2.3.4`.
  public var isMapped: Bool {
    isIPv6 && bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
  }

  public var mappedToIPv4: InternetAddress { isIPv6 ? InternetAddress(trusted: Array(bytes[12...])) : self }
  public var mappedToIPv6: InternetAddress {
    isIPv6 ? self : InternetAddress(trusted: Array(repeating: 0, count: 10) + [0xFF, 0xFF] + bytes)
  }

  // MARK: - Text

  /// Reads what `IPAddress.Parse` takes: also IPv4 with fewer parts, hexadecimal or octal ones, and `[::1]:80`. nil for
  /// anything else.
  public init?(_ text: String) {
    if text.contains(":") {
      guard let address = Self.version6(text) else { return nil }
      self = address
    } else {
      guard let bytes = Self.version4(text[...], isPlain: false) else { return nil }
      self.init(trusted: bytes)
    }
  }

  /// One to four numbers, of which the last fills the bytes that are left.
  private static func version4(_ text: Substring, isPlain: Bool) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard isPlain ? parts.count == 4 : (1...4).contains(parts.count) else { return nil }
    var numbers: [UInt64] = []
    for part in parts {
      let isHexadecimal = part.hasPrefix("0x") || part.hasPrefix("0X")
      let isOctal = !isHexadecimal && part.count > 1 && part.hasPrefix("0")
      let digits = isHexadecimal ? part.dropFirst(2) : part
      guard let first = digits.utf8.first, first != 0x2B, first != 0x2D, !isPlain || !isHexadecimal,
        let number = UInt64(digits, radix: isHexadecimal ? 16 : isOctal && !isPlain ? 8 : 10)
      else { return nil }
      numbers.append(number)
    }
    let last = numbers.removeLast()
    let width = 4 - numbers.count
    guard numbers.allSatisfy({ $0 < 256 }), last < 1 << UInt64(8 * width) else { return nil }
    return numbers.map { UInt8($0) } + (0..<width).reversed().map { UInt8(truncatingIfNeeded: last >> UInt64(8 * $0)) }
  }

  private static func version6(_ source: String) -> InternetAddress? {
    var text = Substring(source)
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      let port = text[text.index(after: end)...]
      guard port.isEmpty || (port.hasPrefix(":") && UInt16(port.dropFirst()) != nil) else { return nil }
      text = text[text.index(after: text.startIndex)..<end]
    }
    var scope: UInt32 = 0
    if let mark = text.firstIndex(of: "%") {
      guard let number = UInt32(text[text.index(after: mark)...]) else { return nil }
      scope = number
      text = text[..<mark]
    }
    var tail: [UInt8] = []
    if text.contains(".") {
      guard let colon = text.lastIndex(of: ":"),
        let bytes = version4(text[text.index(after: colon)...], isPlain: true)
      else { return nil }
      tail = bytes
      text = text[...colon]
      if !text.hasSuffix("::") { text = text.dropLast() }
    }
    guard let gap = text.firstRange(of: "::") else {
      guard let groups = groups(text), groups.count + tail.count == 16 else { return nil }
      return InternetAddress(trusted: groups + tail, scope: scope)
    }
    guard let head = groups(text[..<gap.lowerBound]), let rest = groups(text[gap.upperBound...]) else { return nil }
    let zeros = 16 - head.count - rest.count - tail.count
    guard zeros >= 2 else { return nil }
    return InternetAddress(trusted: head + Array(repeating: 0, count: zeros) + rest + tail, scope: scope)
  }

  private static func groups(_ text: Substring) -> [UInt8]? {
    if text.isEmpty { return [] }
    var bytes: [UInt8] = []
    for group in text.split(separator: ":", omittingEmptySubsequences: false) {
      guard (1...4).contains(group.utf8.count), group.allSatisfy(\.isHexDigit), let number = UInt16(group, radix: 16)
      else { return nil }
      bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    }
    return bytes
  }
}

extension InternetAddress: CustomStringConvertible {
  /// The shortest form: small letters, the longest run of zeros as `::`, the last 32 bits dotted where they are IPv4.
  public var description: String {
    guard isIPv6 else { return bytes.map(String.init).joined(separator: ".") }
    let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    let zone = scope == 0 ? "" : "%\(scope)"
    let isEmbedded = isMapped || (groups[0..<6].allSatisfy { $0 == 0 } && groups[6] != 0)
    let shown = isEmbedded ? groups[..<6] : groups[...]
    var longest = 0..<0
    var start = 0
    while start < shown.count {
      var end = start
      while end < shown.count, shown[end] == 0 { end += 1 }
      if end - start > max(longest.count, 1) { longest = start..<end }
      start = max(end, start + 1)
    }
    func joined(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
    var text =
      longest.isEmpty
      ? joined(shown) : joined(shown[..<longest.lowerBound]) + "::" + joined(shown[longest.upperBound...])
    if isEmbedded {
      if !text.hasSuffix(":") { text += ":" }
      text += bytes[12...].map(String.init).joined(separator: ".")
    }
    return text + zone
  }
}
