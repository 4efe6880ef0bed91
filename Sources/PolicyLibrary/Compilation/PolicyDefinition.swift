import PolicySyntax

/// A policy of the library: where it may stand, and how an element becomes steps of a plan.
///
/// The same definition validates a document when it is saved and compiles it in the gateway.
struct PolicyDefinition: Sendable {
  let name: String
  let sections: Set<PolicySection>
  let scopes: Set<PolicyScope>
  /// Reads the element, complains about what is wrong with it, and emits its steps.
  let compile: @Sendable (PolicyElement, PolicyCompilation) -> Void

  init(
    _ name: String, in sections: Set<PolicySection>, at scopes: Set<PolicyScope> = Set(PolicyScope.allCases),
    compile: @escaping @Sendable (PolicyElement, PolicyCompilation) -> Void
  ) {
    self.name = name
    self.sections = sections
    self.scopes = scopes
    self.compile = compile
  }
}

extension Set<PolicySection> {
  static let everywhere = Set(PolicySection.allCases)
}

/// Every policy Postern has. A new one adds its definition here.
enum PolicyCatalogue {
  static let all: [PolicyDefinition] = [
    .authenticationBasic,
    .authenticationManagedIdentity,
    .checkHeader,
    .choose,
    .findAndReplace,
    .forwardRequest,
    .includeFragment,
    .ipFilter,
    .jsonToXML,
    .limitConcurrency,
    .quota,
    .quotaByKey,
    .rateLimit,
    .rateLimitByKey,
    .retry,
    .returnResponse,
    .rewriteURI,
    .sendOneWayRequest,
    .sendRequest,
    .setBackendService,
    .setBody,
    .setHeader,
    .setMethod,
    .setQueryParameter,
    .setStatus,
    .setVariable,
    .trace,
    .validateAzureADToken,
    .validateClientCertificate,
    .validateJWT,
    .wait,
    .xmlToJSON,
    .xslTransform,
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  static func definition(_ name: String) -> PolicyDefinition? { byName[name] }

  /// Policies of the product that Postern does not run yet; named, so that a message tells them from misspelt ones.
  static let known: Set<String> = [
    "authentication-certificate",
    "azure-openai-emit-token-metric",
    "azure-openai-semantic-cache-lookup",
    "azure-openai-semantic-cache-store",
    "azure-openai-token-limit",
    "cache-lookup",
    "cache-lookup-value",
    "cache-remove-value",
    "cache-store",
    "cache-store-value",
    "cache-value",
    "cors",
    "cosmosdb-data-source",
    "cross-domain",
    "emit-metric",
    "get-authorization-context",
    "http-data-source",
    "invoke-dapr-binding",
    "invoke-request",
    "jsonp",
    "llm-content-safety",
    "llm-emit-token-metric",
    "llm-semantic-cache-lookup",
    "llm-semantic-cache-store",
    "llm-token-limit",
    "log-to-eventhub",
    "mock-response",
    "proxy",
    "publish-event",
    "publish-to-dapr",
    "redirect-content-urls",
    "set-graphql-resolver",
    "sql-data-source",
    "validate-content",
    "validate-graphql-request",
    "validate-headers",
    "validate-odata-request",
    "validate-parameters",
    "validate-status-code",
  ]
}
