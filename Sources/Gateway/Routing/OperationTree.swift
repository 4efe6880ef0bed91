import GatewayConfiguration

/// The URL templates of one API as a tree of path segments: finding an operation costs the segments of the request, not
/// the number of operations. Literal segments win over parameters, parameters over a remainder (`/*`).
struct OperationTree: Sendable {
  /// One segment of a template.
  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    /// `before{name}behind`, both parts in lower case and mostly empty.
    case parameter(name: String, before: [UInt8], behind: [UInt8])
    /// `*`, or `{*name}`: any remainder, also an empty one.
    case remainder(name: String)
  }

  private struct Node: Sendable {
    var literals: [UInt64: [(text: [UInt8], node: Int)]] = [:]
    var parameters: [(before: [UInt8], behind: [UInt8], node: Int)] = []
    /// By method; `*` for any.
    var operations: [String: Leaf] = [:]
    var remainder: [String: Leaf] = [:]
  }

  private struct Leaf: Sendable {
    var operation: Int
    /// Names of the path parameters in order, the remainder's last.
    var names: [String]
  }

  /// An operation with the places of its parameters in the path.
  struct Match {
    var operation: Int
    var parameters: [(name: String, range: Range<Int>)]
  }

  private var nodes = [Node()]

  /// The segments of a template below the API's path.
  static func segments(_ template: String) -> [Segment] {
    let path = template.prefix { $0 != "?" }
    return path.split(separator: "/", omittingEmptySubsequences: true).map { part in
      if part == "*" { return .remainder(name: "*") }
      guard let open = part.firstIndex(of: "{"), let close = part[open...].firstIndex(of: "}") else {
        return .literal(part.utf8.map(PathHash.lower))
      }
      let name = part[part.index(after: open)..<close]
      if name.hasPrefix("*") { return .remainder(name: String(name.dropFirst())) }
      return .parameter(
        name: String(name), before: part[..<open].utf8.map(PathHash.lower),
        behind: part[part.index(after: close)...].utf8.map(PathHash.lower))
    }
  }

  /// Adds an operation; of two with one method and template the first stays.
  mutating func insert(method: String, template: String, operation: Int) {
    var node = 0
    var names: [String] = []
    for segment in Self.segments(template) {
      switch segment {
      case .literal(let text):
        let hash = PathHash.of(text)
        if let next = nodes[node].literals[hash]?.first(where: { $0.text == text })?.node {
          node = next
        } else {
          nodes.append(Node())
          nodes[node].literals[hash, default: []].append((text, nodes.count - 1))
          node = nodes.count - 1
        }
      case .parameter(let name, let before, let behind):
        names.append(name)
        if let next = nodes[node].parameters.first(where: { $0.before == before && $0.behind == behind })?.node {
          node = next
        } else {
          nodes.append(Node())
          let fixed = before.count + behind.count
          let at = nodes[node].parameters.firstIndex { $0.before.count + $0.behind.count < fixed }
          nodes[node].parameters.insert((before, behind, nodes.count - 1), at: at ?? nodes[node].parameters.count)
          node = nodes.count - 1
        }
      case .remainder(let name):
        let leaf = Leaf(operation: operation, names: names + [name])
        if nodes[node].remainder[method] == nil { nodes[node].remainder[method] = leaf }
        return
      }
    }
    if nodes[node].operations[method] == nil {
      nodes[node].operations[method] = Leaf(operation: operation, names: names)
    }
  }

  /// The operation for a method and the path from `start` on.
  func find(method: String, _ path: Span<UInt8>, from start: Int) -> Match? {
    var captured: [Range<Int>] = []
    guard let leaf = find(node: 0, method, path, start, &captured) else { return nil }
    return Match(operation: leaf.operation, parameters: Array(zip(leaf.names, captured)))
  }

  private func find(
    node index: Int, _ method: String, _ path: Span<UInt8>, _ start: Int, _ captured: inout [Range<Int>]
  ) -> Leaf? {
    var from = start
    while from < path.count, path[from] == 0x2f { from &+= 1 }
    let node = nodes[index]
    if from == path.count {
      if let leaf = node.operations[method] ?? node.operations["*"] { return leaf }
    } else {
      var hash = PathHash()
      var end = from
      while end < path.count, path[end] != 0x2f {
        hash.add(path[end])
        end &+= 1
      }
      if let candidates = node.literals[hash.value] {
        for candidate in candidates where candidate.text.count == end &- from && path.matches(candidate.text, at: from)
        {
          if let leaf = find(node: candidate.node, method, path, end, &captured) { return leaf }
        }
      }
      for parameter in node.parameters {
        let low = from &+ parameter.before.count
        let high = end &- parameter.behind.count
        guard low < high, path.matches(parameter.before, at: from), path.matches(parameter.behind, at: high) else {
          continue
        }
        captured.append(low..<high)
        if let leaf = find(node: parameter.node, method, path, end, &captured) { return leaf }
        captured.removeLast()
      }
    }
    if let leaf = node.remainder[method] ?? node.remainder["*"] {
      captured.append(from..<path.count)
      return leaf
    }
    return nil
  }
}
