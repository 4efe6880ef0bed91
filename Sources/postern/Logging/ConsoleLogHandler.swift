import Foundation
import Logging
import Telemetry

/// Log messages on standard output, as text or JSON, in the forms of the official gateway.
struct ConsoleLogHandler: LogHandler {
  /// `[Info] 2026-11-24T07:16:04.050Z [source] message, key: value`, one JSON object a line, or nothing.
  enum Format: String, Sendable, CaseIterable {
    case none, text, json
  }

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  let label: String
  let format: Format
  let isColored: Bool

  /// The level named in a setting: `all`, `debug`, `info`, `warn`, `error` or `fatal`.
  static func level(named name: String) -> Logger.Level {
    switch name.lowercased() {
    case "all", "trace": .trace
    case "debug", "verbose": .debug
    case "warn", "warning": .warning
    case "error": .error
    case "fatal", "critical": .critical
    default: .info
    }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard format != .none else { return }
    let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
    let level = event.level
    let message = event.message
    var all = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
    if let error = event.error { all["error"] = "\(error)" }
    var text: String
    if format == .json {
      text =
        #"{"level":"\#(Self.name(level))","timestamp":"\#(Timestamp.text(microseconds: now))","eventType":\#(Self.quoted(label)),"message":\#(Self.quoted("\(message)"))"#
      for (key, value) in all.sorted(by: { $0.key < $1.key }) {
        text += ",\(Self.quoted(key)):\(Self.quoted("\(value)"))"
      }
      text += "}"
    } else {
      let name = Self.name(level)
      let shown = isColored ? "\u{1b}[\(Self.color(level))m[\(name)]\u{1b}[0m" : "[\(name)]"
      text = "\(shown) \(Timestamp.text(microseconds: now)) [\(label)] \(Self.oneLine("\(message)"))"
      for (key, value) in all.sorted(by: { $0.key < $1.key }) { text += ", \(key): \(Self.oneLine("\(value)"))" }
    }
    LineWriter.standardOutput.write(Array(text.utf8) + [0x0a])
  }

  private static func name(_ level: Logger.Level) -> String {
    switch level {
    case .trace, .debug: "Verbose"
    case .info, .notice: "Info"
    case .warning: "Warn"
    case .error: "Error"
    case .critical: "Fatal"
    }
  }

  private static func color(_ level: Logger.Level) -> String {
    switch level {
    case .trace, .debug: "2"
    case .info, .notice: "32"
    case .warning: "33"
    case .error, .critical: "31"
    }
  }

  /// A message stays one line, whatever an input put into it; its own line breaks become `; `.
  private static func oneLine(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) { return text }
    return text.split(whereSeparator: \.isNewline).joined(separator: "; ").unicodeScalars.map { scalar in
      scalar.value < 0x20 || scalar.value == 0x7f ? " " : String(scalar)
    }.joined()
  }

  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [0x22]
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5c: bytes += [0x5c, byte]
      case 0x0a: bytes += [0x5c, 0x6e]
      case 0..<0x20, 0x7f:
        bytes += Array("\\u00".utf8) + Array((byte < 16 ? "0" : "").utf8) + Array(String(byte, radix: 16).utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes + [0x22], as: UTF8.self)
  }
}

/// Access records on standard output.
struct AccessLog: Sendable {
  let format: ConsoleLogHandler.Format

  func write(_ records: [RequestRecord]) {
    guard format != .none else { return }
    var lines: [UInt8] = []
    lines.reserveCapacity(records.count * 800)
    // A span lends each record; a loop over the array would copy it, text by text.
    let records = records.span
    for index in records.indices {
      if format == .json {
        LogLine.json(records[index], into: &lines)
      } else {
        LogLine.text(records[index], into: &lines)
      }
    }
    LineWriter.standardOutput.write(lines)
  }
}
