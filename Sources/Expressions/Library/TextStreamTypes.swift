import DotNet

/// `System.IO.StringReader` and `StringWriter`: texts read and written piece by piece.
extension LibraryCatalog {
  static let textStreamTypes: [LibraryType] = [
    LibraryType("abstract class System.IO.TextReader : IDisposable", listed: false) { type in reading(&type) },
    LibraryType("class System.IO.StringReader : TextReader") { type in
      type.member("StringReader(string s)") { call in .object(StringReaderObject(try call.string(0))) }
      reading(&type)
    },
    LibraryType("abstract class System.IO.TextWriter : IDisposable", listed: false) { type in writing(&type) },
    LibraryType("class System.IO.StringWriter : TextWriter") { type in
      type.member("StringWriter()") { _ in .object(StringWriterObject(BuilderObject(""))) }
      type.member("StringWriter(StringBuilder sb)") { call in
        let builder: BuilderObject = try call.object(0)
        return .object(StringWriterObject(builder))
      }
      type.member("StringBuilder GetStringBuilder()") { call in
        .object(try call.receiver(StringWriterObject.self).builder)
      }
      writing(&type)
    },
  ]

  private static func reading(_ type: inout LibraryRegistration) {
    type.member("int Read()") { call in .int32(try call.receiver(StringReaderObject.self).read(advances: true)) }
    type.member("int Peek()") { call in .int32(try call.receiver(StringReaderObject.self).read(advances: false)) }
    type.member("string ReadLine()") { call in
      try call.receiver(StringReaderObject.self).line().map { .string($0) } ?? .null
    }
    type.member("string ReadToEnd()") { call in .string(try call.receiver(StringReaderObject.self).rest()) }
    for name in ["Close", "Dispose"] {
      type.member("void \(name)()") { call in
        try call.receiver(StringReaderObject.self).close()
        return .null
      }
    }
  }

  private static func writing(_ type: inout LibraryRegistration) {
    for (name, end) in [("Write", ""), ("WriteLine", "\r\n")] {
      for kind in ["string", "char", "int", "long", "double", "decimal", "bool", "object"] {
        type.member("void \(name)(\(kind) value)") { call in
          try call.receiver(StringWriterObject.self).write(
            try Operation.text(call[0], call.machine) + end, call.machine)
          return .null
        }
      }
      type.member("void \(name)(string format, params object[] arg)") { call in
        let text = try CompositeFormat.format(try call.string(0), try call.array(1), call.machine)
        try call.receiver(StringWriterObject.self).write(text + end, call.machine)
        return .null
      }
    }
    type.member("void WriteLine()") { call in
      try call.receiver(StringWriterObject.self).write("\r\n", call.machine)
      return .null
    }
    type.member("void Flush()") { _ in .null }
    for name in ["Close", "Dispose"] {
      type.member("void \(name)()") { call in
        try call.receiver(StringWriterObject.self).close()
        return .null
      }
    }
  }
}

/// A `StringReader`: a place in a text.
final class StringReaderObject: RuntimeObject {
  private let units: [UInt16]
  private var index = 0
  private var isClosed = false

  init(_ text: String) { units = Array(text.utf16) }

  var runtimeType: TypeSymbol { .named("System.IO.StringReader") }

  private func requireOpen() throws {
    if isClosed {
      throw Thrown("System.ObjectDisposedException", "Cannot read from a closed TextReader.")
    }
  }

  /// The next UTF-16 unit; -1 at the end.
  func read(advances: Bool) throws -> Int32 {
    try requireOpen()
    guard index < units.count else { return -1 }
    defer { if advances { index += 1 } }
    return Int32(units[index])
  }

  /// Up to the next line end, which is consumed; nil at the end of the text.
  func line() throws -> String? {
    try requireOpen()
    guard index < units.count else { return nil }
    let end = units[index...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? units.count
    defer { index = end + (units[end...].starts(with: [0x0D, 0x0A]) ? 2 : end < units.count ? 1 : 0) }
    return String(decoding: units[index..<end], as: UTF16.self)
  }

  func rest() throws -> String {
    try requireOpen()
    defer { index = units.count }
    return String(decoding: units[index...], as: UTF16.self)
  }

  func close() { isClosed = true }
}

/// A `StringWriter`: writes to the end of a `StringBuilder`.
final class StringWriterObject: RuntimeObject {
  let builder: BuilderObject
  private var isClosed = false

  init(_ builder: BuilderObject) { self.builder = builder }

  var runtimeType: TypeSymbol { .named("System.IO.StringWriter") }
  func text(_ machine: Machine) throws -> String { try builder.text(machine) }

  func write(_ text: String, _ machine: Machine) throws {
    if isClosed { throw Thrown("System.ObjectDisposedException", "Cannot write to a closed TextWriter.") }
    try machine.process(bytes: text.utf8.count)
    builder.text += text
  }

  func close() { isClosed = true }
}
