/// The address of a request to an OData API, held against the URL conventions of OData 4.0 and 4.01, and against the
/// service's model where it is known. Time is linear in its length.
public struct ODataRequest: Sendable {
  /// The path behind the API's own, as on the wire.
  private let path: String
  /// The parameters of the query, decoded, in order.
  private let options: [(name: String, value: String)]
  private let version: ODataVersion
  private let model: ODataModel?

  /// - Parameter model: what names must stand for; nil where any will do.
  public init(
    path: String, options: [(name: String, value: String)], version: ODataVersion, model: ODataModel? = nil
  ) {
    self.path = path
    self.options = options
    self.version = version
    self.model = model
  }

  private static let known: Set<String> = [
    "apply", "compute", "count", "deltatoken", "expand", "filter", "format", "id", "index", "orderby", "schemaversion",
    "search", "select", "skip", "skiptoken", "top",
  ]

  /// Everything that is wrong, in order, 20 at most.
  public var problems: [ODataProblem] {
    var problems: [ODataProblem] = []
    var names = ODataNames()
    do throws(ODataProblem) {
      let subject = try checkPath()
      if let model { names = ODataNames(model, about: subject, aliases: aliases) }
    } catch {
      problems.append(error)
    }
    var seen: Set<String> = []
    for option in options {
      guard problems.count < 20 else { break }
      do throws(ODataProblem) { try check(option.name, option.value, names, &seen) } catch { problems.append(error) }
    }
    return problems
  }

  /// The names that `$compute` and `$apply` make, which the other options may speak of. What an aggregation leaves of a
  /// type, and by which names, only the service knows: every name that `$apply` speaks of counts.
  private var aliases: Set<String> {
    var aliases: Set<String> = []
    for option in options {
      guard let name = system(option.name)?.lowercased(), name == "compute" || name == "apply" else { continue }
      var lexer = ODataLexer(option.value)
      var isNamed = name == "apply"
      // What cannot be read is complained about with the option itself.
      while let token = try? lexer.next(), token.kind != .end {
        if isNamed, token.kind == .name { aliases.insert(String(token.text)) }
        isNamed = name == "apply" || token.kind == .name && token.text == "as"
      }
    }
    return aliases
  }

  // MARK: - Options

  /// The bare name of a system query option; nil for one of the service's own.
  private func system(_ name: String) -> String? {
    if name.hasPrefix("$") { return String(name.dropFirst()) }
    guard version.hasPlainOptions, Self.known.contains(name.lowercased()) else { return nil }
    return name.lowercased()
  }

  private func check(
    _ name: String, _ value: String, _ names: ODataNames, _ seen: inout Set<String>
  ) throws(ODataProblem) {
    func problem(_ message: String) -> ODataProblem { ODataProblem(.option(name), message) }
    guard !name.isEmpty else { throw problem("A query option has no name.") }
    guard let option = system(name) else {
      // @p of a parameter alias, or an option of the service.
      if name.hasPrefix("@") {
        try check(name, value) { (reader) throws(ODataExpression.Failure) in try reader.expression() }
      }
      return
    }
    let bare = version.hasPlainOptions ? option.lowercased() : option
    guard Self.known.contains(bare) else { throw problem("The query option '\(name)' is not known.") }
    guard seen.insert(bare).inserted else {
      throw problem("The query option '\(name)' must not be given more than once.")
    }
    switch bare {
    case "top", "skip", "index":
      let digits = bare == "index" && value.hasPrefix("-") ? value.dropFirst() : value[...]
      guard !digits.isEmpty, digits.utf8.count <= 18, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw problem("The value of '\(name)' must be a whole number that is not negative.")
      }
    case "count":
      let isFlag = ["true", "false"].contains(version.hasPlainOptions ? value.lowercased() : value)
      if !isFlag { throw problem("The value of '\(name)' must be true or false.") }
    case "filter": try check(name, value, names) { (reader) throws(ODataExpression.Failure) in try reader.expression() }
    case "orderby": try check(name, value, names) { (reader) throws(ODataExpression.Failure) in try reader.orderBy() }
    case "compute": try check(name, value, names) { (reader) throws(ODataExpression.Failure) in try reader.compute() }
    case "select": try check(name, value, names) { (reader) throws(ODataExpression.Failure) in try reader.select() }
    case "expand": try check(name, value, names) { (reader) throws(ODataExpression.Failure) in try reader.expand() }
    case "search": try check(name, value) { (reader) throws(ODataExpression.Failure) in try reader.search() }
    case "apply":
      try check(name, value, names.withoutAliases) { (reader) throws(ODataExpression.Failure) in try reader.apply() }
    default: if value.isEmpty { throw problem("The query option '\(name)' has no value.") }
    }
  }

  private func check(
    _ name: String, _ value: String, _ names: ODataNames = ODataNames(),
    _ read: (inout ODataExpression) throws(ODataExpression.Failure) -> Void
  ) throws(ODataProblem) {
    do throws(ODataExpression.Failure) {
      var reader = try ODataExpression(value, names: names)
      try read(&reader)
      try reader.end()
    } catch {
      throw ODataProblem(.option(name), "The value of '\(name)' is not valid: \(error.message).")
    }
  }

  // MARK: - Path

  private static let systemSegments: Set<String> = [
    "$all", "$batch", "$count", "$crossjoin", "$each", "$entity", "$filter", "$it", "$metadata", "$query", "$ref",
    "$root", "$value",
  ]

  /// - Returns: what the query options are about.
  private func checkPath() throws(ODataProblem) -> ODataModel.Shape {
    var place = model.map { ODataPath($0) }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).drop { $0.isEmpty }
    for (index, segment) in segments.enumerated() {
      if segment.isEmpty {
        // A slash at the end is borne.
        guard index == segments.count - 1 else { throw ODataProblem(.path, "The path has an empty segment.") }
        continue
      }
      guard let text = Self.decoded(segment) else {
        throw ODataProblem(.path, "The segment '\(segment)' is not encoded as it should be.")
      }
      let read = try read(segment: text)
      try place?.follow(read)
    }
    return place?.subject ?? .unknown
  }

  private func read(segment: String) throws(ODataProblem) -> ODataSegment {
    let name = segment.prefix { $0 != "(" }
    let rest = segment.dropFirst(name.count)
    if name.hasPrefix("$"), !Self.systemSegments.contains(String(name)) {
      throw ODataProblem(.path, "The segment '\(name)' is not known.")
    }
    guard !rest.isEmpty else { return ODataSegment(name: segment, text: segment) }
    guard !name.isEmpty, rest.hasSuffix(")") else {
      throw ODataProblem(.path, "The segment '\(segment)' has a key that does not end.")
    }
    do throws(ODataExpression.Failure) {
      var reader = try ODataExpression(String(rest.dropFirst().dropLast()))
      let groups = try reader.keys()
      try reader.end()
      return ODataSegment(name: String(name), arguments: groups, text: segment)
    } catch {
      throw ODataProblem(.path, "The key in '\(segment)' is not valid: \(error.message).")
    }
  }

  /// Nil for a percent sign without two digits, and for what is no UTF-8.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = Array(rest.prefix(2))
      guard digits.count == 2, digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }),
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
