/// `StringBuilder`.
extension LibraryCatalog {
  static let builderType = LibraryType("class System.Text.StringBuilder") { type in
    builderMaking(&type)
    builderAppends(&type)
    builderEdits(&type)
  }

  private static func builder(_ call: Call) throws -> BuilderObject { try call.receiver(BuilderObject.self) }

  private static func append(_ call: Call, _ text: String) throws -> Value {
    try call.machine.process(bytes: text.utf8.count)
    try builder(call).text += text
    return call.this
  }

  private static func builderMaking(_ type: inout LibraryRegistration) {
    type.member("StringBuilder()") { _ in .object(BuilderObject("")) }
    for hasMost in [false, true] {
      type.member("StringBuilder(int capacity\(hasMost ? ", int maxCapacity" : ""))") { call in
        guard call.int(0) >= 0, !hasMost || call.int(1) >= max(1, call.int(0)) else {
          throw Thrown.outOfRange("capacity")
        }
        return .object(BuilderObject(""))
      }
    }
    type.member("StringBuilder(string value, int startIndex, int length, int capacity)") { call in
      let units = Array((call.stringOrNull(0) ?? "").utf16)
      if call.int(3) < 0 { throw Thrown.outOfRange("capacity") }
      let (start, length) = try textPart(units.count, call.int(1), call.int(2))
      return .object(BuilderObject(String(decoding: units[start..<(start + length)], as: UTF16.self)))
    }
    for parameters in ["string value", "string value, int capacity"] {
      type.member("StringBuilder(\(parameters))") { call in .object(BuilderObject(call.stringOrNull(0) ?? "")) }
    }
    type.property(
      "int Length { get; set; }", get: { call in .int32(Int32(clamping: try builder(call).text.utf16.count)) },
      set: { call in
        let own = try builder(call)
        let (wanted, count) = (call.int(0), own.text.utf16.count)
        if wanted < 0 { throw Thrown.outOfRange("value") }
        try call.machine.process(bytes: max(0, wanted - count))
        own.edit { units in
          if wanted < count {
            units.removeLast(count - wanted)
          } else {
            units += repeatElement(0, count: wanted - count)
          }
        }
        return .null
      })
    type.property(
      "int Capacity { get; set; }",
      get: { call in .int32(Int32(clamping: max(16, try builder(call).text.utf16.count))) },
      set: { _ in .null })
    type.member("int EnsureCapacity(int capacity)") { call in .int32(Int32(clamping: max(16, call.int(0)))) }
    type.member("int MaxCapacity { get; }") { _ in .int32(.max) }
    type.property(
      "char this[int index] { get; set; }",
      get: { call in
        let units = try builder(call).text.utf16
        guard call.int(0) >= 0, call.int(0) < units.count else { throw Thrown.indexOutOfRange() }
        return .char(units[units.index(units.startIndex, offsetBy: call.int(0))])
      },
      set: { call in
        let own = try builder(call)
        guard call.int(0) >= 0, call.int(0) < own.text.utf16.count else { throw Thrown.outOfRange("index") }
        try call.machine.process(bytes: own.text.utf8.count)
        own.edit { $0[call.int(0)] = call.char(1) }
        return .null
      })
  }

