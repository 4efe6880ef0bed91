import OData

/// The address of a request to an OData API: its path, and one option with a value.
extension FuzzCase {
  static let odata = FuzzCase(name: "odata", dictionary: words) { input in
    let text = String(decoding: input, as: UTF8.self)
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let options = parts.dropFirst().first.map { query in
      query.split(separator: "&").map { option in
        let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (name: String(pair[0]), value: String(pair.dropFirst().first ?? ""))
      }
    }
    guard let version = ODataVersion("4.01") else { return false }
    return ODataRequest(path: String(parts.first ?? ""), options: options ?? [], version: version).problems.isEmpty
  }

  private static let words = [
    "$filter=", "$orderby=", "$select=", "$expand=", "$top=5", "$skip=", "$count=true", "$search=", "$apply=",
    "$compute=",
    " eq ", " and ", " or ", "not ", " in (1,2)", "contains(Name,'a')", "any(d:d/Quantity gt 100)", "/$count", "/$ref",
    "(", ")", "'", "''", ",", ";", "/", "@p", "null", "2026-01-02T03:04:05Z", "duration'PT1S'", "-1.5e3", "desc",
    "as X",
    "Products(1)", "Items($filter=a eq 1;$top=2)", "%20", "%", "$it", "[1,2]", "{\"a\":1}",
  ]
}
