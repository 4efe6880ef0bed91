/// Host names of other scripts in the form that resolvers know (RFC 3492, RFC 5890): `bücher.de` is `xn--bcher-kva.de`.
public enum InternationalName {
  /// The name with each label that is not ASCII encoded; labels that are ASCII stay as they are.
  public static func ascii(_ host: String) -> String {
    if host.utf8.allSatisfy({ $0 < 0x80 }) { return host }
    return host.split(separator: ".", omittingEmptySubsequences: false)
      .map { label in label.utf8.allSatisfy { $0 < 0x80 } ? String(label) : "xn--" + punycode(label) }
      .joined(separator: ".")
  }

  /// RFC 3492, section 6.3.
  private static func punycode(_ label: Substring) -> String {
    let points = label.unicodeScalars.map(\.value)
    var output = points.filter { $0 < 0x80 }.map { UInt8($0) }
    var handled = output.count
    let basic = UInt32(handled)
    if handled > 0 { output.append(0x2D) }
    var (next, delta, bias) = (UInt32(128), UInt32(0), UInt32(72))
    while handled < points.count {
      guard let least = points.filter({ $0 >= next }).min() else { break }
      delta &+= (least - next) &* UInt32(handled + 1)
      next = least
      for point in points {
        if point < next { delta &+= 1 }
        guard point == next else { continue }
        var rest = delta
        var step: UInt32 = 36
        while true {
          let threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias
          if rest < threshold { break }
          output.append(digit(threshold + (rest - threshold) % (36 - threshold)))
          rest = (rest - threshold) / (36 - threshold)
          step += 36
        }
        output.append(digit(rest))
        bias = adapted(delta, count: UInt32(handled + 1), isFirst: UInt32(handled) == basic)
        delta = 0
        handled += 1
      }
      delta &+= 1
      next += 1
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func digit(_ value: UInt32) -> UInt8 { UInt8(value < 26 ? 0x61 + value : 0x30 + value - 26) }

  /// RFC 3492, section 6.1.
  private static func adapted(_ delta: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var steps: UInt32 = 0
    while delta > 455 {
      delta /= 35
      steps += 36
    }
    return steps + 36 * delta / (delta + 38)
  }
}
