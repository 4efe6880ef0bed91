import GatewayConfiguration
import PolicyLibrary

/// One case of a policy test: policies, requests with the answers that backends and services give, and what is expected.
public struct PolicyCase: Sendable {
  /// A document of a scope, or the policies of one of its sections.
  struct Part: Sendable {
    var scope: PolicyScope
    /// Nil for a whole document.
    var section: PolicySection?
    var lines: [CaseLine]
  }

  /// A complaint that a line must have.
  struct ExpectedDiagnostic: Sendable {
    var line: Int
    var code: String
    /// A part of the message.
    var text: String
  }

  /// A request and what is expected of it.
  struct Step: Sendable {
    var request: CaseMessage
    var caller = CaseCaller()
    /// Seconds that pass before.
    var wait = 0
    /// How the external cache is from now on; nil for as it was.
    var externalCache: ScriptedEffects.ExternalCache?
    /// The backend's answers, in order; the last one is given again.
    var backend: [CaseMessage] = []
    /// The answers of services that policies call, in order.
    var services: [CaseMessage] = []
    /// What the backend receives, in order; nil when nothing is said of it.
    var received: [CaseMessage]?
    /// What services receive, in order.
    var called: [CaseMessage]?
    var response: CaseMessage?
    /// Parts of messages that are logged, in order.
    var log: [CaseLine]?
  }

  /// What policies of one place may name.
  struct Names: Sendable {
    var fragments: [String: [CaseLine]] = [:]
    var namedValues: [String: String] = [:]
    /// Addresses by identifier.
    var backends: [String: String] = [:]
    /// Of backends, by identifier.
    var circuitBreakers: [String: CircuitBreakerRule] = [:]

    var isEmpty: Bool { fragments.isEmpty && namedValues.isEmpty && backends.isEmpty }

    /// The backends with their circuit breakers.
    var entities: [String: Backend] {
      Dictionary(
        uniqueKeysWithValues: backends.map { id, url in
          (id, Backend(id: id, url: url, circuitBreaker: circuitBreakers[id]))
        })
    }
  }

  /// Whether the API lives in a workspace: where a policy or a name of one is given.
  var isInWorkspace: Bool { !workspace.isEmpty || parts.contains { $0.scope == .workspace } }

  /// What the file says first.
  var title = ""
  var parts: [Part] = []
  /// What the service's policies may name, and an API's outside of a workspace.
  var service = Names()
  /// What the policies of the API's workspace may name.
  var workspace = Names()
  /// Method and template of the operation; nil for the first request's own.
  var operation: (method: String, template: String)?
  /// What the operation says of its messages, as JSON; nil when it says nothing.
  var contract: String?
  /// The API's schemas.
  var schemas: [SchemaDocument] = []
  /// The service's schemas.
  var namedSchemas: [SchemaDocument] = []
  /// Connection strings by logger; or the hub's address, for one that takes the gateway's identity.
  var eventHubs: [String: String] = [:]
  /// Where limits are counted.
  var counters = ScriptedEffects.Counters.internal
  /// How the external cache is at first; a request may change it.
  var externalCache = ScriptedEffects.ExternalCache.none
  /// The service's certificates.
  var certificates: [Certificate] = []
  /// Certificates among them that the gateway believes.
  var authorities: [CertificateAuthority] = []
  /// The API's GraphQL schema.
  var graphQLSchema: String?
  /// The API's metadata document of OData.
  var odataSchema: String?
  /// The policies of the API's resolvers, by `Type/field`.
  var resolvers: [(path: String, lines: [CaseLine])] = []
  /// When it begins; nil for 2026-01-01.
  var startTicks: Int64?
  /// What was said of the external cache since the last request.
  var pendingExternalCache: ScriptedEffects.ExternalCache?
  var diagnostics: [ExpectedDiagnostic] = []
  var steps: [Step] = []
}
