/// What the context says about the API, the product, the caller and the gateway.
extension LibraryCatalog {
  static let contextEntityTypes: [LibraryType] = [
    LibraryType(enumeration: "Apim.ProductState", [("NotPublished", 0), ("Published", 1)]),
    named("IGroup", ["Id", "Name"]), named("IUserIdentity", ["Id", "Provider"]),
    named("ISubscriptionKeyParameterNames", ["Header", "Query"]),
    part("IPrivateEndpointConnection", []) { type in
      type.contextText("Name", .privateEndpointName)
      type.contextText("GroupId", .privateEndpointGroupId)
      type.contextText("MemberName", .privateEndpointMemberName)
    },
    part("IWorkspace", []) { type in
      type.contextText("Id", .workspaceId)
      type.contextText("Name", .workspaceName)
    },
    part("IGraphQLDataContext", []) { type in
      type.member("JToken Arguments { get; }") { call in json(call.machine.context.graphQLArguments(), call) }
      type.member("JToken Parent { get; }") { call in json(call.machine.context.graphQLParent(), call) }
    },
    apiType,
    LibraryType("interface Apim.IContextApi : IApi") { type in
      type.contextText("Revision", .apiRevision)
      type.contextText("Version", .apiVersion)
      type.member("bool IsCurrentRevision { get; }") { call in .bool(call.machine.context.flag(.apiIsCurrentRevision)) }
    },
    part("IOperation", []) { type in
      for (name, member) in [
        ("Id", ContextText.operationId), ("Name", .operationName), ("Method", .operationMethod),
        ("UrlTemplate", .operationUrlTemplate),
      ] {
        type.contextText(name, member)
      }
    },
    part("IProduct", []) { type in
      groups(&type, .product)
      type.member("IEnumerable<IApi> Apis { get; }") { call in
        list("Apim.IApi", call.machine.context.productApis().map { ListedApiObject($0) })
      }
      type.member("ProductState State { get; }") { call in
        let isPublished = call.machine.context.flag(.productIsPublished)
        return .enumeration(isPublished ? 1 : 0, .named("Apim.ProductState"))
      }
      type.contextText("Id", .productId)
      type.contextText("Name", .productName)
      type.member("int? SubscriptionLimit { get; }") { call in
        call.machine.context.number(.productSubscriptionLimit).map { .int32(Int32(clamping: $0)) } ?? .null
      }
      type.member("bool ApprovalRequired { get; }") { call in
        .bool(call.machine.context.flag(.productApprovalRequired))
      }
      type.member("bool SubscriptionRequired { get; }") { call in
        .bool(call.machine.context.flag(.productSubscriptionRequired))
      }
    },
    part("ISubscription", []) { type in
      time(&type, "DateTime CreatedDate", .subscriptionCreatedDate)
      time(&type, "DateTime? StartDate", .subscriptionStartDate)
      time(&type, "DateTime? EndDate", .subscriptionEndDate)
      for (name, member) in [
        ("Id", ContextText.subscriptionId), ("Name", .subscriptionName), ("Key", .subscriptionKey),
        ("PrimaryKey", .subscriptionPrimaryKey), ("SecondaryKey", .subscriptionSecondaryKey),
      ] {
        type.contextText(name, member)
      }
    },
    part("IUser", []) { type in
      groups(&type, .user)
      type.member("IEnumerable<IUserIdentity> Identities { get; }") { call in
        list(
          "Apim.IUserIdentity",
          call.machine.context.identities().map { NamedObject("Apim.IUserIdentity", [$0.id, $0.provider]) })
      }
      time(&type, "DateTime RegistrationDate", .userRegistrationDate)
      for (name, member) in [
        ("Id", ContextText.userId), ("Email", .userEmail), ("FirstName", .userFirstName), ("LastName", .userLastName),
        ("Note", .userNote),
      ] {
        type.contextText(name, member)
      }
    },
    part("IGateway", []) { type in
      type.contextText("Id", .deploymentGatewayId)
      type.contextText("InstanceId", .deploymentGatewayInstanceId)
      type.member("bool IsManaged { get; }") { call in .bool(call.machine.context.flag(.deploymentGatewayIsManaged)) }
    },
    part("IDeployment", [("IGateway Gateway", [])]) { type in
      type.contextText("Region", .deploymentRegion)
      type.contextText("ServiceId", .deploymentServiceId)
      type.contextText("ServiceName", .deploymentServiceName)
      type.member("IReadOnlyDictionary<string, X509Certificate2> Certificates { get; }") { _ in
        .object(ContextDictionary(.certificates))
      }
    },
    part("ILastError", []) { type in
      type.member("int HttpErrorCode { get; }", listed: false) { call in
        .int32(Int32(clamping: call.machine.context.number(.lastErrorHttpCode) ?? 0))
      }
      for (name, member) in [
        ("Source", ContextText.lastErrorSource), ("Reason", .lastErrorReason), ("Message", .lastErrorMessage),
        ("Scope", .lastErrorScope), ("Section", .lastErrorSection), ("Path", .lastErrorPath),
        ("PolicyId", .lastErrorPolicyId),
      ] {
        type.contextText(name, member)
      }
    },
  ]

