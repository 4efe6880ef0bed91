import Glibc

/// What the kernel says of this process: processor time, memory, open files.
public struct ProcessFigures: Sendable {
  /// Seconds of processor time, user and system.
  public var processorSeconds: Double
  public var residentBytes: Double
  public var virtualBytes: Double
  public var openFiles: Double
  public var threads: Double

  /// Reads `/proc/self`; nil where there is none.
  public init?() {
    guard let stat = Self.read("/proc/self/stat") else { return nil }
    // The command's name is in brackets and may hold blanks: the fields are counted behind it.
    guard let close = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: close)...].split(separator: " ")
    guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
      let threads = Double(fields[17]), let virtualBytes = Double(fields[20]), let pages = Double(fields[21])
    else { return nil }
    processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    self.threads = threads
    self.virtualBytes = virtualBytes
    residentBytes = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    openFiles = Double(Self.count("/proc/self/fd"))
  }

  public func metrics() -> [Metric] {
    func gauge(_ name: String, _ description: String, _ unit: Metric.Unit, _ value: Double) -> Metric {
      Metric(name, description, .gauge, unit: unit, points: [.init([], .number(value))])
    }
    return [
      Metric(
        "process.cpu.time", "Processor time, user and system.", .counter, unit: .seconds,
        points: [.init([], .number(processorSeconds))]),
      gauge("process.memory.usage", "Memory in use (resident).", .bytes, residentBytes),
      gauge("process.memory.virtual", "Address space.", .bytes, virtualBytes),
      gauge("process.open_file_descriptor.count", "Open files and sockets.", .none, openFiles),
      gauge("process.thread.count", "Threads.", .none, threads),
    ]
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = fread(&bytes, 1, bytes.count, file)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }

  private static func count(_ folder: String) -> Int {
    guard let directory = opendir(folder) else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    // Without ".", ".." and the folder being read.
    return max(0, count - 3)
  }
}
