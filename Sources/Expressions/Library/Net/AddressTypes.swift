import DotNet

/// `System.Net.IPAddress`.
extension LibraryCatalog {
  static let addressTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.Net.Sockets.AddressFamily", listed: false,
      [("Unspecified", 0), ("InterNetwork", 2), ("InterNetworkV6", 23)]),
    LibraryType("class System.Net.IPAddress") { type in
      addressMaking(&type)
      addressParts(&type)
    },
  ]

  private static func addressMaking(_ type: inout LibraryRegistration) {
    type.member("IPAddress(byte[] address)") { call in
      .object(AddressObject(try InternetAddress(try call.bytes(0))))
    }
    type.member("IPAddress(byte[] address, long scopeid)") { call in
      guard let scope = UInt32(exactly: call.long(1)) else { throw Thrown.outOfRange("scopeid") }
      return .object(AddressObject(try InternetAddress(try call.bytes(0), scope: scope)))
    }
    type.member("IPAddress(long newAddress)") { call in
      guard let number = UInt32(exactly: call.long(0)) else { throw Thrown.outOfRange("newAddress") }
      return .object(
        AddressObject(try InternetAddress((0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) })))
    }
    let known: [(String, InternetAddress)] = [
      ("Any", .any), ("Loopback", .loopback), ("Broadcast", .broadcast), ("None", .broadcast), ("IPv6Any", .any6),
      ("IPv6Loopback", .loopback6), ("IPv6None", .any6),
    ]
    for (name, address) in known {
      type.member("static IPAddress \(name) { get; }") { _ in .object(AddressObject(address)) }
    }
    type.member("static IPAddress Parse(string ipString)") { call in
      guard let address = InternetAddress(try call.string(0)) else {
        throw Thrown.format("An invalid IP address was specified.")
      }
      return .object(AddressObject(address))
    }
    type.member("static bool TryParse(string ipString, out IPAddress address)") { call in
      let address = call.stringOrNull(0).flatMap { InternetAddress($0) }
      call.set(1, address.map { .object(AddressObject($0)) } ?? .null)
      return .bool(address != nil)
    }
    type.member("static bool IsLoopback(IPAddress address)") { call in
      .bool(try call.object(0, as: AddressObject.self).address.isLoopback)
    }
    // Both directions are the same change: this machine is little-endian, as every gateway's is.
    for name in ["HostToNetworkOrder", "NetworkToHostOrder"] {
      type.member("static short \(name)(short value)") { call in
        .int16(Int16(truncatingIfNeeded: call.int(0)).byteSwapped)
      }
      type.member("static int \(name)(int value)") { call in
        .int32(Int32(truncatingIfNeeded: call.int(0)).byteSwapped)
      }
      type.member("static long \(name)(long value)") { call in .int64(call.long(0).byteSwapped) }
    }
  }

  private static func addressParts(_ type: inout LibraryRegistration) {
    type.member("AddressFamily AddressFamily { get; }") { call in
      .enumeration(
        try call.receiver(AddressObject.self).address.isIPv6 ? 23 : 2, .named("System.Net.Sockets.AddressFamily"))
    }
    type.member("byte[] GetAddressBytes()") { call in
      .object(ArrayObject(bytes: try call.receiver(AddressObject.self).address.bytes))
    }
    type.member("long ScopeId { get; }") { call in
      let address = try call.receiver(AddressObject.self).address
      guard address.isIPv6 else { throw AddressObject.unsupported }
      return .int64(Int64(address.scope))
    }
    type.member("long Address { get; }") { call in
      let address = try call.receiver(AddressObject.self).address
      guard !address.isIPv6 else { throw AddressObject.unsupported }
      return .int64(address.bytes.reversed().reduce(0) { $0 << 8 | Int64($1) })
    }
    type.member("IPAddress MapToIPv4()") { call in
      .object(AddressObject(try call.receiver(AddressObject.self).address.mappedToIPv4))
    }
    type.member("IPAddress MapToIPv6()") { call in
      .object(AddressObject(try call.receiver(AddressObject.self).address.mappedToIPv6))
    }
    let tests: [(String, @Sendable (InternetAddress) -> Bool)] = [
      ("IsIPv4MappedToIPv6", { $0.isMapped }),
      ("IsIPv6LinkLocal", { $0.isIPv6 && $0.bytes[0] == 0xFE && $0.bytes[1] & 0xC0 == 0x80 }),
      ("IsIPv6SiteLocal", { $0.isIPv6 && $0.bytes[0] == 0xFE && $0.bytes[1] & 0xC0 == 0xC0 }),
      ("IsIPv6Multicast", { $0.isIPv6 && $0.bytes[0] == 0xFF }),
      ("IsIPv6Teredo", { $0.isIPv6 && $0.bytes[0..<4].elementsEqual([0x20, 0x01, 0, 0]) }),
    ]
    for (name, test) in tests {
      type.member("bool \(name) { get; }") { call in .bool(test(try call.receiver(AddressObject.self).address)) }
    }
  }
}

/// An `IPAddress`.
final class AddressObject: RuntimeObject, Sendable {
  let address: InternetAddress

  init(_ address: InternetAddress) { self.address = address }

  static var unsupported: Thrown {
    Thrown(
      "System.Net.Sockets.SocketException",
      "The attempted operation is not supported for the type of object referenced.")
  }

  var runtimeType: TypeSymbol { .named("System.Net.IPAddress") }
  func text(_ machine: Machine) throws -> String { address.description }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? AddressObject { return other.address == address }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(address) }
}
