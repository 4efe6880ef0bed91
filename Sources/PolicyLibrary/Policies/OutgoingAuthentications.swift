import DotNet
import Expressions
import PolicySyntax

/// The policies that prove to a called service who calls, as children of a request.
enum OutgoingAuthentications {
  /// Nil after a complaint.
  static func read(_ element: PolicyElement, _ plan: PolicyCompilation) -> (any OutgoingAuthentication)? {
    switch element.name {
    case "authentication-basic": return BasicAuthentication(element, plan)
    case "authentication-certificate": return CertificateAuthentication(element, plan)
    case "authentication-managed-identity": return ManagedIdentity(element, plan)
    default:
      plan.report(
        element.diagnostic("PL0106", "<\(element.name)> in a request is not supported by this version of Postern yet."))
      return nil
    }
  }
}

/// `authentication-basic` in a request.
struct BasicAuthentication: OutgoingAuthentication {
  let username: Argument<String>
  let password: Argument<String>

  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let username = attributes.string("username", isRequired: true)
    let password = attributes.string("password", isRequired: true)
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let username, let password else { return nil }
    self.username = username
    self.password = password
  }

  /// The value of `Authorization`.
  func header(_ exchange: Exchange) throws(PolicyError) -> String {
    let text = "\(try username.value(exchange)):\(try password.value(exchange))"
    return "Basic " + Base64.text(Array(text.utf8))
  }

  func authenticate(
    _ request: OutgoingRequest, _ exchange: Exchange,
    _ completion: @escaping (Result<OutgoingRequest, PolicyError>) -> Void
  ) -> (any PendingEffect)? {
    var request = request
    do throws(PolicyError) {
      request.setHeader("Authorization", try header(exchange))
      completion(.success(request))
    } catch {
      completion(.failure(error))
    }
    return nil
  }
}
