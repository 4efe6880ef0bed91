import Foundation

/// The comparison of a result with what a vector expects, as the reference tool does it.
enum Vector {
  static func object(_ text: Substring) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
  }

  static func holds(_ expected: [String: Any], _ result: [String: Any]) -> Bool {
    if expected["compileError"] != nil { return result["compileError"] != nil }
    if let type = expected["exception"] as? String {
      let accepted = [type] + (expected["anyOf"] as? [String] ?? [])
      return (result["exception"] as? String).map { accepted.contains($0) } ?? false
    }
    return result["exception"] == nil && result["compileError"] == nil && same(expected, result)
  }

  private static func same(_ a: Any, _ b: Any) -> Bool {
    switch (a, b) {
    case (let x as [String: Any], let y as [String: Any]):
      guard let type = x["type"] as? String else {
        return x.count == y.count && x.allSatisfy { key, value in y[key].map { same(value, $0) } ?? false }
      }
      guard type == y["type"] as? String else { return false }
      if type == "double" || type == "float", let p = x["value"] as? String, let q = y["value"] as? String {
        return p == q || (Double(p) != nil && Double(p) == Double(q))
      }
      return ["value", "jtype", "success", "key", "traces"].allSatisfy { key in
        x[key].map { value in y[key].map { same(value, $0) } ?? false } ?? true
      }
    case (let x as [Any], let y as [Any]): return x.count == y.count && zip(x, y).allSatisfy { same($0, $1) }
    case (let x as String, let y as String):
      return x.replacingOccurrences(of: "\r\n", with: "\n") == y.replacingOccurrences(of: "\r\n", with: "\n")
    case (is NSNull, is NSNull): return true
    default: return (a as? NSObject) == (b as? NSObject)
    }
  }
}
