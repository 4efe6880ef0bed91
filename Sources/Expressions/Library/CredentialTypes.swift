import DotNet
import Foundation

/// `Jwt`, `BasicAuthCredentials` and `Authorization`: what a token or an Authorization header says, without checking it.
extension LibraryCatalog {
  static let credentialTypes: [LibraryType] = [
    LibraryType("class Apim.Jwt") { type in
      for (name, claim, isHeader) in [
        ("Algorithm", "alg", true), ("Type", "typ", true), ("Id", "jti", false), ("Issuer", "iss", false),
        ("Subject", "sub", false),
      ] {
        type.member("string \(name) { get; }") { call in
          let token = try call.receiver(TokenObject.self)
          return (isHeader ? token.header : token.payload).member(claim).map { .string(TokenObject.text($0)) } ?? .null
        }
      }
      for (name, claim) in [("ExpirationTime", "exp"), ("IssuedAt", "iat"), ("NotBefore", "nbf")] {
        type.member("DateTime? \(name) { get; }") { call in
          guard let token = try call.receiver(TokenObject.self).payload.member(claim),
            case .scalar(let value) = token.content
          else { return .null }
          let seconds = Operation.real(value)
          guard abs(seconds) < 2.5e11 else { return .null }
          return try utc(Int64(seconds) * DateTimeValue.ticksPerSecond + 621_355_968_000_000_000)
        }
      }
      type.member("IEnumerable<string> Audiences { get; }") { call in
        .object(ArrayObject(strings: try call.receiver(TokenObject.self).values("aud") ?? []))
      }
      type.member("IReadOnlyDictionary<string, string[]> Claims { get; }") { call in
        try call.receiver(TokenObject.self).claims
      }
    },
    LibraryType("class Apim.BasicAuthCredentials") { type in
      for name in ["UserId", "Username"] {
        type.member("string \(name) { get; }") { call in .string(try call.receiver(BasicCredentials.self).user) }
      }
      type.member("string Password { get; }") { call in .string(try call.receiver(BasicCredentials.self).password) }
    },
    // No value is one: `get-authorization-context`, which would make it, is refused where it is saved. Documents that
    // come from elsewhere cast to the type.
    LibraryType("class Apim.Authorization") { type in
      type.member("string AccessToken { get; }") { _ in throw Thrown.nullReference() }
      type.member("IReadOnlyDictionary<string, object> Claims { get; }") { _ in throw Thrown.nullReference() }
    },
    LibraryType("static class Apim.StringExtensions", extensions: true) { type in
      type.member("static Jwt AsJwt(this string value)") { call in
        call.stringOrNull(0).flatMap { TokenObject($0, call.machine) }.map { .object($0) } ?? .null
      }
      type.member("static bool TryParseJwt(this string value, out Jwt token)") { call in
        let token = call.stringOrNull(0).flatMap { TokenObject($0, call.machine) }
        call.set(1, token.map { .object($0) } ?? .null)
        return .bool(token != nil)
      }
      type.member("static BasicAuthCredentials AsBasic(this string value)") { call in
        call.stringOrNull(0).flatMap { BasicCredentials($0) }.map { .object($0) } ?? .null
      }
      type.member("static bool TryParseBasic(this string value, out BasicAuthCredentials credentials)") { call in
        let credentials = call.stringOrNull(0).flatMap { BasicCredentials($0) }
        call.set(1, credentials.map { .object($0) } ?? .null)
        return .bool(credentials != nil)
      }
    },
  ]
}

/// A token in JWS compact form, taken apart.
final class TokenObject: RuntimeObject {
  let header: JsonToken
  let payload: JsonToken

  /// nil when the text is no token; `Bearer ` before it is accepted.
  init?(_ source: String, _ machine: Machine) {
    let isBearer = source.prefix(7).lowercased() == "bearer "
    let parts = (isBearer ? source.dropFirst(7) : source[...]).split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.json(parts[0], machine), let payload = Self.json(parts[1], machine) else {
      return nil
    }
    self.header = header
    self.payload = payload
  }

  private static func json(_ part: Substring, _ machine: Machine) -> JsonToken? {
    var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
    while text.utf8.count % 4 != 0 { text += "=" }
    guard let data = Data(base64Encoded: text),
      let token = try? JsonReader.parse(Array(data), machine, readsDates: false), token.isObject
    else { return nil }
    return token
  }

  static func text(_ token: JsonToken) -> String {
    guard case .scalar(let value) = token.content else { return "" }
    switch value {
    case .bool(let flag): return flag ? "true" : "false"
    case .string(let text): return text
    case .double(let number): return NumberText.shortest(number)
    case .null: return ""
    default: return "\(Operation.integer(value) ?? 0)"
    }
  }

  /// The values of a claim: an array has several.
  func values(_ name: String) -> [String]? {
    guard let token = payload.member(name) else { return nil }
    if case .array = token.content { return token.children.map { Self.text($0) } }
    return [Self.text(token)]
  }

  /// `Claims`: the values of every claim, put together when first asked for.
  private(set) lazy var claims: Value = {
    let claims = DictionaryObject(TypeSymbol(TypeDefinition.dictionary, [.string, .stringArray]))
    for property in payload.children {
      guard let name = property.propertyName, let values = values(name) else { continue }
      // Setting fails for null only, which no name is.
      try? claims.set(.string(name), .object(ArrayObject(strings: values)))
    }
    return .object(claims)
  }()

  private static let type = TypeSymbol.named("Apim.Jwt")
  var runtimeType: TypeSymbol { Self.type }
}

/// The user and password of an `Authorization: Basic …` header.
final class BasicCredentials: RuntimeObject, Sendable {
  let user: String
  let password: String

  /// nil when the text is no such header or the user is empty.
  init?(_ source: String) {
    guard source.hasPrefix("Basic "), let data = Data(base64Encoded: String(source.dropFirst(6))) else { return nil }
    // ISO-8859-1: each byte is a scalar.
    let text = String(decoding: data.map { UInt16($0) }, as: UTF16.self)
    guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else { return nil }
    user = String(text[..<colon])
    password = String(text[text.index(after: colon)...])
  }

  var runtimeType: TypeSymbol { .named("Apim.BasicAuthCredentials") }
}
