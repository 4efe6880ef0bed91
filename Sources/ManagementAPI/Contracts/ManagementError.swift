import ControlPlaneStore

/// Why a call of the management API is refused: the one table from errors to ARM's `{error:{code,message,details}}`.
public struct ManagementError: Error, Sendable, Equatable {
  /// One of several reasons, with the member it is about.
  public struct Detail: Sendable, Equatable {
    public var target: String
    public var message: String
  }

  /// The HTTP status.
  public var status: Int
  public var code: String
  public var message: String
  public var details: [Detail] = []

  static func notFound(_ what: String) -> ManagementError {
    ManagementError(status: 404, code: "ResourceNotFound", message: "\(what) not found.")
  }

  static func validation(_ details: [Detail]) -> ManagementError {
    ManagementError(
      status: 400, code: "ValidationError", message: "One or more fields contain incorrect values:", details: details)
  }

  static func validation(_ target: String, _ message: String) -> ManagementError {
    .validation([Detail(target: target, message: message)])
  }

  static func badRequest(_ code: String, _ message: String) -> ManagementError {
    ManagementError(status: 400, code: code, message: message)
  }

  static let unauthorized = ManagementError(
    status: 401, code: "AuthenticationFailed",
    message: "The Authorization header must be 'Bearer' with the administrator credential.")

  init(status: Int, code: String, message: String, details: [Detail] = []) {
    self.status = status
    self.code = code
    self.message = message
    self.details = details
  }

  init(_ error: StoreError) {
    switch error.code {
    case .notFound: self = .notFound("Resource")
    case .preconditionFailed:
      self.init(
        status: 412, code: "PreconditionFailed",
        message: "Resource was modified since last retrieval. Please retrieve latest version.")
    case .stale: self.init(status: 409, code: "Conflict", message: "Somebody else changed this meanwhile; try again.")
    case .full: self.init(status: 507, code: error.code.rawValue, message: error.message)
    case .unavailable, .damaged: self.init(status: 500, code: error.code.rawValue, message: error.message)
    }
  }

  /// The body ARM clients read.
  var body: JSON {
    var error: JSONObject = ["code": .string(code), "message": .string(message)]
    if !details.isEmpty {
      error["details"] = .array(
        details.map { ["code": .string(code), "target": .string($0.target), "message": .string($0.message)] })
    }
    return ["error": .object(error)]
  }
}
