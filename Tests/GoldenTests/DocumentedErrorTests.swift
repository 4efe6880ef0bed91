import Foundation
import Testing

/// The errors that Azure's pages list, each shown by a case: what `context.LastError` says, and what validation tells in
/// its variable and the caller.
struct DocumentedErrorTests {
  /// An error of a policy; `{}` in the message stands for anything.
  private struct LastError {
    let source: String
    let reason: String
    let message: String

    init(_ source: String, _ reason: String, _ message: String) {
      (self.source, self.reason, self.message) = (source, reason, message)
    }
  }

  private static let lastErrors: [LastError] = [
    LastError("check-header", "HeaderNotFound", "Header {} was not found in the request. Access denied."),
    LastError("check-header", "HeaderValueNotAllowed", "Header {} value of {} is not allowed. Access denied."),
    LastError("ip-filter", "CallerIpBlocked", "Caller IP address is blocked. Access denied."),
    LastError("ip-filter", "CallerIpNotAllowed", "Caller IP address {} is not allowed. Access denied."),
    LastError("ip-filter", "FailedToParseCallerIP", "Failed to establish IP address for the caller. Access denied."),
    LastError(
      "jsonp", "CallbackParameterInvalid", "Value of callback parameter {} is not a valid JavaScript identifier."),
    LastError("quota", "QuotaExceeded", "Out of call volume quota. Quota will be replenished in {}:{}:{}."),
    LastError("quota", "QuotaExceeded", "Out of bandwidth quota. Quota will be replenished in {}:{}:{}."),
    LastError("quota-by-key", "QuotaExceeded", "Out of call volume quota. Quota will be replenished in {}:{}:{}."),
    LastError("quota-by-key", "QuotaExceeded", "Out of bandwidth quota. Quota will be replenished in {}:{}:{}."),
    LastError("rate-limit", "RateLimitExceeded", "Rate limit is exceeded"),
    LastError("rate-limit-by-key", "RateLimitExceeded", "Rate limit is exceeded"),
    LastError("validate-jwt", "JwtInvalid", "{}"),
    LastError("validate-jwt", "TokenAudienceNotAllowed", "{} Access denied."),
    LastError(
      "validate-jwt", "TokenClaimNotFound", "JWT token is missing the following claims: {}, {}. Access denied."),
    LastError("validate-jwt", "TokenClaimValueNotAllowed", "Claim {} value of {} is not allowed. Access denied."),
    LastError("validate-jwt", "TokenExpired", "{} Access denied."),
    LastError("validate-jwt", "TokenIssuerNotAllowed", "{} Access denied."),
    LastError("validate-jwt", "TokenNotPresent", "JWT not present."),
    LastError("validate-jwt", "TokenSignatureInvalid", "{} Access denied."),
    LastError("validate-jwt", "TokenSignatureKeyNotFound", "{} Access denied."),
    LastError("set-header", "ExpressionValueEvaluationFailure", "{}"),
    LastError("forward-request", "BackendConnectionFailure", "{}"),
    LastError("forward-request", "Timeout", "{}"),
    LastError("send-request", "BackendConnectionFailure", "{}"),
    LastError("send-request", "Timeout", "{}"),
  ]

  /// Errors that come up before a policy runs, or without anybody to answer: no case can show them, a gateway can.
  private static let shownElsewhere = [
    "OperationNotFound": "ServingTests.swift", "SubscriptionKeyNotFound": "ServingTests.swift",
    "SubscriptionKeyInvalid": "ServingTests.swift", "ClientConnectionFailure": "StalledAnswerTests.swift",
  ]

  /// An error of validation: rule and details, which the variable tells, and what the caller is told in their place; nil
  /// where that is nothing but ``internalText``.
  private struct Finding {
    let policy: String
    let details: String
    let publicText: String?

    init(_ policy: String, _ details: String, public publicText: String? = nil) {
      (self.policy, self.details, self.publicText) = (policy, details, publicText)
    }
  }

  private static let internalText =
    "The request could not be processed due to an internal error. Contact the API owner."

