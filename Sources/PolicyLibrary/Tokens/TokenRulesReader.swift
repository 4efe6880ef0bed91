import DotNet
import PolicySyntax

/// Reads the attributes and children that the policies for tokens share.
struct TokenRulesReader {
  let element: PolicyElement
  let plan: PolicyCompilation
  let attributes: AttributeReader
  let failedStatus: Argument<Int>
  let failedMessage: Argument<String>?
  private let outputVariable: String?

  init(_ element: PolicyElement, _ plan: PolicyCompilation) {
    self.element = element
    self.plan = plan
    attributes = AttributeReader(element, plan)
    failedStatus = attributes.integer("failed-validation-httpcode", in: 100...999) ?? .literal(401)
    failedMessage = attributes.string("failed-validation-error-message")
    outputVariable = attributes.literal("output-token-variable-name")
  }

  func readCommon(_ rules: inout TokenRules) {
    rules.outputVariable = outputVariable
    rules.audiences = texts("audiences", "audience")
    rules.claims = claims()
    rules.decryptionKeys = decryptionKeys()
  }

  /// The children of a list, as texts.
  func texts(_ list: String, _ name: String) -> [Argument<String>] {
    guard let parent = child(list, holding: [name]) else { return [] }
    return parent.elements(named: name).compactMap { item in
      AttributeReader(item, plan).finish()
      guard let text = item.text else {
        plan.report(item.diagnostic("PL0109", "<\(name)> needs a text."))
        return nil
      }
      let argument = plan.string(text)
      if case .literal(let literal)? = argument { return .literal(literal.trimmed) }
      return argument
    }
  }

  private func child(_ name: String, holding children: [String]) -> PolicyElement? {
    let found = element.elements(named: name)
    for repeated in found.dropFirst() {
      plan.report(repeated.diagnostic("PL0129", "'\(element.name)' may hold only one <\(name)>."))
    }
    guard let first = found.first else { return nil }
    AttributeReader(first, plan).finish()
    plan.allowChildren(children, in: first)
    return first
  }

  func addresses() -> [Argument<String>] {
    element.elements(named: "openid-config").compactMap { config in
      let attributes = AttributeReader(config, plan)
      let url = attributes.string("url", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: config)
      if case .literal(let text)? = url {
        do throws(RequestURL.Failure) { _ = try RequestURL(text.trimmed) } catch {
          plan.report(config.diagnostic("PL0125", error.message))
          return nil
        }
      }
      return url
    }
  }

  /// `key` of `issuer-signing-keys`: a secret in Base64, the numbers of an RSA key, or a certificate.
  func signingKeys() -> [TokenRules.Key] {
    guard let parent = child("issuer-signing-keys", holding: ["key"]) else { return [] }
    return parent.elements(named: "key").compactMap { item in
      let attributes = AttributeReader(item, plan)
      let id = attributes.literal("id")
      let certificate = attributes.string("certificate-id")
      let modulus = attributes.literal("n")
      let exponent = attributes.literal("e")
      attributes.finish()
      if let certificate {
        if let name = certificate.literal { plan.requireCertificate(name, "certificate-id", of: item) }
        return .certificate(id: id, certificate: certificate)
      }
      let key: SignatureKey?
      if let modulus, let exponent {
        key = Base64URL.bytes(modulus.trimmed).flatMap { n in
          Base64URL.bytes(exponent.trimmed).flatMap { SignatureKey(modulus: n, exponent: $0) }
        }
      } else {
        key = secret(item).flatMap { SignatureKey(secret: $0) }
      }
      guard let key else {
        plan.report(
          item.diagnostic(
            "PL0131", "The key is none: expected a secret in Base64, n and e in Base64 for URLs, or certificate-id."))
        return nil
      }
      return .known(KeySet.Entry(id: id, key: key))
    }
  }

  private func decryptionKeys() -> [TokenRules.DecryptionKey] {
    guard let parent = child("decryption-keys", holding: ["key"]) else { return [] }
    return parent.elements(named: "key").compactMap { item in
      let attributes = AttributeReader(item, plan)
      let certificate = attributes.string("certificate-id")
      attributes.finish()
      if let certificate {
        if let name = certificate.literal { plan.requireCertificate(name, "certificate-id", of: item) }
        return .certificate(certificate)
      }
      guard let secret = secret(item), !secret.isEmpty else {
        plan.report(item.diagnostic("PL0131", "The key is none: expected a secret in Base64, or certificate-id."))
        return nil
      }
      return .secret(secret)
    }
  }

  private func secret(_ item: PolicyElement) -> [UInt8]? {
    guard let text = item.text?.literal?.filter({ !$0.isWhitespace }) else { return nil }
    return Base64URL.bytes(text.replacing("+", with: "-").replacing("/", with: "_").trimmingPadding)
  }

  private func claims() -> [TokenRules.RequiredClaim] {
    guard let parent = child("required-claims", holding: ["claim"]) else { return [] }
    return parent.elements(named: "claim").compactMap { item in
      let attributes = AttributeReader(item, plan)
      let name = attributes.literal("name", isRequired: true)
      let match = attributes.word("match", among: ["all", "any"], allowsExpression: false)
      let separator = attributes.literal("separator")
      attributes.finish()
      plan.allowChildren(["value"], in: item)
      let values = item.elements(named: "value").map { $0.text.flatMap { plan.string($0) } ?? .literal("") }
      return name.map {
        TokenRules.RequiredClaim(name: $0, matchesAll: match?.literal != "any", separator: separator, values: values)
      }
    }
  }
}

extension String {
  /// Base64 without the equals signs at its end.
  fileprivate var trimmingPadding: String {
    var text = Substring(self)
    while text.hasSuffix("=") { text.removeLast() }
    return String(text)
  }
}
