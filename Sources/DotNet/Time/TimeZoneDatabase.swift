import FoundationEssentials
import Synchronization

/// The time zones of this machine, by the names of the TZ database and by those Windows has for them.
///
/// A zone is read from `/usr/share/zoneinfo` when it is first asked for and kept.
public final class TimeZoneDatabase: Sendable {
  public static let shared = TimeZoneDatabase(folder: "/usr/share/zoneinfo")

  private let folder: URL
  private let known = Mutex<[String: TimeZoneValue]>([:])

  init(folder: String) { self.folder = URL(filePath: folder, directoryHint: .isDirectory) }

  /// TimeZoneNotFoundException for a name that no zone has.
  public func zone(_ id: String) throws -> TimeZoneValue {
    if let zone = known.withLock({ $0[id] }) { return zone }
    if id == "UTC" { return .utc }
    let windows = WindowsZones.names[id]
    let missing = DotNetException(
      "System.TimeZoneNotFoundException", "The time zone ID '\(id)' was not found on the local computer.")
    let name = windows ?? id
    // A name is a path below the folder and nothing else.
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard name.utf8.count < 100,
      parts.allSatisfy({ part in
        part.first?.isLetter == true
          && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+-".contains($0)) }
      }), let bytes = try? Data(contentsOf: folder.appending(path: name)), let file = TimeZoneFile(Array(bytes))
    else { throw missing }
    let zone = TimeZoneValue(id, file, standardName: windows == nil ? nil : id)
    known.withLock { $0[id] = zone }
    return zone
  }

  /// The zones Windows knows that this machine has, by offset and name (`GetSystemTimeZones`).
  public func all() -> [TimeZoneValue] {
    ([TimeZoneValue.utc] + WindowsZones.names.keys.filter { $0 != "UTC" }.compactMap { try? zone($0) })
      .sorted { ($0.baseOffset, $0.id) < ($1.baseOffset, $1.id) }
  }
}
