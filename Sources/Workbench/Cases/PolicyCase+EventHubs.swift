import GatewayConfiguration

extension PolicyCase {
  /// The event hubs by logger; what is no hub is left out, so that policies complain about it.
  var hubs: [String: EventHub] {
    var hubs: [String: EventHub] = [:]
    for (id, text) in eventHubs {
      if text.contains("SharedAccessKey") {
        hubs[id] = try? EventHub(id: id, name: nil, connectionString: text)
      } else {
        let parts = text.split(separator: "/").map(String.init)
        hubs[id] = try? EventHub(id: id, name: parts.last ?? "", endpoint: parts.first ?? "", clientID: "")
      }
    }
    return hubs
  }
}

extension PolicyCase {
  /// The API's schema and resolvers; nil where it is not of GraphQL.
  var graphQL: GraphQLService? {
    graphQLSchema.map { schema in
      GraphQLService(
        schema: schema,
        resolvers: resolvers.map { path, lines in
          GraphQLResolver(
            id: path.replacing("/", with: "-"), path: path,
            policy: PolicyText(rawXML: lines.map(\.text).joined(separator: "\n")))
        })
    }
  }
}
