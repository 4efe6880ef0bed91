import ControlPlaneStore
import GatewayConfiguration

extension EventHub {
  /// The hub that the credentials of a logger name.
  init(id: String, _ credentials: JSONObject, connectionString: String?) throws(Failure) {
    let name = credentials.string("name")
    if let connectionString {
      try self.init(id: id, name: name, connectionString: connectionString)
    } else if let name, let endpoint = credentials.string("endpointAddress") {
      try self.init(
        id: id, name: name, endpoint: endpoint, clientID: credentials.string("identityClientId") ?? "")
    } else {
      throw Failure(
        message: "'credentials' must hold a connectionString, or name, endpointAddress and identityClientId.")
    }
  }
}
