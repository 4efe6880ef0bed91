import Foundation
import Logging

/// Sets up logging for the whole process, once.
enum ConsoleLog {
  static func start(format: ConsoleLogHandler.Format, level: String, isColored: Bool) {
    let isColored = isColored && isatty(1) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    let level = ConsoleLogHandler.level(named: level)
    LoggingSystem.bootstrap { label in
      ConsoleLogHandler(logLevel: level, label: label, format: format, isColored: isColored)
    }
  }
}
