public import TDSWire

/// A statement that a policy has a database of SQL Server run.
public struct SQLRequest: Sendable {
  public var settings: TDSSettings
  /// An access token in place of user and password.
  public var token: String?
  /// Offered in the TLS handshake.
  public var certificate: ClientCertificate?
  public var call: TDSCall

  public init(settings: TDSSettings, token: String?, certificate: ClientCertificate?, call: TDSCall) {
    (self.settings, self.token, self.certificate, self.call) = (settings, token, certificate, call)
  }
}

/// The last result of a statement; without columns where it had none.
public struct SQLResult: Sendable, Equatable {
  /// Names in order; empty where the statement gives none.
  public var columns: [String]
  /// As many values as columns each.
  public var rows: [[TDSValue]]

  public init(columns: [String], rows: [[TDSValue]]) { (self.columns, self.rows) = (columns, rows) }
}

/// Why a statement has no result.
public struct SQLFailure: Error, Sendable, Equatable {
  public enum Reason: String, Sendable {
    case timeout = "Timeout"
    case connection = "BackendConnectionFailure"
    /// The server has refused the login or the statement.
    case refused = "SqlError"
    case tooLarge = "AnswerTooLarge"
  }

  public var reason: Reason
  /// For the log: it may tell what a server says, never the connection string.
  public var message: String
  /// The number of the server's error; nil where it said nothing.
  public var number: Int?

  public init(reason: Reason, message: String, number: Int? = nil) {
    (self.reason, self.message, self.number) = (reason, message, number)
  }

  /// What a server complains of.
  public init(_ error: TDSServerError) {
    let text = error.message.prefix(2_048)
    self.init(
      reason: .refused,
      message:
        "SQL error \(error.number), state \(error.state), severity \(error.severity), line \(error.line): \(text)",
      number: error.number)
  }

  /// The failure as an error of a policy; the caller learns the number of the server's error at most.
  func error(source: String) -> PolicyError {
    var error = PolicyError.internal(source: source, reason: reason.rawValue, message: message)
    switch reason {
    case .refused:
      error.status = 502
      error.responseMessage = "The data source answered with the SQL error \(number ?? 0)."
    case .connection: error.responseMessage = "The data source cannot be reached."
    case .timeout: error.responseMessage = "The data source did not answer in time."
    case .tooLarge: error.responseMessage = "The answer of the data source is too large."
    }
    return error
  }
}

/// What came of a statement.
public typealias SQLOutcome = Result<SQLResult, SQLFailure>
