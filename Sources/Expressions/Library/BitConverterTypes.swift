import DotNet

/// `BitConverter`: little-endian, as gateways are.
extension LibraryCatalog {
  static let bitConverterTypes: [LibraryType] = [
    LibraryType("static class System.BitConverter") { type in
      type.constant("bool IsLittleEndian", .bool(true))
      bitTexts(&type)
      for (name, keyword, size) in [
        ("Boolean", "bool", 1), ("Char", "char", 2), ("Int16", "short", 2), ("Int32", "int", 4), ("Int64", "long", 8),
        ("UInt16", "ushort", 2), ("UInt32", "uint", 4), ("UInt64", "ulong", 8), ("Single", "float", 4),
        ("Double", "double", 8),
      ] {
        type.member("static byte[] GetBytes(\(keyword) value)") { call in
          let bits = bits(of: call[0])
          return .object(ArrayObject(bytes: (0..<size).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }))
        }
        type.member("static \(keyword) To\(name)(byte[] value, int startIndex)") { call in
          let (bytes, start) = (try call.bytes(0), call.int(1))
          guard bytes.indices.contains(start) else {
            throw Thrown.outOfRange(
              "startIndex", "Index was out of range. Must be non-negative and less than the size of the collection.")
          }
          guard start + size <= bytes.count else {
            throw Thrown.argument(
              "Destination array is not long enough to copy all the items in the collection. Check array index and "
                + "length. (Parameter 'value')")
          }
          return value(
            bits: (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }, as: name)
        }
      }
      type.member("static long DoubleToInt64Bits(double value)") { call in
        .int64(Int64(bitPattern: call.double(0).bitPattern))
      }
      type.member("static double Int64BitsToDouble(long value)") { call in
        .double(Double(bitPattern: UInt64(bitPattern: call.long(0))))
      }
    }
  ]

  private static func bits(of value: Value) -> UInt64 {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    case .double(let real): real.bitPattern
    case .float(let real): UInt64(real.bitPattern)
    case .uint64(let number): number
    default: UInt64(bitPattern: Operation.integer(value) ?? 0)
    }
  }

  private static func value(bits: UInt64, as name: String) -> Value {
    switch name {
    case "Boolean": .bool(bits != 0)
    case "Char": .char(UInt16(truncatingIfNeeded: bits))
    case "Int16": .int16(Int16(truncatingIfNeeded: bits))
    case "Int32": .int32(Int32(truncatingIfNeeded: bits))
    case "Int64": .int64(Int64(bitPattern: bits))
    case "UInt16": .uint16(UInt16(truncatingIfNeeded: bits))
    case "UInt32": .uint32(UInt32(truncatingIfNeeded: bits))
    case "Single": .float(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case "Double": .double(Double(bitPattern: bits))
    default: .uint64(bits)
    }
  }

  private static func bitTexts(_ type: inout LibraryRegistration) {
    for (count, more) in ["", ", int startIndex", ", int startIndex, int length"].enumerated() {
      type.member("static string ToString(byte[] value\(more))") { call in
        let bytes = try call.bytes(0)
        let start = count > 0 ? call.int(1) : 0
        guard (0...bytes.count).contains(start),
          start < bytes.count || bytes.isEmpty || (count == 2 && call.int(2) == 0)
        else { throw Thrown.outOfRange("startIndex", "StartIndex cannot be less than zero.") }
        let length = count == 2 ? call.int(2) : bytes.count - start
        guard length >= 0 else { throw Thrown.outOfRange("length", "Value must be positive.") }
        guard length <= bytes.count - start else {
          throw Thrown.argument(
            "Offset and length were out of bounds for the array or count is greater than the number of elements from "
              + "index to the end of the source collection.")
        }
        try call.machine.process(bytes: length * 3)
        return .string(bytes[start..<(start + length)].map { HexText.capitals([$0]) }.joined(separator: "-"))
      }
    }
  }
}
