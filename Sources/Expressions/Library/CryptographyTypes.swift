import DotNet

/// Hashes and keyed hashes, and the encodings of the web.
extension LibraryCatalog {
  static let cryptographyTypes: [LibraryType] =
    [
      LibraryType("abstract class System.Security.Cryptography.HashAlgorithm : IDisposable") { type in
        type.member("byte[] ComputeHash(byte[] buffer)") { call in
          let bytes = try call.bytes(0)
          try call.machine.process(bytes: bytes.count)
          return .object(ArrayObject(bytes: try call.receiver(HashObject.self).compute(bytes)))
        }
        type.member("int HashSize { get; }") { call in
          .int32(Int32(try call.receiver(HashObject.self).function.digest([]).count * 8))
        }
      },
      LibraryType("abstract class System.Security.Cryptography.KeyedHashAlgorithm : HashAlgorithm") { type in
        type.property(
          "byte[] Key { get; set; }",
          get: { call in
            .object(ArrayObject(bytes: try call.receiver(HashObject.self).key ?? []))
          }
        ) { call in
          try call.receiver(HashObject.self).key = try call.bytes(0)
          return .null
        }
      },
      LibraryType("abstract class System.Security.Cryptography.HMAC : KeyedHashAlgorithm"),
      LibraryType("static class Apim.ByteExtensions", extensions: true) { type in
        for (name, encrypts) in [("Encrypt", true), ("Decrypt", false)] {
          type.member("static byte[] \(name)(this byte[] input, string alg, byte[] key, byte[] iv)") { call in
            guard
              ["aes", "aescryptoserviceprovider", "aesmanaged", "rijndael"].contains(try call.string(1).lowercased())
            else { throw Thrown.argument("The algorithm '\(try call.string(1))' is not known.") }
            let (bytes, key, vector) = (try call.bytes(0), try call.bytes(2), try call.bytes(3))
            try call.machine.process(bytes: bytes.count * 2)
            let result =
              encrypts
              ? try BlockCipher.encrypt(bytes, key: key, vector: vector)
              : try BlockCipher.decrypt(bytes, key: key, vector: vector)
            return .object(ArrayObject(bytes: result))
          }
        }
      },
      LibraryType("static class System.BitConverter") { type in
        type.constant("bool IsLittleEndian", .bool(true))
        type.member("static string ToString(byte[] value)") { call in
          .string(
            try call.bytes(0).map { byte in
              let text = String(byte, radix: 16, uppercase: true)
              return text.count < 2 ? "0" + text : text
            }.joined(separator: "-"))
        }
        for (name, keyword, size) in [
          ("Int16", "short", 2), ("Int32", "int", 4), ("Int64", "long", 8), ("UInt16", "ushort", 2),
          ("UInt32", "uint", 4), ("UInt64", "ulong", 8),
        ] {
          let target = SignatureReader.type(keyword, in: [])
          type.member("static byte[] GetBytes(\(keyword) value)") { call in
            var bits = UInt64(bitPattern: Operation.integer(call[0]) ?? 0)
            if case .uint64(let value) = call[0] { bits = value }
            return .object(ArrayObject(bytes: (0..<size).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }))
          }
          type.member("static \(keyword) To\(name)(byte[] value, int startIndex)") { call in
            let (bytes, start) = (try call.bytes(0), call.int(1))
            guard bytes.indices.contains(start) else { throw Thrown.outOfRange("startIndex") }
            guard start + size <= bytes.count else {
              throw Thrown.argument("Destination array is not long enough to copy all the items in the collection.")
            }
            let bits = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
            return size == 8 && name.hasPrefix("U")
              ? .uint64(bits) : Operation.convert(.int64(Int64(bitPattern: bits)), to: target)
          }
        }
      },
      LibraryType("static class System.Net.WebUtility") { type in web(&type) },
    ] + HashFunction.allCases.flatMap { function in hash(function) }

  private static func hash(_ function: HashFunction) -> [LibraryType] {
    let space = "System.Security.Cryptography."
    let name = function.rawValue
    var types = [
      LibraryType("abstract class \(space)\(name) : HashAlgorithm") { type in
        type.member("static \(name) Create()") { _ in .object(HashObject(function, space + name, key: nil)) }
      },
      LibraryType("class \(space)HMAC\(name) : HMAC") { type in
        type.member("HMAC\(name)(byte[] key)") { call in
          .object(HashObject(function, space + "HMAC" + name, key: try call.bytes(0)))
        }
      },
    ]
    if function != .md5 {
      types.append(
        LibraryType("class \(space)\(name)Managed : \(name)") { type in
          type.member("\(name)Managed()") { _ in .object(HashObject(function, space + name + "Managed", key: nil)) }
        })
    }
    return types
  }

  private static func web(_ type: inout LibraryRegistration) {
    type.member("static string UrlEncode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      var result = ""
      for byte in text.utf8 {
        if byte == 0x20 { result += "+" } else { WebText.append(byte, to: &result, unreserved: "-_.!*()") }
      }
      return .string(result)
    }
    type.member("static string UrlDecode(string encodedValue)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      return .string(WebText.unescaped(text, plusIsBlank: true))
    }
    type.member("static string HtmlEncode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      var result = ""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case _ where (160...255).contains(scalar.value) || scalar.value > 0xFFFF: result += "&#\(scalar.value);"
        default: result.unicodeScalars.append(scalar)
        }
      }
      return .string(result)
    }
    type.member("static string HtmlDecode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      return .string(WebText.htmlDecoded(text))
    }
  }
}

/// Percent and entity encodings.
enum WebText {
  private static let hex = Array("0123456789ABCDEF")

  static func append(_ byte: UInt8, to text: inout String, unreserved: String) {
    let scalar = UnicodeScalar(byte)
    if scalar.properties.isASCIIHexDigit || (byte < 0x80 && scalar.properties.isAlphabetic)
      || (byte < 0x80 && unreserved.unicodeScalars.contains(scalar))
    {
      text.unicodeScalars.append(scalar)
    } else {
      text.append("%")
      text.append(hex[Int(byte >> 4)])
      text.append(hex[Int(byte & 15)])
    }
  }

  static func unescaped(_ text: String, plusIsBlank: Bool) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x25, index + 2 < bytes.count,
        let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        result.append(byte)
        index += 3
      } else {
        result.append(plusIsBlank && bytes[index] == 0x2B ? 0x20 : bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let entities = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'", "nbsp": "\u{A0}"]

  static func htmlDecoded(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[start...]
      guard let end = rest.prefix(12).firstIndex(of: ";") else {
        result.append("&")
        rest = rest.dropFirst()
        continue
      }
      let name = String(rest[rest.index(after: start)..<end])
      var decoded = entities[name]
      if name.hasPrefix("#") {
        let digits = name.dropFirst()
        let isHex = digits.hasPrefix("x") || digits.hasPrefix("X")
        let value = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        decoded = value.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
      }
      if let decoded {
        result += decoded
        rest = rest[rest.index(after: end)...]
      } else {
        result.append("&")
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }
}

/// A hash algorithm, with a key when it is an HMAC.
final class HashObject: RuntimeObject {
  let function: HashFunction
  let name: String
  var key: [UInt8]?

  init(_ function: HashFunction, _ name: String, key: [UInt8]?) {
    self.function = function
    self.name = name
    self.key = key
  }

  var runtimeType: TypeSymbol { .named(name) }

  func compute(_ bytes: [UInt8]) -> [UInt8] { key.map { function.code(bytes, key: $0) } ?? function.digest(bytes) }
}
