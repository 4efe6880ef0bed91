import SwiftASN1
import X509

/// A distinguished name as `X500DistinguishedName.Name` writes it: last part first, `CN=a, O="b, c"`.
enum DistinguishedNameText {
  /// Short names of attributes; others are written `OID.1.2.3`.
  private static let names: [ASN1ObjectIdentifier: String] = [
    [2, 5, 4, 3]: "CN", [2, 5, 4, 4]: "SN", [2, 5, 4, 5]: "SERIALNUMBER", [2, 5, 4, 6]: "C", [2, 5, 4, 7]: "L",
    [2, 5, 4, 8]: "S", [2, 5, 4, 9]: "STREET", [2, 5, 4, 10]: "O", [2, 5, 4, 11]: "OU", [2, 5, 4, 12]: "T",
    [2, 5, 4, 13]: "Description", [2, 5, 4, 17]: "PostalCode", [2, 5, 4, 18]: "POBox", [2, 5, 4, 20]: "Phone",
    [2, 5, 4, 42]: "G", [2, 5, 4, 43]: "I", [1, 2, 840, 113_549, 1, 9, 1]: "E",
    [0, 9, 2342, 19_200_300, 100, 1, 25]: "DC",
  ]

  static func text(_ name: DistinguishedName) -> String {
    name.reversed().map { part in
      part.map { attribute in
        let label = names[attribute.type] ?? "OID.\(attribute.type)"
        return label + "=" + quoted(value(attribute))
      }.joined(separator: " + ")
    }.joined(separator: ", ")
  }

  /// The first value of an attribute, looked for as `GetNameInfo` does: from the last part to the first.
  static func first(_ type: ASN1ObjectIdentifier, in name: DistinguishedName) -> String? {
    for part in name.reversed() {
      for attribute in part where attribute.type == type { return value(attribute) }
    }
    return nil
  }

  private static func value(_ attribute: RelativeDistinguishedName.Attribute) -> String {
    if let text = String(attribute.value) { return text }
    // Other kinds of strings: BMPString is UTF-16, TeletexString is taken as ISO-8859-1, as .NET takes it.
    var serializer = DER.Serializer()
    guard (try? serializer.serialize(ASN1Any(attribute.value))) != nil,
      let node = try? DER.parse(serializer.serializedBytes), case .primitive(let content) = node.content
    else { return "" }
    if node.identifier == .bmpString {
      let units = stride(from: content.startIndex, to: content.endIndex - 1, by: 2).map {
        UInt16(content[$0]) << 8 | UInt16(content[$0 + 1])
      }
      return String(decoding: units, as: UTF16.self)
    }
    return String(decoding: content.map { UInt16($0) }, as: UTF16.self)
  }

  private static func quoted(_ text: String) -> String {
    let special: Set<Character> = [",", "+", "=", "\"", "\n", "<", ">", "#", ";"]
    guard text.isEmpty || text.hasPrefix(" ") || text.hasSuffix(" ") || text.contains(where: { special.contains($0) })
    else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
