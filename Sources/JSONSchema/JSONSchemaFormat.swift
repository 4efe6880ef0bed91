import DotNet

/// The formats of texts that schemas name. One that is not known holds for every text.
enum JSONSchemaFormat {
  static func conforms(_ text: String, to format: String) -> Bool {
    guard let check = checks[format] else { return true }
    return check(text)
  }

  private static let checks: [String: @Sendable (String) -> Bool] = {
    let host = pattern("^(?!-)[\\w-]{1,63}(?<!-)(\\.(?!-)[\\w-]{1,63}(?<!-))*\\.?$")
    let moment = pattern(
      "^\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$")
    let day = pattern("^\\d{4}-\\d\\d-\\d\\d$")
    let base64 = pattern("^[A-Za-z0-9+/]*={0,2}$")
    var checks: [String: @Sendable (String) -> Bool] = [
      "date-time": { moment($0) && isDate($0) }, "date": { day($0) && isDate($0) }, "ipv4": { isIPv4($0) },
      "ipv6": { isIPv6($0) }, "regex": { (try? RegularExpression($0, options: 0)) != nil },
      "byte": { $0.utf8.count % 4 == 0 && base64($0) },
      "time": pattern("^([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)?$"),
      "duration": pattern("^P(?!$)((\\d+Y)?(\\d+M)?(\\d+D)?(T(?!$)(\\d+H)?(\\d+M)?(\\d+S)?)?|\\d+W)$"),
      "uuid": pattern("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"),
      "json-pointer": pattern("^(/([^/~]|~[01])*)*$"),
      "relative-json-pointer": pattern("^(0|[1-9]\\d*)(#|(/([^/~]|~[01])*)*)$"),
    ]
    let (email, uri) = (
      pattern("^[^@\\s\"]+@[^@\\s.]+(\\.[^@\\s.]+)*$"), pattern("^[A-Za-z][A-Za-z0-9+.-]*:[^\\s<>\"{}|\\\\^`]*$")
    )
    let reference = pattern("^[^\\s<>\"{}|\\\\^`]*$")
    for prefix in ["", "idn-"] {
      checks[prefix + "email"] = email
      checks[prefix + "hostname"] = { $0.utf8.count <= 253 && host($0) }
    }
    for prefix in ["uri", "iri"] {
      checks[prefix] = uri
      checks[prefix + "-reference"] = reference
    }
    return checks
  }()

  private static func pattern(_ pattern: String) -> @Sendable (String) -> Bool {
    let expression = try? RegularExpression(pattern, options: 0)
    return { text in (try? expression?.isMatch(text, from: 0)) ?? false }
  }

  private static func isDate(_ text: String) -> Bool {
    let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3, (1...12).contains(parts[1]),
      (1...DateTimeValue.days(max(parts[0], 1), parts[1])).contains(parts[2])
    else { return false }
    guard text.utf8.count > 10 else { return true }
    let time = text.dropFirst(11).prefix(8).split(separator: ":").compactMap { Int($0) }
    return time.count == 3 && time[0] < 24 && time[1] < 60 && time[2] <= 60
  }

  private static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        part.utf8.allSatisfy { (0x30...0x39).contains($0) } && part.utf8.count <= 3 && UInt8(part) != nil
          && (part == "0" || !part.hasPrefix("0"))
      }
  }

  private static func isIPv6(_ text: String) -> Bool {
    var groups = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard groups.count >= 3, text.firstRange(of: ":::") == nil else { return false }
    var count = 0
    if let last = groups.last, last.contains(".") {
      guard isIPv4(last) else { return false }
      groups.removeLast()
      count = 2
    }
    let isShortened = text.firstRange(of: "::") != nil
    if let first = text.firstRange(of: "::"), text[first.upperBound...].firstRange(of: "::") != nil { return false }
    if text.hasPrefix(":"), !text.hasPrefix("::") { return false }
    if text.hasSuffix(":"), !text.hasSuffix("::") { return false }
    for group in groups where !group.isEmpty {
      guard group.utf8.count <= 4, UInt16(group, radix: 16) != nil, !group.hasPrefix("+") else { return false }
      count += 1
    }
    return isShortened ? count <= 7 : count == 8
  }
}
