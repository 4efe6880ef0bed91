/// Where a policy document applies, from the outside in.
public enum PolicyScope: String, Sendable, CaseIterable {
  case global, workspace, product, api, operation
}

/// The part of a document that runs at one stage of an exchange.
public enum PolicySection: String, Sendable, CaseIterable {
  case inbound, backend, outbound
  case onError = "on-error"
}

/// Where a step of a plan comes from: what `context.LastError` and the trace say of it.
public struct PlanPlace: Sendable, Equatable {
  /// The policy's element name.
  public var policy: String
  public var scope: PolicyScope
  public var section: PolicySection
  /// The way through the section: `choose[1]/when[2]/set-header[1]`.
  public var path: String
  /// The line of its document, from 1.
  public var line: Int
  /// The `id` attribute.
  public var policyID: String?
}
