/// Where a backend listens, and how its certificate is checked: requests to equal origins share connections.
public struct Origin: Sendable, Hashable {
  public var isTLS: Bool
  /// Lower case, without brackets around an IPv6 address.
  public var host: String
  public var port: Int
  public var validatesChain: Bool
  public var validatesName: Bool
  /// Identifier of the client certificate offered, if any.
  public var clientCertificateID: String?

  public init(
    isTLS: Bool, host: String, port: Int, validatesChain: Bool = true, validatesName: Bool = true,
    clientCertificateID: String? = nil
  ) {
    self.isTLS = isTLS
    self.host = host
    self.port = port
    self.validatesChain = validatesChain
    self.validatesName = validatesName
    self.clientCertificateID = clientCertificateID
  }
}

/// A backend's base URL made ready: connection, path before the request's own, Host value.
public final class BackendTarget: Sendable {
  public let origin: Origin
  /// Percent-encoded; empty or beginning with a slash, never ending with one.
  public let basePath: [UInt8]
  /// Value of the Host field: the port is left out where it is the scheme's own.
  public let host: [UInt8]
  /// The URL without its query, for records.
  public let url: String
  /// The identifier of the backend entity, if the target came from one.
  public let backendID: String?

  /// Why a text is no backend URL.
  public struct Failure: Error, Sendable, Equatable {
    public var message: String
  }

  /// Reads `http://` or `https://` URLs (also `ws`, `wss`); user information is refused, a query or fragment is ignored.
  public init(
    url text: String, validatesChain: Bool = true, validatesName: Bool = true, backendID: String? = nil,
    clientCertificateID: String? = nil
  ) throws(Failure) {
    let lower = text.lowercased()
    let isTLS: Bool
    let rest: Substring
    if lower.hasPrefix("http://") || lower.hasPrefix("ws://") {
      isTLS = false
    } else if lower.hasPrefix("https://") || lower.hasPrefix("wss://") {
      isTLS = true
    } else {
      throw Failure(message: "\"\(text)\" is not a URL beginning with http:// or https://")
    }
    rest = text[text.index(text.startIndex, offsetBy: lower.prefix { $0 != ":" }.count + 3)...]
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    let authority = rest[..<authorityEnd]
    let path = rest[authorityEnd...].prefix { $0 != "?" && $0 != "#" }
    guard !authority.contains("@") else { throw Failure(message: "a backend URL must not hold user information") }
    var host = authority
    var port = isTLS ? 443 : 80
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw Failure(message: "\"\(text)\" has a broken host") }
      host = authority[authority.index(after: authority.startIndex)..<close]
      let behind = authority[authority.index(after: close)...]
      if !behind.isEmpty {
        guard behind.hasPrefix(":"), let number = Int(behind.dropFirst()), (1...65535).contains(number) else {
          throw Failure(message: "\"\(text)\" has a broken port")
        }
        port = number
      }
    } else if let colon = authority.lastIndex(of: ":") {
      host = authority[..<colon]
      guard let number = Int(authority[authority.index(after: colon)...]), (1...65535).contains(number) else {
        throw Failure(message: "\"\(text)\" has a broken port")
      }
      port = number
    }
    guard !host.isEmpty, host.utf8.count <= 255,
      host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x2f && $0 != 0x5c })
    else { throw Failure(message: "\"\(text)\" has no usable host") }
    guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw Failure(message: "the path of \"\(text)\" is not percent-encoded")
    }
    origin = Origin(
      isTLS: isTLS, host: host.lowercased(), port: port, validatesChain: validatesChain, validatesName: validatesName,
      clientCertificateID: clientCertificateID)
    var base = Array(path.utf8)
    while base.last == 0x2f { base.removeLast() }
    basePath = base
    let bare = authority.hasPrefix("[") ? "[\(host)]" : String(host)
    let showsPort = port != (isTLS ? 443 : 80)
    self.host = Array((showsPort ? "\(bare):\(port)" : bare).utf8)
    self.url =
      "\(isTLS ? "https" : "http")://\(bare)\(showsPort ? ":\(port)" : "")\(String(decoding: base, as: UTF8.self))"
    self.backendID = backendID
  }
}
