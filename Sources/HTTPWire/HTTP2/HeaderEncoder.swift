/// Writes header blocks (HPACK, RFC 7541). Every block of a connection must come from one encoder, in order.
///
/// What was written before is referred to by number. A field enters the table when it is met for the second time, so that
/// values that differ from message to message push nothing out; secrets never enter it (RFC 7541, section 7.1).
struct HeaderEncoder: ~Copyable, Sendable {
  private var table = HeaderTable(bound: Self.bound)
  /// Entries ever put into the table.
  private var inserted: UInt32 = 0
  /// By hash: which entry has this name and value, which this name, and which field was met last; empty before the first.
  private var whole: [UInt32] = []
  private var names: [UInt32] = []
  private var met: [UInt32] = []
  /// The smallest size the other end asked for since the last block; nil for no change.
  private var smallest: Int?

  /// Bytes of the table at most, whatever the other end would allow.
  private static let bound = 4_096
  private static let slotMask: UInt32 = 63
  /// Longer values are not worth a place.
  private static let valueBound = 512

  /// The other end's SETTINGS_HEADER_TABLE_SIZE.
  mutating func resize(_ size: Int) {
    let size = min(size, Self.bound)
    guard size != table.capacity || smallest != nil else { return }
    smallest = min(smallest ?? size, size)
    _ = table.resize(size)
  }

  /// To be called in front of every block.
  mutating func begin(_ block: inout [UInt8]) {
    guard let smallest else { return }
    self.smallest = nil
    if smallest < table.capacity { Self.integer(smallest, prefix: 5, flags: 0x20, to: &block) }
    Self.integer(table.capacity, prefix: 5, flags: 0x20, to: &block)
  }

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

  mutating func method(_ method: Span<UInt8>, to block: inout [UInt8]) {
    if method.isEqual("GET") { return block.append(0x82) }
    if method.isEqual("POST") { return block.append(0x83) }
    field(Self.methodName.span, method, to: &block)
  }

  mutating func path(_ path: Span<UInt8>, to block: inout [UInt8]) {
    if path.isEqual("/") { return block.append(0x84) }
    field(Self.pathName.span, path, to: &block)
  }

  mutating func authority(_ authority: Span<UInt8>, to block: inout [UInt8]) {
    field(Self.authorityName.span, authority, to: &block)
  }

  private static let authorityName = Array(":authority".utf8)
  private static let methodName = Array(":method".utf8)
  private static let pathName = Array(":path".utf8)

  /// Writes one field; the name is in lower case.
  mutating func field(_ name: Span<UInt8>, _ value: Span<UInt8>, to block: inout [UInt8]) {
    var number = StaticNumbers.standard.number(of: name)
    if Self.isSecret(number) { return Self.literal(name, number, value, prefix: 4, flags: 0x10, to: &block) }
    guard value.count <= Self.valueBound, table.capacity > 0 else {
      return Self.literal(name, number, value, prefix: 4, flags: 0, to: &block)
    }
    if whole.isEmpty {
      whole = [UInt32](repeating: 0, count: Int(Self.slotMask) + 1)
      names = whole
      met = whole
    }
    let hash = Self.hash(name, value)
    let slot = Int(hash & Self.slotMask)
    if let place = place(whole[slot]), let entry = table[place], name.isEqual(entry.name), value.isEqual(entry.value) {
      return Self.integer(place, prefix: 7, flags: 0x80, to: &block)
    }
    let nameSlot = Int(Self.hash(name) & Self.slotMask)
    if number == 0, let place = place(names[nameSlot]), let entry = table[place], name.isEqual(entry.name) {
      number = place
    }
    guard met[slot] == hash else {
      met[slot] = hash
      return Self.literal(name, number, value, prefix: 4, flags: 0, to: &block)
    }
    if Self.soundsSecret(name) { return Self.literal(name, number, value, prefix: 4, flags: 0x10, to: &block) }
    Self.literal(name, number, value, prefix: 6, flags: 0x40, to: &block)
    table.insert(.init(name: name.indices.map { name[$0] }, value: value.indices.map { value[$0] }))
    inserted &+= 1
    whole[slot] = inserted
    names[nameSlot] = inserted
  }