  private static func builderAppends(_ type: inout LibraryRegistration) {
    for kind in [
      "string", "char", "int", "long", "double", "decimal", "bool", "float", "byte", "sbyte", "short", "ushort", "uint",
      "ulong", "object",
    ] {
      type.member("StringBuilder Append(\(kind) value)") { call in
        try append(call, try Operation.text(call[0], call.machine))
      }
      type.member("StringBuilder Insert(int index, \(kind) value)") { call in
        try insert(call, try Operation.text(call[1], call.machine), 1)
      }
    }
    type.member("StringBuilder Insert(int index, string value, int count)") { call in
      if call.int(2) < 0 { throw Thrown.outOfRange("count", "Non-negative number required.") }
      return try insert(call, call.stringOrNull(1) ?? "", call.int(2))
    }
    type.member("StringBuilder Append(char[] value)") { call in
      try append(call, String(decoding: try units(call, 0), as: UTF16.self))
    }
    type.member("StringBuilder Insert(int index, char[] value)") { call in
      try insert(call, call[1].isNull ? "" : String(decoding: try units(call, 1), as: UTF16.self), 1)
    }
    type.member("StringBuilder Insert(int index, char[] value, int startIndex, int charCount)") { call in
      let all = try units(call, 1)
      let (start, count) = try textPart(all.count, call.int(2), call.int(3))
      return try insert(call, String(decoding: all[start..<(start + count)], as: UTF16.self), 1)
    }
    for kind in ["string", "char[]"] {
      type.member("StringBuilder Append(\(kind) value, int startIndex, int count)") { call in
        let all = kind == "string" ? Array((call.stringOrNull(0) ?? "").utf16) : try units(call, 0)
        let (start, count) = try textPart(all.count, call.int(1), call.int(2))
        return try append(call, String(decoding: all[start..<(start + count)], as: UTF16.self))
      }
    }
    type.member("StringBuilder Append(char value, int repeatCount)") { call in
      if call.int(1) < 0 { throw Thrown.outOfRange("repeatCount", "Non-negative number required.") }
      try call.machine.process(bytes: call.int(1))
      return try append(call, String(decoding: Array(repeating: call.char(0), count: call.int(1)), as: UTF16.self))
    }
    type.member("StringBuilder AppendLine()") { call in try append(call, "\n") }
    type.member("StringBuilder AppendLine(string value)") { call in
      try append(call, (call.stringOrNull(0) ?? "") + "\n")
    }
    type.member("StringBuilder AppendFormat(string format, params object[] args)") { call in
      try append(call, try CompositeFormat.format(try call.string(0), try call.array(1), call.machine))
    }
    type.member("StringBuilder AppendFormat(IFormatProvider provider, string format, params object[] args)") { call in
      try append(call, try CompositeFormat.format(try call.string(1), try call.array(2), call.machine))
    }
  }

  private static func insert(_ call: Call, _ text: String, _ count: Int) throws -> Value {
    let own = try builder(call)
    let (index, length) = (call.int(0), own.text.utf16.count)
    guard (0...length).contains(index) else { throw Thrown.outOfRange("index") }
    let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: count)
    try call.machine.process(bytes: overflow ? .max / 2 : size + length)
    own.edit { $0.insert(contentsOf: Array(String(repeating: text, count: count).utf16), at: index) }
    return call.this
  }

  private static func builderEdits(_ type: inout LibraryRegistration) {
    type.member("StringBuilder Remove(int startIndex, int length)") { call in
      let own = try builder(call)
      let (start, length, count) = (call.int(0), call.int(1), own.text.utf16.count)
      guard start >= 0, length >= 0, start <= count, length <= count - start else { throw Thrown.outOfRange("length") }
      try call.machine.process(bytes: count)
      own.edit { $0.removeSubrange(start..<(start + length)) }
      return call.this
    }
    for hasPart in [false, true] {
      let more = hasPart ? ", int startIndex, int count" : ""
      for kind in ["string", "char"] {
        type.member("StringBuilder Replace(\(kind) old, \(kind) new\(more))") { call in
          let own = try builder(call)
          let old = try Operation.text(call[0].isNull ? .string("") : call[0], call.machine)
          let new = try Operation.text(call[1], call.machine)
          guard hasPart else {
            own.text = try replaced(own.text, old, new, call.machine)
            return call.this
          }
          let units = Array(own.text.utf16)
          let (start, count) = try textPart(units.count, call.int(2), call.int(3))
          let middle = String(decoding: units[start..<(start + count)], as: UTF16.self)
          own.text =
            String(decoding: units[..<start], as: UTF16.self) + (try replaced(middle, old, new, call.machine))
            + String(decoding: units[(start + count)...], as: UTF16.self)
          return call.this
        }
      }
    }
    type.member("StringBuilder Clear()") { call in
      try builder(call).text = ""
      return call.this
    }
    type.member("string ToString(int startIndex, int length)") { call in
      let units = Array(try builder(call).text.utf16)
      let (start, length) = try textPart(units.count, call.int(0), call.int(1))
      return text(units[start..<(start + length)])
    }
    type.member("bool Equals(StringBuilder sb)") { call in
      guard let other: BuilderObject = call.objectOrNull(0) else { return .bool(false) }
      return .bool(Operation.areEqual(.string(try builder(call).text), .string(other.text)))
    }
  }
}

/// `StringBuilder`.
final class BuilderObject: RuntimeObject {
  var text: String

  init(_ text: String) { self.text = text }

  /// Changes the text unit by unit.
  func edit(_ body: (inout [UInt16]) -> Void) {
    var units = Array(text.utf16)
    body(&units)
    text = String(decoding: units, as: UTF16.self)
  }

  var runtimeType: TypeSymbol { .named("System.Text.StringBuilder") }
  func text(_ machine: Machine) throws -> String { text }
}
