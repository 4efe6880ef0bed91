/// One of the two messages of an exchange.
public enum ContextMessage: Sendable, Hashable {
  case request
  case response
}

/// One of the addresses an expression can take apart.
public enum ContextURL: Sendable, Hashable {
  /// `context.Request.Url`: rewritten, bound for the backend.
  case current
  /// `context.Request.OriginalUrl`: what the client asked for.
  case original
  /// `context.Api.ServiceUrl`.
  case service
}

/// Parts of the context that may be null.
public enum ContextPart: Sendable, Hashable {
  case requestBody, response, responseBody, api, apiServiceUrl, operation, product, subscription, user, lastError
  case clientCertificate, privateEndpointConnection, graphQL, workspace
}

/// Textual members of the context.
public enum ContextText: Sendable, Hashable {
  /// `context.RequestId` in the form `D`.
  case requestId
  case requestMethod, requestIpAddress
  case urlScheme, urlHost, urlPath, urlQueryString
  case originalUrlScheme, originalUrlHost, originalUrlPath, originalUrlQueryString
  case serviceUrlScheme, serviceUrlHost, serviceUrlPath, serviceUrlQueryString
  case responseStatusReason
  case apiId, apiName, apiPath, apiRevision, apiVersion
  case apiSubscriptionKeyHeader, apiSubscriptionKeyQuery
  case operationId, operationMethod, operationName, operationUrlTemplate
  case productId, productName
  case subscriptionId, subscriptionName, subscriptionKey, subscriptionPrimaryKey, subscriptionSecondaryKey
  case userId, userEmail, userFirstName, userLastName, userNote
  case deploymentGatewayId, deploymentRegion, deploymentServiceId, deploymentServiceName, deploymentGatewayInstanceId
  case lastErrorSource, lastErrorReason, lastErrorMessage, lastErrorScope, lastErrorSection, lastErrorPath
  case lastErrorPolicyId
  case privateEndpointName, privateEndpointGroupId, privateEndpointMemberName
  case workspaceId, workspaceName
}

/// Numeric members of the context. Times are ticks of 100 ns since 0001-01-01T00:00:00Z.
public enum ContextNumber: Sendable, Hashable {
  case timestamp
  /// Ticks since `timestamp`.
  case elapsed
  case urlPort, originalUrlPort, serviceUrlPort
  case responseStatusCode
  case productSubscriptionLimit
  case subscriptionCreatedDate, subscriptionStartDate, subscriptionEndDate
  case userRegistrationDate
  case lastErrorHttpCode
}

/// Switches of the context.
public enum ContextFlag: Sendable, Hashable {
  case tracing
  case apiIsCurrentRevision
  case productApprovalRequired, productSubscriptionRequired, productIsPublished
  case deploymentGatewayIsManaged
}

/// Who belongs to groups.
public enum ContextGroupOwner: Sendable, Hashable {
  case user
  case product
}

/// `IGroup`.
public struct ContextGroup: Sendable, Hashable {
  public var id: String
  public var name: String

  public init(id: String, name: String) {
    self.id = id
    self.name = name
  }
}

/// `IUserIdentity`.
public struct ContextIdentity: Sendable, Hashable {
  public var id: String
  public var provider: String

  public init(id: String, provider: String) {
    self.id = id
    self.provider = provider
  }
}

/// `IApi`, as the APIs of a product are listed.
public struct ContextApi: Sendable, Hashable {
  public var id: String
  public var name: String
  public var path: String
  public var protocols: [String]
  /// Address of the backend, nil when the API has none.
  public var serviceUrl: String?
  public var subscriptionKeyHeader: String?
  public var subscriptionKeyQuery: String?

  public init(
    id: String, name: String, path: String, protocols: [String], serviceUrl: String? = nil,
    subscriptionKeyHeader: String? = nil, subscriptionKeyQuery: String? = nil
  ) {
    self.id = id
    self.name = name
    self.path = path
    self.protocols = protocols
    self.serviceUrl = serviceUrl
    self.subscriptionKeyHeader = subscriptionKeyHeader
    self.subscriptionKeyQuery = subscriptionKeyQuery
  }
}
