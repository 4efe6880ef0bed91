/// A name with the namespace it belongs to, as `XName` has it. Two names are equal when both parts are.
public struct XmlName: Sendable, Hashable {
  /// Empty when the name is in no namespace.
  public let namespace: String
  public let local: String

  /// Namespace of the prefix `xml`, which needs no declaration.
  public static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"
  /// Namespace of declarations themselves: `xmlns:p` is `p` in it.
  public static let declarationNamespace = "http://www.w3.org/2000/xmlns/"

  /// A name known to be well formed.
  init(trusted local: String, in namespace: String = "") {
    self.namespace = namespace
    self.local = local
  }

  /// - Throws: XmlException when `local` is no name, ArgumentException when it is empty.
  public init(_ local: String, in namespace: String) throws {
    try XmlName.check(local)
    self.namespace = namespace
    self.local = local
  }

  /// `local` or `{namespace}local`.
  public init(expanded: String) throws {
    guard !expanded.isEmpty else { throw XmlName.malformed(expanded) }
    guard expanded.hasPrefix("{") else {
      try self.init(expanded, in: "")
      return
    }
    guard let close = expanded.lastIndex(of: "}"), expanded.index(after: close) < expanded.endIndex,
      expanded.index(after: expanded.startIndex) < close
    else { throw XmlName.malformed(expanded) }
    try self.init(
      String(expanded[expanded.index(after: close)...]),
      in: String(expanded[expanded.index(after: expanded.startIndex)..<close]))
  }

  /// A name made of any text: what no name may hold stands in it as `_xHHHH_`.
  public static func encoded(_ text: String, in namespace: String = "") -> XmlName {
    var result = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      let isAllowed = result.isEmpty ? XmlCharacter.startsName(scalar) : XmlCharacter.continuesName(scalar)
      if isAllowed, scalar != "_" || escape(rest) == nil {
        result.unicodeScalars.append(scalar)
      } else {
        let hex = XmlCharacter.hexadecimal(scalar)
        result += "_x" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex + "_"
      }
    }
    return XmlName(trusted: result.isEmpty ? "_" : result, in: namespace)
  }

  /// The text that ``encoded(_:in:)`` made the local name of.
  public var decodedLocal: String {
    guard local.contains("_x") else { return local }
    var result = ""
    var rest = local.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "_", let escaped = XmlName.escape(rest) {
        result.unicodeScalars.append(escaped.scalar)
        rest = rest.dropFirst(escaped.length)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// What `xHHHH_` at the beginning of a text stands for, and its length.
  private static func escape(_ text: Substring.UnicodeScalarView) -> (scalar: Unicode.Scalar, length: Int)? {
    guard text.first == "x", let end = text.dropFirst().firstIndex(of: "_") else { return nil }
    let digits = String(text[text.index(after: text.startIndex)..<end])
    guard digits.count == 4 || digits.count == 8, let code = UInt32(digits, radix: 16),
      let scalar = Unicode.Scalar(code)
    else { return nil }
    return (scalar, digits.count + 2)
  }

  private static func malformed(_ text: String) -> DotNetException {
    .argument("'\(text)' is an invalid expanded name.")
  }

  /// The name of a namespace declaration: `xmlns` or `xmlns:…`.
  var isDeclaration: Bool { namespace == XmlName.declarationNamespace || (namespace.isEmpty && local == "xmlns") }

  /// Refuses what is not a name without a colon.
  static func check(_ text: String) throws {
    guard let first = text.unicodeScalars.first else {
      throw DotNetException.argument("The empty string '' is not a valid local name.")
    }
    if !XmlCharacter.startsName(first) { throw invalid(first, "Name cannot begin with the '\(first)' character") }
    for scalar in text.unicodeScalars where !XmlCharacter.continuesName(scalar) {
      throw invalid(scalar, "The '\(scalar)' character")
    }
  }

  private static func invalid(_ scalar: Unicode.Scalar, _ subject: String) -> DotNetException {
    let hex = "hexadecimal value 0x\(XmlCharacter.hexadecimal(scalar))"
    return .xml(subject + (subject.hasPrefix("Name") ? ", \(hex)." : ", \(hex), cannot be included in a name."))
  }
}

extension XmlName: CustomStringConvertible {
  /// `{namespace}local`.
  public var description: String { namespace.isEmpty ? local : "{\(namespace)}\(local)" }
}

extension DotNetException {
  public static func xml(_ message: String) -> DotNetException { DotNetException("System.Xml.XmlException", message) }
}