  /// The number of the entry that was put in as the given one; nil when it is gone.
  private func place(_ entry: UInt32) -> Int? {
    let age = Int(inserted &- entry)
    return entry != 0 && age < table.seenCount ? HeaderTable.fixed.count + 1 + age : nil
  }

  /// Says where a field is looked for, nothing more: a few bytes of it are enough.
  private static func hash(_ name: Span<UInt8>, _ value: Span<UInt8>) -> UInt32 {
    var hash = hash(name)
    hash = (hash ^ UInt32(truncatingIfNeeded: value.count)) &* 0x0100_0193
    for i in 0..<min(6, value.count) { hash = (hash ^ UInt32(value[i])) &* 0x0100_0193 }
    for i in max(0, value.count - 10)..<value.count { hash = (hash ^ UInt32(value[i])) &* 0x0100_0193 }
    return hash ^ hash >> 15 | 1 << 31
  }

  private static func hash(_ name: Span<UInt8>) -> UInt32 {
    var hash = (0x811c_9dc5 ^ UInt32(truncatingIfNeeded: name.count)) &* 0x0100_0193
    for i in max(0, name.count - 4)..<name.count { hash = (hash ^ UInt32(name[i])) &* 0x0100_0193 }
    return hash ^ hash >> 15
  }

  /// authorization, cookie, proxy-authorization and set-cookie.
  private static func isSecret(_ number: Int) -> Bool {
    number == 23 || number == 32 || number == 49 || number == 55
  }

  /// Whether a name looks like that of a key: such a value must not be found out by what it compresses to.
  private static func soundsSecret(_ name: Span<UInt8>) -> Bool {
    let text = String(decoding: name.indices.map { name[$0] }, as: UTF8.self)
    return ["key", "token", "secret", "auth", "password", "signature", "session", "credential"].contains {
      text.contains($0)
    }
  }

  private static func literal(
    _ name: Span<UInt8>, _ number: Int, _ value: Span<UInt8>, prefix: Int, flags: UInt8, to block: inout [UInt8]
  ) {
    integer(number, prefix: prefix, flags: flags, to: &block)
    if number == 0 { string(name, to: &block) }
    string(value, to: &block)
  }

  /// In Huffman's code where that is shorter.
  private static func string(_ text: Span<UInt8>, to block: inout [UInt8]) {
    let coded = HuffmanCode.standard.codedCount(text)
    if coded < text.count {
      integer(coded, prefix: 7, flags: 0x80, to: &block)
      HuffmanCode.standard.encode(text, to: &block)
    } else {
      integer(text.count, prefix: 7, flags: 0, to: &block)
      text.withUnsafeBufferPointer { block.append(contentsOf: $0) }
    }
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

/// The numbers of the fixed table by name.
struct StaticNumbers: Sendable {
  static let standard = StaticNumbers()

  /// By length of the name, so that most names need one comparison: number and name.
  private let byLength: [[(number: Int, name: [UInt8])]]

  private init() {
    var table: [[(number: Int, name: [UInt8])]] = Array(repeating: [], count: 32)
    for (index, entry) in HeaderTable.fixed.enumerated()
    where !table[entry.name.count].contains(where: { $0.name == entry.name }) {
      table[entry.name.count].append((index + 1, entry.name))
    }
    byLength = table
  }

  /// 0 for a name that is not there.
  func number(of name: Span<UInt8>) -> Int {
    guard name.count < byLength.count else { return 0 }
    for candidate in byLength[name.count] where name.isEqual(candidate.name) { return candidate.number }
    return 0
  }
}
