import Crypto
public import FoundationEssentials

/// What has requests to one API traced for a while: `aid={api}&p=tracing&ex={seconds}&sn={signature}`, with `wid={workspace}`
/// for the API of a workspace. Callers send it as `Apim-Debug-Authorization`.
///
/// The signature is HMAC-SHA256 over everything before `&sn=` with the gateway's ``GatewayIdentity/debugKey``, in base64
/// of the URL alphabet without padding.
public struct DebugCredential: Sendable, Equatable {
  /// The longest text accepted, in bytes.
  public static let maximumLength = 2_048
  /// The longest life a credential is given, in seconds.
  public static let maximumLifetime: Int64 = 3_600

  /// The API without its revision.
  public let apiID: String
  /// Where the API lives; nil for one of the service itself.
  public let workspaceID: String?
  /// When it ends, in seconds since 1970-01-01 UTC.
  public let expirySeconds: Int64
  private let signed: String
  private let signature: DebugSignature

  /// Reads a credential. Nil unless it has the documented form.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.maximumLength else { return nil }
    var pairs = text.split(separator: "&", omittingEmptySubsequences: false)
    guard let last = pairs.popLast(), last.hasPrefix("sn="), let signature = DebugSignature(String(last.dropFirst(3)))
    else { return nil }
    signed = pairs.joined(separator: "&")
    self.signature = signature
    var fields: [Substring: Substring] = [:]
    for pair in pairs {
      guard let equals = pair.firstIndex(of: "=") else { return nil }
      guard fields.updateValue(pair[pair.index(after: equals)...], forKey: pair[..<equals]) == nil else { return nil }
    }
    guard fields["p"] == "tracing", let expiry = fields["ex"].flatMap({ Int64($0) }),
      let api = fields["aid"].map(Self.unescaped), !api.isEmpty
    else { return nil }
    apiID = api
    workspaceID = fields["wid"].map(Self.unescaped)
    expirySeconds = expiry
  }

  /// Makes a credential with the key of the gateway that is to honour it.
  public init(apiID: String, workspaceID: String? = nil, expirySeconds: Int64, key: Data) {
    self.apiID = apiID
    self.workspaceID = workspaceID
    self.expirySeconds = expirySeconds
    let workspace = workspaceID.map { "&wid=\(Self.escaped($0))" } ?? ""
    signed = "aid=\(Self.escaped(apiID))\(workspace)&p=tracing&ex=\(expirySeconds)"
    signature = DebugSignature(of: signed, key: key)
  }

  public var text: String { "\(signed)&sn=\(signature.text)" }

  /// Whether the signature was made with this key; compared in constant time.
  public func isSigned(with key: Data) -> Bool { signature.isValid(for: signed, key: key) }

  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == 0x25, let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Unreserved characters of RFC 3986 stand for themselves.
  private static func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}

/// Where whoever holds it may read one trace for an hour, as `Ocp-Apim-Trace-Location` tells callers:
/// `{service}/gateways/{gateway}/traces/{trace}?ex={seconds}&sn={signature}`.
public struct TraceLocation: Sendable, Equatable {
  public let traceID: String
  /// When it ends, in seconds since 1970-01-01 UTC.
  public let expirySeconds: Int64
  private let signature: DebugSignature

  /// - Parameter signature: as the query `sn` has it. Nil unless it has the form of one.
  public init?(traceID: String, expirySeconds: Int64, signature: String) {
    guard let signature = DebugSignature(signature) else { return nil }
    self.traceID = traceID
    self.expirySeconds = expirySeconds
    self.signature = signature
  }

  /// - Parameter key: ``GatewayIdentity/debugKey`` of the gateway that makes the trace.
  public init(traceID: String, expirySeconds: Int64, key: Data) {
    self.traceID = traceID
    self.expirySeconds = expirySeconds
    signature = DebugSignature(of: Self.signed(traceID, expirySeconds), key: key)
  }

  /// - Parameter base: the gateway's address at the service: `https://service/gateways/plant`.
  public func url(below base: String) -> String {
    "\(base)/traces/\(traceID)?ex=\(expirySeconds)&sn=\(signature.text)"
  }

  /// Whether the signature was made with this key; compared in constant time.
  public func isSigned(with key: Data) -> Bool {
    signature.isValid(for: Self.signed(traceID, expirySeconds), key: key)
  }

  // No credential reads like this.
  private static func signed(_ traceID: String, _ expirySeconds: Int64) -> String { "\(expirySeconds)/\(traceID)" }
}

/// An HMAC-SHA256 as text of 43 characters.
private struct DebugSignature: Sendable, Equatable {
  let bytes: Data

  init?(_ text: String) {
    let standard = text.replacing("-", with: "+").replacing("_", with: "/")
    guard text.utf8.count == 43, let bytes = Data(base64Encoded: standard + "=") else { return nil }
    self.bytes = bytes
  }

  init(of text: String, key: Data) {
    bytes = Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
  }

  var text: String {
    bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  func isValid(for text: String, key: Data) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      bytes, authenticating: Data(text.utf8), using: SymmetricKey(data: key))
  }
}
