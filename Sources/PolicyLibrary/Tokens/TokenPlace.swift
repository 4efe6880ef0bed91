import HTTPWire

/// A header that carries a token in every request, mostly with a scheme before it.
struct TokenPlace: Sendable {
  let header: HeaderName
  /// In lower case; nil for any, or none.
  private let scheme: [UInt8]?
  /// The whole value is the token.
  private let isBare: Bool

  /// nil where it takes the request to tell.
  init?(_ source: TokenSource) {
    guard case .header(.literal(let name), let takesScheme, let scheme) = source, let header = HeaderName(name) else {
      return nil
    }
    self.header = header
    let isAuthorization = name.lowercased() == "authorization"
    isBare = !takesScheme && !isAuthorization
    switch scheme {
    case .literal(let scheme)? where isAuthorization: self.scheme = Array(scheme.lowercased().utf8)
    case .expression? where isAuthorization: return nil
    default: self.scheme = nil
    }
  }

  /// Where the token begins in the header's value; nil when the scheme is another one.
  func start(in value: Span<UInt8>) -> Int? {
    if isBare { return 0 }
    var space = 0
    while space < value.count, value[space] != UInt8(ascii: " ") { space += 1 }
    if let scheme {
      guard space == scheme.count, space < value.count, value.equalsIgnoringCase(at: 0, scheme.span) else { return nil }
    }
    // Without a scheme the whole value is the token.
    if space == value.count { return 0 }
    var start = space
    while start < value.count, value[start] == UInt8(ascii: " ") { start += 1 }
    return start
  }
}
