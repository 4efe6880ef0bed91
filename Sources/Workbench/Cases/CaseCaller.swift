import Foundation
import GatewayConfiguration

/// Who makes a request of a case: by default the user `ada` with the subscription `canteen`, at 192.0.2.1.
struct CaseCaller: Sendable {
  private(set) var address = "192.0.2.1"
  private var userID: String? = "ada"
  private var subscriptionID: String? = "canteen"
  /// Another product than the case's own.
  private var productID: String?
  /// The certificate of the case that the caller shows.
  private(set) var certificateID: String?
  /// When the subscription began; nil for 1970-01-01.
  private var start: Date?

  init() {}

  /// Reads `name=value` lines; a user or subscription without value is nobody, or none.
  init(_ pairs: [String: String], _ heading: CaseLine) throws(CaseProblem) {
    for (name, value) in pairs {
      switch name {
      case "address": address = value
      case "user": userID = value.isEmpty ? nil : value
      case "subscription": subscriptionID = value.isEmpty ? nil : value
      case "product": productID = value.isEmpty ? nil : value
      case "certificate": certificateID = value.isEmpty ? nil : value
      case "started":
        guard let date = try? Date(value, strategy: .iso8601) else {
          throw CaseProblem(line: heading.number, message: "Expected 'started=2026-01-01T00:00:00Z'.")
        }
        start = date
      default:
        throw CaseProblem(
          line: heading.number,
          message: "'\(name)' is not known; expected address, user, subscription, product, certificate or started.")
      }
    }
  }

  /// Shows a certificate of the case.
  init(certificateID: String) { self.certificateID = certificateID }

  var user: User? {
    guard let userID else { return nil }
    return userID == "ada"
      ? User(id: "ada", firstName: "Ada", lastName: "Lovelace", email: "ada@example.org")
      : User(id: userID, firstName: userID, lastName: "", email: "\(userID)@example.org")
  }

  var product: Product? { productID.map { Product(id: $0, displayName: $0) } }

  /// - Parameter product: the identifier of the product it is for; nil: it is for the API.
  func subscription(to product: String?) -> Subscription? {
    guard let subscriptionID else { return nil }
    var subscription = Subscription(
      id: subscriptionID, displayName: subscriptionID == "canteen" ? "Canteen" : subscriptionID,
      scope: product.map { .product($0) } ?? .api("echo"), primaryKey: "primary", secondaryKey: "secondary",
      ownerID: userID)
    subscription.startDate = start.map { Int64($0.timeIntervalSince1970) }
    return subscription
  }
}
