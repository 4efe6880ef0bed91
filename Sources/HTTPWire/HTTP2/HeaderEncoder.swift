/// Writes header blocks: names by their numbers in the fixed table, everything else as plain text. Nothing is put into
/// the client's table, so that no state is kept for it.
enum HeaderEncoder {
  /// Numbers of the fixed table by the names that answers often have.
  private static let numbers: [[UInt8]: Int] = {
    var numbers: [[UInt8]: Int] = [:]
    for (index, entry) in HeaderTable.fixed.enumerated() where numbers[entry.name] == nil {
      numbers[entry.name] = index + 1
    }
    return numbers
  }()
  /// By length of the name, so that most names need one comparison: number and name.
  private static let byLength: [[(number: Int, name: [UInt8])]] = {
    var table: [[(number: Int, name: [UInt8])]] = Array(repeating: [], count: 32)
    for (name, number) in numbers.sorted(by: { $0.value < $1.value }) where name.first != Octet.colon {
      table[name.count].append((number, name))
    }
    return table
  }()

  static func status(_ status: Int, to block: inout [UInt8]) {
    switch status {
    case 200: block.append(0x88)
    case 204: block.append(0x89)
    case 206: block.append(0x8a)
    case 304: block.append(0x8b)
    case 400: block.append(0x8c)
    case 404: block.append(0x8d)
    case 500: block.append(0x8e)
    default:
      block += [
        0x08, 3, UInt8(truncatingIfNeeded: 48 + status / 100 % 10), UInt8(truncatingIfNeeded: 48 + status / 10 % 10),
        UInt8(truncatingIfNeeded: 48 + status % 10),
      ]
    }
  }

  /// A field that is not to be kept by the client.
  static func field(_ name: Span<UInt8>, _ value: Span<UInt8>, to block: inout [UInt8]) {
    let number = number(of: name)
    integer(number, prefix: 4, flags: 0, to: &block)
    if number == 0 { string(name, to: &block) }
    string(value, to: &block)
  }

  private static func number(of name: Span<UInt8>) -> Int {
    guard name.count < byLength.count else { return 0 }
    for candidate in byLength[name.count] {
      var isSame = true
      for i in name.indices where name[i] != candidate.name[i] {
        isSame = false
        break
      }
      if isSame { return candidate.number }
    }
    return 0
  }

  private static func string(_ text: Span<UInt8>, to block: inout [UInt8]) {
    integer(text.count, prefix: 7, flags: 0, to: &block)
    text.withUnsafeBufferPointer { block.append(contentsOf: $0) }
  }

  private static func integer(_ value: Int, prefix: Int, flags: UInt8, to block: inout [UInt8]) {
    let mask = (1 << prefix) - 1
    if value < mask { return block.append(flags | UInt8(value)) }
    block.append(flags | UInt8(mask))
    var rest = value - mask
    while rest >= 0x80 {
      block.append(UInt8(rest & 0x7f | 0x80))
      rest >>= 7
    }
    block.append(UInt8(rest))
  }
}
