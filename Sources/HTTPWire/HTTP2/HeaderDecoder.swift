/// Reads header blocks (HPACK, RFC 7541). Every block of a connection must pass through it, in order.
struct HeaderDecoder: Sendable {
  private var table: HeaderTable
  private var name: [UInt8] = []
  private var value: [UInt8] = []

  /// - Parameter tableBound: SETTINGS_HEADER_TABLE_SIZE as we announce it.
  init(tableBound: Int) { table = HeaderTable(bound: tableBound) }

  /// Tells every field of the block in order; false when the block is malformed, which ends the connection.
  mutating func decode(_ block: Span<UInt8>, _ tell: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) -> Bool {
    var i = 0
    var mayResize = true
    while i < block.count {
      let first = block[i]
      if first & 0xe0 == 0x20 {
        // Only at the start of a block.
        guard mayResize, let capacity = integer(block, &i, prefix: 5), table.resize(capacity) else { return false }
        continue
      }
      mayResize = false
      if first & 0x80 != 0 {
        guard let number = integer(block, &i, prefix: 7), let entry = table[number] else { return false }
        tell(entry.name.span, entry.value.span)
        continue
      }
      let isKept = first & 0x40 != 0
      guard let number = integer(block, &i, prefix: isKept ? 6 : 4) else { return false }
      if number == 0 {
        guard string(block, &i, into: &name) else { return false }
      } else {
        guard let entry = table[number] else { return false }
        name = entry.name
      }
      guard string(block, &i, into: &value) else { return false }
      if isKept { table.insert(HeaderTable.Entry(name: name, value: value)) }
      tell(name.span, value.span)
    }
    return true
  }

  /// An integer whose first bits are the low ones of the byte at `i` (RFC 7541, section 5.1).
  private func integer(_ block: Span<UInt8>, _ i: inout Int, prefix: Int) -> Int? {
    let mask = (1 << prefix) - 1
    var result = Int(block[i]) & mask
    i += 1
    if result < mask { return result }
    var shift = 0
    while i < block.count {
      let byte = Int(block[i])
      i += 1
      result += (byte & 0x7f) << shift
      if byte & 0x80 == 0 { return result }
      shift += 7
      // Nothing that is announced here is as long as that.
      if shift > 21 { return nil }
    }
    return nil
  }

  private func string(_ block: Span<UInt8>, _ i: inout Int, into bytes: inout [UInt8]) -> Bool {
    guard i < block.count else { return false }
    let isCoded = block[i] & 0x80 != 0
    guard let count = integer(block, &i, prefix: 7), count <= block.count - i else { return false }
    bytes.removeAll(keepingCapacity: true)
    let source = block.extracting(i..<(i + count))
    i += count
    if isCoded { return HuffmanCode.standard.decode(source, into: &bytes) }
    for k in source.indices { bytes.append(source[k]) }
    return true
  }
}
