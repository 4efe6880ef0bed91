import ControlPlaneStore
import Foundation
public import GatewayConfiguration
import PolicyLibrary

/// The counters of quotas as gateways tell of them, and what administrators set.
///
/// Gateways count apart, so that a caller has the whole limit at each of them; a counter here is that of the gateway where
/// most was used. What is set is set at every gateway that has told of the counter.
public final class QuotaCounters: Sendable {
  private let activity: any ActivityStore
  private let store: any ResourceStore
  /// Wakes gateways that wait for an update.
  private let signal: RevisionSignal

  init(activity: any ActivityStore, store: any ResourceStore) async throws(StoreError) {
    self.activity = activity
    self.store = store
    signal = RevisionSignal(
      revision: Int64(clamping: try await activity.newestQuotaUpdate(ofGateway: nil, at: .now)))
  }

  // MARK: - Gateways

  /// Takes what a gateway tells; returns what was set since the last update it knows.
  public func take(_ report: QuotaReport, gatewayID: String) async throws(ManagementError) -> QuotaUpdates {
    guard report.counters.count <= QuotaReport.bound else {
      throw .validation("counters", "'counters' has at most \(QuotaReport.bound) items.")
    }
    var rows: [QuotaCounterRow] = []
    for counter in report.counters {
      // Counters of another version's policies are none that somebody could ask for here.
      guard counter.name.utf8.count <= QuotaReport.nameBound, counter.end > 0,
        let name = QuotaCounterName(counter.name)
      else { continue }
      rows.append(
        QuotaCounterRow(
          gatewayID: gatewayID, name: counter.name, key: name.key, index: counter.index, end: counter.end,
          used: min(max(0, counter.used), Self.largest)))
    }
    do throws(StoreError) {
      try await activity.record(rows, applied: report.applied, isAuthoritative: report.isAuthoritative, at: .now)
      return QuotaUpdates(
        updates: try await activity.quotaUpdates(
          ofGateway: gatewayID, after: report.applied, limit: QuotaUpdates.bound, at: .now))
    } catch {
      throw ManagementError(error)
    }
  }

  /// Sums beyond are no counts.
  private static let largest: Int64 = 1 << 60

  /// The number of the newest update of a gateway's counters; waits for one behind another, at most so long.
  public func newest(
    after number: UInt64, gatewayID: String, waiting: Duration = .zero
  ) async throws(ManagementError) -> UInt64 {
    let end = ContinuousClock.now + waiting
    while true {
      let told = signal.revision
      let newest: UInt64
      do throws(StoreError) { newest = try await activity.newestQuotaUpdate(ofGateway: gatewayID, at: .now) } catch {
        throw ManagementError(error)
      }
      let left = end - ContinuousClock.now
      guard newest <= number, left > .zero, !Task.isCancelled else { return newest }
      await signal.wait(after: told, upTo: left)
    }
  }

  // MARK: - Administrators

  /// The periods of a counter that are not over, in which somebody has counted, the first to end first.
  /// - Parameter gatewayID: only what that gateway counts.
  func periods(of key: String, gatewayID: String? = nil) async throws(ManagementError) -> [QuotaCounterPeriod] {
    let rows: [QuotaCounterRow]
    do throws(StoreError) { rows = try await activity.quotaCounters(ofKey: key, gateway: gatewayID, at: .now) } catch {
      throw ManagementError(error)
    }
    var periods: [QuotaCounterPeriod.Identity: QuotaCounterPeriod] = [:]
    var begin: Int64?
    for row in rows {
      guard let name = QuotaCounterName(row.name) else { continue }
      if case .ofSubscription = name.periods, begin == nil { begin = try await beginning(of: name.key) }
      guard let period = QuotaCounterPeriod(row, name, subscriptionBegin: begin) else { continue }
      periods[period.identity, default: period].add(row, name.measure)
    }
    return periods.values.sorted { ($0.end, $0.periodKey, $0.start) < ($1.end, $1.periodKey, $1.start) }
  }

  /// When a subscription's periods begin, in seconds since 0001-01-01; nil when it is gone.
  private func beginning(of subscription: String) async throws(ManagementError) -> Int64? {
    do throws(StoreError) {
      var roots = [ResourcePath.service]
      roots += try await store.resources(ofType: ResourcePath.workspaces).map(\.path)
      for root in roots {
        guard let resource = try await store.resource(at: root.child("subscriptions", subscription)) else { continue }
        let begin =
          SnapshotBuilder.seconds(resource.string("startDate"))
          ?? SnapshotBuilder.seconds(
            resource.string("createdDate"))
        return begin.map { $0 + QuotaCounterRow.seconds(Date(timeIntervalSince1970: 0)) }
      }
      return nil
    } catch {
      throw ManagementError(error)
    }
  }

  /// Sets what a counter has in these periods, where it counts what is set.
  /// - Parameters:
  ///   - calls: nil leaves them.
  ///   - bytes: nil leaves them.
  func set(_ periods: [QuotaCounterPeriod], calls: Int64?, bytes: Int64?) async throws(ManagementError) {
    var rows: [QuotaCounterRow] = []
    for period in periods {
      for (row, measure) in period.rows {
        guard let value = measure == .calls ? calls : bytes else { continue }
        var row = row
        row.used = value
        rows.append(row)
      }
    }
    guard !rows.isEmpty else { return }
    do throws(StoreError) {
      signal.advance(to: Int64(clamping: try await activity.set(rows, at: .now)))
    } catch {
      throw ManagementError(error)
    }
  }
}