  private static let findings: [Finding] = [
    Finding(
      "validate-content", "Request's body is {} bytes long and it exceeds the configured limit of {} bytes.",
      public: "Request's body is {} bytes long and it exceeds the limit of {} bytes."),
    Finding("validate-content", "Response's body is {} bytes long and it exceeds the configured limit of {} bytes."),
    Finding(
      "validate-content", "Unspecified content type {} is not allowed.",
      public: "Unspecified content type {} is not allowed."),
    Finding("validate-content", "API's schema does not exist or it could not be resolved."),
    Finding("validate-content", "API's schema does not specify definitions."),
    Finding(
      "validate-content",
      "API's schema does not contain definition {}, which is associated with the content type {}."),
    Finding(
      "validate-content",
      "Body of the request does not conform to the definition {}, which is associated with the content type {}.",
      public: "Body of the request does not conform to the definition {}, which is associated with the content type "
        + "{}.\\n\\n{} Line: {}, Position: {}"),
    Finding(
      "validate-content",
      "Body of the response does not conform to the definition {}, which is associated with the content type {}."),
    Finding("validate-content", "Body of the request cannot be validated for the content type {}."),
    Finding("validate-content", "Body of the response cannot be validated for the content type {}."),
    Finding(
      "validate-parameters", "Unspecified query parameter {} is not allowed.",
      public: "Unspecified query parameter {} is not allowed."),
    Finding(
      "validate-parameters", "Unspecified header {} is not allowed.", public: "Unspecified header {} is not allowed."),
    Finding("validate-headers", "Unspecified header {} is not allowed."),
    Finding("validate-parameters", "API's schema doesn't exist or it couldn't be resolved."),
    Finding("validate-parameters", "API schema does not specify definitions."),
    Finding(
      "validate-parameters",
      "API's schema does not contain definition {}, which is associated with the {} parameter {}."),
    Finding(
      "validate-headers", "API's schema does not contain definition {}, which is associated with the header {}."),
    Finding(
      "validate-parameters", "Request cannot contain multiple values for the {} parameter {}.",
      public: "Request cannot contain multiple values for the {} parameter {}."),
    Finding(
      "validate-parameters", "Request cannot contain multiple values for the header {}.",
      public: "Request cannot contain multiple values for the header {}."),
    Finding("validate-headers", "Response cannot contain multiple values for the header {}."),
    Finding(
      "validate-parameters", "Value of the {} parameter {} does not conform to the definition.",
      public: "The value of the {} parameter {} does not conform to the definition.\\n\\n{} Line: {}, Position: {}"),
    Finding("validate-headers", "Value of the header {} does not conform to the definition."),
    Finding(
      "validate-parameters", "Value of the {} parameter {} cannot be parsed according to the definition.",
      public: "Value of the {} parameter {} couldn't be parsed according to the definition.\\n\\n{}"),
    Finding("validate-headers", "Value of the header {} couldn't be parsed according to the definition."),
    Finding("validate-parameters", "Query parameter {} cannot be validated."),
    Finding("validate-headers", "Header {} cannot be validated."),
    Finding("validate-status-code", "Response status code {} is not allowed."),
  ]

  private static let uses = Result { try GoldenUses(files: GoldenTests.files) }

  /// What cases that have the policy expect.
  private static func expected(of policy: String) throws -> [String] {
    try uses.get().cases.filter { $0.policies.contains(policy) }.map(\.expected)
  }

  private static func pattern(_ text: String) throws -> Regex<AnyRegexOutput> {
    try Regex(
      text.split(separator: "{}", omittingEmptySubsequences: false)
        .map { NSRegularExpression.escapedPattern(for: String($0)) }.joined(separator: "[^\\n]+?"))
  }

  @Test func `every documented LastError is told by a case as source, reason and message`() throws {
    for error in Self.lastErrors {
      let wanted = try Self.pattern("\(error.source)/\(error.reason)/\(error.message)")
      let isShown = try Self.expected(of: error.source).contains { $0.contains(wanted) }
      #expect(isShown, "no case expects: \(error.source)/\(error.reason)/\(error.message)")
    }
  }

  @Test(arguments: shownElsewhere) func `what no case can show a test of the gateway names`(
    reason: String, file: String
  ) throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: tests.appending(path: "GatewayTests").appending(path: file), encoding: .utf8)
    #expect(text.contains(reason))
  }

  @Test func `every documented error of validation is told by a case, in full and as the caller has it`() throws {
    for finding in Self.findings {
      let cases = try Self.expected(of: finding.policy)
      let details = try Self.pattern(finding.details)
      let isTold = cases.contains { $0.contains(details) }
      #expect(isTold, "no case of \(finding.policy) expects: \(finding.details)")
      let message = try Self.pattern("\"message\": \"\(finding.publicText ?? Self.internalText)\"")
      let isAnswered = cases.contains { $0.contains(message) }
      #expect(isAnswered, "no case of \(finding.policy) answers: \(finding.publicText ?? Self.internalText)")
    }
  }

  @Test func `the default answers are shown: the policy's own message, and none of what is internal`() throws {
    let all = try Self.uses.get().cases.map(\.expected)
    for text in [
      #"{ "statusCode": 403, "message": "Forbidden" }"#,
      #"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in {} seconds." }"#,
      #"{ "statusCode": 500, "message": "Internal server error", "activityId": "{}" }"#,
    ] {
      let wanted = try Self.pattern(text)
      let isShown = all.contains { $0.contains(wanted) }
      #expect(isShown, "no case expects: \(text)")
    }
  }
}
