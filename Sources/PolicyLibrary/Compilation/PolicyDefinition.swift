import PolicySyntax

/// A policy of the library: where it may stand, and how an element becomes steps of a plan.
///
/// The same definition validates a document when it is saved and compiles it in the gateway.
struct PolicyDefinition: Sendable {
  let name: String
  let sections: Set<PolicySection>
  let scopes: Set<PolicyScope>
  /// Whether it may stand only once among the policies of a section or branch.
  let isOnce: Bool
  /// Whether it stands in the policies of GraphQL resolvers alone, and in fragments for them.
  let isOfResolvers: Bool
  /// Reads the element, complains about what is wrong with it, and emits its steps.
  let compile: @Sendable (PolicyElement, PolicyCompilation) -> Void

  init(
    _ name: String, in sections: Set<PolicySection>, at scopes: Set<PolicyScope> = Set(PolicyScope.allCases),
    isOnce: Bool = false, isOfResolvers: Bool = false,
    compile: @escaping @Sendable (PolicyElement, PolicyCompilation) -> Void
  ) {
    self.name = name
    self.sections = sections
    self.scopes = scopes
    self.isOnce = isOnce
    self.isOfResolvers = isOfResolvers
    self.compile = compile
  }
}

extension Set<PolicyScope> {
  /// Where policies may stand whose pages leave the workspace out.
  static let butWorkspace = Set(PolicyScope.allCases).subtracting([.workspace])
}

extension Set<PolicySection> {
  static let everywhere = Set(PolicySection.allCases)
}

/// Every policy Postern has. A new one adds its definition here.
enum PolicyCatalogue {
  static let all: [PolicyDefinition] = [
    .authenticationBasic,
    .authenticationCertificate,
    .authenticationManagedIdentity,
    .azureOpenAIEmitTokenMetric,
    .azureOpenAISemanticCacheLookup,
    .azureOpenAISemanticCacheStore,
    .azureOpenAITokenLimit,
    .cacheLookup,
    .cacheLookupValue,
    .cacheRemoveValue,
    .cacheStore,
    .cacheStoreValue,
    .cacheValue,
    .checkHeader,
    .choose,
    .cors,
    .crossDomain,
    .emitMetric,
    .findAndReplace,
    .forwardRequest,
    .includeFragment,
    .invokeDaprBinding,
    .ipFilter,
    .jsonp,
    .jsonToXML,
    .limitConcurrency,
    .llmContentSafety,
    .llmEmitTokenMetric,
    .llmSemanticCacheLookup,
    .llmSemanticCacheStore,
    .llmTokenLimit,
    .logToEventHub,
    .mockResponse,
    .proxy,
    .publishEvent,
    .publishToDapr,
    .quota,
    .quotaByKey,
    .rateLimit,
    .rateLimitByKey,
    .redirectContentURLs,
    .retry,
    .returnResponse,
    .rewriteURI,
    .sendOneWayRequest,
    .sendRequest,
    .sendServiceBusMessage,
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
    .validateContent,
    .validateGraphQLRequest,
    .validateHeaders,
    .validateJWT,
    .validateODataRequest,
    .validateParameters,
    .validateStatusCode,
    .wait,
    .xmlToJSON,
    .xslTransform,
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  static func definition(_ name: String) -> PolicyDefinition? { byName[name] }

  /// Policies that no gateway outside the cloud can run: why, and what would work.
  static let cloudOnly: [String: String] = [
    "get-authorization-context":
      "its credential manager is a service of the cloud. Fetch the token with send-request and keep it with cache-value",
    "invoke-request":
      "it stands in the policy toolkit alone, and nothing says what its backend-id does. Use send-request, with "
      + "mode=\"copy\" for the request's own method, headers and body, and behind it return-response with the same "
      + "response-variable-name where the response is to be the answer",
    "set-graphql-resolver":
      "it was a preview and is no more. Make a resolver of the API, with http-data-source as its policy",
  ]

  /// Policies of the product that Postern does not run yet; named, so that a message tells them from misspelt ones.
  static let known: Set<String> = []
}
