/// An absolute `http` or `https` address taken apart, ready to connect to and to ask for.
public struct RequestURL: Sendable, Hashable {
  public var origin: Origin
  /// Value of the Host field: the port is left out where it is the scheme's own.
  public var host: String
  /// Percent-encoded; begins with a slash unless empty.
  public var path: String
  /// Without the question mark; nil when there is none.
  public var query: String?

  /// Why a text is no address.
  public struct Failure: Error, Sendable, Equatable {
    public var message: String
  }

  init(origin: Origin, host: String, path: String, query: String?) {
    self.origin = origin
    self.host = host
    self.path = path
    self.query = query
  }

  /// Path and query as the start line of a request holds them.
  public var target: String { (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "") }

  /// The address again.
  public var text: String { "\(origin.isTLS ? "https" : "http")://\(host)\(path)\(query.map { "?" + $0 } ?? "")" }

  /// Reads `http://`, `https://`, `ws://` or `wss://`; user information is refused, a fragment ignored, and what cannot
  /// stand in a request is percent-encoded.
  public init(_ text: String, validatesChain: Bool = true, validatesName: Bool = true) throws(Failure) {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"),
      let isTLS = ["http": false, "ws": false, "https": true, "wss": true][text[..<colon].lowercased()]
    else { throw Failure(message: "\"\(text)\" is not a URL beginning with http:// or https://") }
    let rest = text[text.index(colon, offsetBy: 3)...]
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    let authority = rest[..<authorityEnd]
    guard !authority.contains("@") else { throw Failure(message: "a URL must not hold user information") }
    var name = authority
    var port = isTLS ? 443 : 80
    var portText: Substring?
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw Failure(message: "\"\(text)\" has a broken host") }
      name = authority[authority.index(after: authority.startIndex)..<close]
      let behind = authority[authority.index(after: close)...]
      guard behind.isEmpty || behind.hasPrefix(":") else { throw Failure(message: "\"\(text)\" has a broken port") }
      if !behind.isEmpty { portText = behind.dropFirst() }
    } else if let colon = authority.lastIndex(of: ":") {
      name = authority[..<colon]
      portText = authority[authority.index(after: colon)...]
    }
    if let portText {
      guard let number = Int(portText), (1...65535).contains(number) else {
        throw Failure(message: "\"\(text)\" has a broken port")
      }
      port = number
    }
    guard !name.isEmpty, name.utf8.count <= 255,
      name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x2f && $0 != 0x5c })
    else { throw Failure(message: "\"\(text)\" has no usable host") }
    origin = Origin(
      isTLS: isTLS, host: name.lowercased(), port: port, validatesChain: validatesChain, validatesName: validatesName)
    let bare = authority.hasPrefix("[") ? "[\(name)]" : String(name)
    host = port == (isTLS ? 443 : 80) ? bare : "\(bare):\(port)"
    let tail = rest[authorityEnd...].prefix { $0 != "#" }
    path = QueryText.escapeUnsafe(String(tail.prefix { $0 != "?" }))
    query = tail.firstIndex(of: "?").map {
      QueryText.escapeUnsafe(String(tail[tail.index(after: $0)...]), keepsQuestion: true)
    }
  }
}
