public import Foundation

/// What gateways report: their requests and their own state. Kept apart from the resources, so that a flood of requests
/// neither delays nor endangers a change of configuration.
public protocol ActivityStore: Sendable {
  /// Stores the entries of one spool from `firstSequence` on, each (gateway, spool, sequence) once however often it is
  /// sent; returns the number newly stored. All or none.
  func append(_ entries: [RequestLogEntry], gatewayID: String, spoolID: String, firstSequence: Int64)
    async throws(StoreError) -> Int

  /// The entries that pass the filter, newest first, a page of them, and the number of all that pass.
  func requests(_ filter: RequestLogFilter, limit: Int, offset: Int) async throws(StoreError)
    -> (entries: [RequestLogEntry], total: Int)

  /// Sums by group over the requests that pass the filter, largest count first (by time: oldest first), at most 10,000.
  func summaries(_ filter: RequestLogFilter, by grouping: RequestLogGrouping) async throws(StoreError)
    -> [RequestLogSummary]

  /// Removes what is older than `oldest` and, beyond that, the oldest entries above `maximumCount`.
  func prune(before oldest: Date, maximumCount: Int) async throws(StoreError)

  /// Notes what a node says of itself.
  func record(_ status: NodeStatus) async throws(StoreError)

  /// The nodes of a gateway, or of all, that were heard from since `oldest`, ordered by gateway, host and instance.
  func nodes(ofGateway gatewayID: String?, seenSince oldest: Date) async throws(StoreError) -> [NodeStatus]

  /// Forgets the nodes and keeps the requests of a gateway that is deleted.
  func forgetNodes(ofGateway gatewayID: String) async throws(StoreError)
}