  private static func json(_ text: String?, _ call: Call) -> Value {
    text.flatMap { Value.described("JToken", $0, in: call.machine.context) } ?? .null
  }

  /// An interface whose members are texts.
  private static func named(_ name: String, _ members: [String]) -> LibraryType {
    LibraryType("interface Apim.\(name)") { type in
      for (place, member) in members.enumerated() {
        type.member("string \(member) { get; }") { call in
          try call.receiver(NamedObject.self).texts[place].map { .string($0) } ?? .null
        }
      }
    }
  }

  private static func groups(_ type: inout LibraryRegistration, _ owner: ContextGroupOwner) {
    type.member("IEnumerable<IGroup> Groups { get; }") { call in
      list("Apim.IGroup", call.machine.context.groups(of: owner).map { NamedObject("Apim.IGroup", [$0.id, $0.name]) })
    }
  }

  private static func list(_ type: String, _ objects: [any RuntimeObject]) -> Value {
    .object(ArrayObject(of: .named(type), objects.map { .object($0) }))
  }

  /// `IApi`: the API of the request, or one that a product lists.
  private static let apiType = LibraryType("interface Apim.IApi") { type in
    @Sendable func listed(_ call: Call) -> ContextApi? {
      if case .object(let object) = call.this, let api = object as? ListedApiObject { return api.api }
      return nil
    }
    let texts: [(String, ContextText, @Sendable (ContextApi) -> String)] = [
      ("Id", .apiId, { $0.id }), ("Name", .apiName, { $0.name }), ("Path", .apiPath, { $0.path }),
    ]
    for (name, member, own) in texts {
      type.member("string \(name) { get; }") { call in
        (listed(call).map(own) ?? call.machine.context.text(member)).map { .string($0) } ?? .null
      }
    }
    type.member("IEnumerable<string> Protocols { get; }") { call in
      .object(ArrayObject(strings: listed(call)?.protocols ?? call.machine.context.apiProtocols()))
    }
    type.member("IUrl ServiceUrl { get; }") { call in
      if let api = listed(call) { return api.serviceUrl.flatMap { URLObject($0) }.map { .object($0) } ?? .null }
      return call.machine.context.isPresent(.apiServiceUrl) ? .object(URLObject(.service)) : .null
    }
    type.member("ISubscriptionKeyParameterNames SubscriptionKeyParameterNames { get; }") { call in
      let context = call.machine.context
      let names =
        listed(call).map { [$0.subscriptionKeyHeader, $0.subscriptionKeyQuery] }
        ?? [context.text(.apiSubscriptionKeyHeader), context.text(.apiSubscriptionKeyQuery)]
      return .object(NamedObject("Apim.ISubscriptionKeyParameterNames", names))
    }
  }
}

/// An object of the context that is nothing but texts, in the order of its members.
final class NamedObject: RuntimeObject, Sendable {
  let runtimeType: TypeSymbol
  let texts: [String?]

  init(_ type: String, _ texts: [String?]) {
    runtimeType = .named(type)
    self.texts = texts
  }
}

/// An API as a product lists it.
final class ListedApiObject: RuntimeObject, Sendable {
  let api: ContextApi

  init(_ api: ContextApi) { self.api = api }

  var runtimeType: TypeSymbol { .named("Apim.IApi") }
}
