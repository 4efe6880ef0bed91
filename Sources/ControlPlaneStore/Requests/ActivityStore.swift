public import Foundation
public import GatewayConfiguration

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

  /// Notes what a gateway tells of quota counters, which may be less than is known: replicas of a gateway tell of the same
  /// counters. What is behind an update that the teller does not know yet is no news.
  ///
  /// - Parameters:
  ///   - counters: with the keys they are asked for by.
  ///   - applied: the last update that the teller knows.
  ///   - isAuthoritative: what was told before holds no more.
  func record(_ counters: [QuotaCounterRow], applied: UInt64, isAuthoritative: Bool, at: Date) async throws(StoreError)

  /// The counters of a key that are told of by any gateway, or by one, in periods that are not over.
  func quotaCounters(ofKey key: String, gateway gatewayID: String?, at: Date) async throws(StoreError)
    -> [QuotaCounterRow]

  /// Sets counters to `used`, and keeps that for the gateways to ask for until the period is over.
  ///
  /// - Returns: the number of the last update.
  func set(_ counters: [QuotaCounterRow], at: Date) async throws(StoreError) -> UInt64

  /// What was set of a gateway's counters behind an update, the oldest first, at most so many.
  func quotaUpdates(ofGateway gatewayID: String, after number: UInt64, limit: Int, at: Date) async throws(StoreError)
    -> [QuotaUpdate]

  /// The number of the newest update of a gateway's counters, or of any's; 0 where there is none.
  func newestQuotaUpdate(ofGateway gatewayID: String?, at: Date) async throws(StoreError) -> UInt64

  /// Forgets the nodes and the counters, and keeps the requests of a gateway that is deleted.
  func forgetNodes(ofGateway gatewayID: String) async throws(StoreError)
}
