import DotNet
import FoundationEssentials

/// Where an account of Cosmos DB is, and the key that opens it.
struct CosmosAccount: Sendable {
  /// Why a text is no connection string; the message quotes nothing of it.
  struct Failure: Error {
    let message: String
  }

  let endpoint: RequestURL
  /// Nil where the gateway's identity opens it.
  let key: [UInt8]?

  /// Reads `AccountEndpoint=…;AccountKey=…;`. White space within the endpoint does not count.
  init(_ connectionString: String, usesIdentity: Bool) throws(Failure) {
    var address: String?
    var key: String?
    for part in connectionString.split(separator: ";") where !part.allSatisfy(\.isWhitespace) {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch (halves[0].trimmed.lowercased(), halves.count) {
      case ("accountendpoint", 2): address = halves[1].filter { !$0.isWhitespace }
      case ("accountkey", 2): key = halves[1].filter { !$0.isWhitespace }
      default: throw Failure(message: "The connection string has a part other than AccountEndpoint and AccountKey.")
      }
    }
    guard let address, let url = try? RequestURL(address), ["", "/"].contains(url.path), url.query == nil else {
      throw Failure(
        message: "The connection string needs an AccountEndpoint such as https://account.documents.azure.com:443/.")
    }
    endpoint = url
    if usesIdentity {
      self.key = nil
      return
    }
    guard let key else {
      throw Failure(message: "The connection string needs an AccountKey, or use-managed-identity=\"true\".")
    }
    guard !key.isEmpty, let bytes = Data(base64Encoded: key) else {
      throw Failure(message: "The AccountKey of the connection string is no Base64.")
    }
    self.key = Array(bytes)
  }

  /// What tokens of the gateway's identity are for.
  var identityResource: String { "\(endpoint.origin.isTLS ? "https" : "http")://\(endpoint.origin.host)" }

  /// The value of `Authorization` that an account's key makes for one request.
  ///
  /// - Parameters:
  ///   - link: the resource as its path names it, without percent-encoding: `dbs/d/colls/c/docs/1`; for what is made in a
  ///     resource, that one.
  ///   - date: the value of `x-ms-date`.
  static func authorization(
    _ method: String, _ resourceType: String, _ link: String, date: String, key: [UInt8]
  ) -> String {
    let signed = "\(method.lowercased())\n\(resourceType.lowercased())\n\(link)\n\(date.lowercased())\n\n"
    return token("master", signature: Base64.text(HashFunction.sha256.code(Array(signed.utf8), key: key)))
  }

  /// The value of `Authorization` with a token of Microsoft Entra ID.
  static func authorization(identityToken: String) -> String { token("aad", signature: identityToken) }

  private static func token(_ type: String, signature: String) -> String {
    QueryText.encode("type=\(type)&ver=1.0&sig=\(signature)")
  }
}
