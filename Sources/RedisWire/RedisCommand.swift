/// Commands as they stand on the wire: an array of bulk strings.
public enum RedisCommand {
  public static func bytes(_ arguments: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(arguments.reduce(16) { $0 + $1.count + 24 })
    append(0x2a, arguments.count, to: &bytes)
    for argument in arguments {
      append(0x24, argument.count, to: &bytes)
      bytes += argument
      bytes += [0x0d, 0x0a]
    }
    return bytes
  }

  public static func bytes(_ arguments: String...) -> [UInt8] { bytes(arguments.map { Array($0.utf8) }) }

  private static func append(_ sign: UInt8, _ number: Int, to bytes: inout [UInt8]) {
    bytes.append(sign)
    bytes += String(number).utf8
    bytes += [0x0d, 0x0a]
  }
}
