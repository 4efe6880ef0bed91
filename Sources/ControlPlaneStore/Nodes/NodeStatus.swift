public import Foundation

/// What one running gateway process last said of itself.
public struct NodeStatus: Sendable, Hashable {
  /// The gateway resource it serves.
  public var gatewayID: String
  /// The identity of the process; new at every start.
  public var instanceID: String
  /// The version of the gateway software.
  public var version: String
  public var hostName: String
  public var startedAt: Date
  /// The version of the configuration in force; 0 before the first.
  public var configurationVersion: Int64
  /// What the process says of its state, such as `running` or `draining`.
  public var state: String
  /// Why the newest configuration was not taken, `nil` when it was.
  public var configurationError: String?
  /// When the control plane last heard from it, by the control plane's clock.
  public var lastSeen: Date
  /// The network address it called from; empty when unknown.
  public var address: String

  public init(
    gatewayID: String, instanceID: String, version: String, hostName: String, startedAt: Date,
    configurationVersion: Int64, state: String, configurationError: String?, lastSeen: Date, address: String = ""
  ) {
    self.gatewayID = gatewayID
    self.instanceID = instanceID
    self.version = version
    self.hostName = hostName
    self.startedAt = startedAt
    self.configurationVersion = configurationVersion
    self.state = state
    self.configurationError = configurationError
    self.lastSeen = lastSeen
    self.address = address
  }
}
