import HTTPWire

/// The URL templates of one API as a tree of path segments: finding an operation costs the segments of the request, not
/// the number of operations. Literal segments win over parameters, parameters over a remainder (`/*`).
final class OperationTree: Sendable {
  /// One segment of a template.
  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    /// `before{name}behind`, both parts in lower case and mostly empty.
    case parameter(name: String, before: [UInt8], behind: [UInt8])
    /// `*`, or `{*name}`: any remainder, also an empty one.
    case remainder(name: String)
  }

  private struct Node: Sendable {
    var literals = HashIndex()
    var parameters: [(before: [UInt8], behind: [UInt8], node: Int)] = []
    var operations: [Leaf] = []
    var remainder: [Leaf] = []
  }

  /// Where an operation hangs.
  private struct Place {
    var node: Int
    var leaf: Int
    var isRemainder: Bool
    var operation: Int
  }

  private struct Leaf: Sendable {
    var method: MethodTemplate
    var operation: Int
    /// Names of the path parameters in order, the remainder's last.
    var names: [String]
  }

  /// The tree while operations are added.
  private struct Growth {
    var nodes = [Node()]
    var texts: [[UInt8]] = [[]]

    /// Adds an operation; of two with one method and template the first stays.
    mutating func insert(method: String, template: String, operation: Int) {
      var node = 0
      var names: [String] = []
      let method = MethodTemplate(method)
      for segment in OperationTree.segments(template) {
        switch segment {
        case .literal(let text):
          let hash = PathHash.of(text)
          if let next = nodes[node].literals.first(hash, { texts[$0] == text ? $0 : nil }) {
            node = next
          } else {
            let new = addNode(text)
            nodes[node].literals.insert(hash, new)
            node = new
          }
        case .parameter(let name, let before, let behind):
          names.append(name)
          if let next = nodes[node].parameters.first(where: { $0.before == before && $0.behind == behind })?.node {
            node = next
          } else {
            let new = addNode([])
            let fixed = before.count + behind.count
            let at = nodes[node].parameters.firstIndex { $0.before.count + $0.behind.count < fixed }
            nodes[node].parameters.insert((before, behind, new), at: at ?? nodes[node].parameters.count)
            node = new
          }
        case .remainder(let name):
          if !nodes[node].remainder.contains(where: { $0.method == method }) {
            nodes[node].remainder.append(Leaf(method: method, operation: operation, names: names + [name]))
          }
          return
        }
      }
      if !nodes[node].operations.contains(where: { $0.method == method }) {
        nodes[node].operations.append(Leaf(method: method, operation: operation, names: names))
      }
    }

    private mutating func addNode(_ text: [UInt8]) -> Int {
      nodes.append(Node())
      texts.append(text)
      return nodes.count - 1
    }
  }

  private let nodes: [Node]
  /// What leads to a node from the node above it, by node; empty for the root and behind parameters.
  private let texts: [[UInt8]]

  /// - Parameter operations: methods and URL templates, found by their positions.
  init(_ operations: [(method: String, template: String)]) {
    var growth = Growth()
    for (position, operation) in operations.enumerated() {
      growth.insert(method: operation.method, template: operation.template, operation: position)
    }
    nodes = growth.nodes
    texts = growth.texts
  }

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

  /// The operation for a request whose path is looked at from `start` on.
  func find(_ request: borrowing MessageHead, from start: Int) -> Int? {
    let path = request.pathBytes
    var captured = Captured(isWanted: false)
    return find(node: 0, request, path, start, &captured)?.operation
  }

  /// The path parameters of the operation that ``find(_:from:)`` finds, with their places in `path`, the path the request
  /// came with.
  func parameters(_ request: borrowing MessageHead, _ path: Span<UInt8>, from start: Int)
    -> [(name: String, range: Range<Int>)]
  {
    var captured = Captured(isWanted: true)
    guard let found = find(node: 0, request, path, start, &captured) else { return [] }
    let node = nodes[found.node]
    let names = (found.isRemainder ? node.remainder : node.operations)[found.leaf].names
    return Array(zip(names, captured.ranges))
  }

  private struct Captured {
    let isWanted: Bool
    var ranges: [Range<Int>] = []

    mutating func append(_ range: Range<Int>) { if isWanted { ranges.append(range) } }
    mutating func removeLast() { if isWanted { ranges.removeLast() } }
  }

  private func find(
    node index: Int, _ request: borrowing MessageHead, _ path: Span<UInt8>, _ start: Int, _ captured: inout Captured
  ) -> Place? {
    var from = start
    while from < path.count, path[from] == 0x2f { from &+= 1 }
    if from == path.count {
      if let leaf = Self.best(nodes[index].operations, request) {
        let operation = nodes[index].operations[leaf].operation
        return Place(node: index, leaf: leaf, isRemainder: false, operation: operation)
      }
    } else {
      let (next, end) = literal(below: index, path, from)
      if let next, let found = find(node: next, request, path, end, &captured) { return found }
      for parameter in nodes[index].parameters {
        let low = from &+ parameter.before.count
        let high = end &- parameter.behind.count
        guard low < high, path.matches(parameter.before, at: from), path.matches(parameter.behind, at: high) else {
          continue
        }
        captured.append(low..<high)
        if let found = find(node: parameter.node, request, path, end, &captured) { return found }
        captured.removeLast()
      }
    }
    if let leaf = Self.best(nodes[index].remainder, request) {
      captured.append(from..<path.count)
      let operation = nodes[index].remainder[leaf].operation
      return Place(node: index, leaf: leaf, isRemainder: true, operation: operation)
    }
    return nil
  }

  /// The node for the segment that begins at `from`, where one has just its text, and where the segment ends.
  @inline(__always)
  private func literal(below index: Int, _ path: Span<UInt8>, _ from: Int) -> (node: Int?, end: Int) {
    var hash = PathHash()
    var end = from
    while end < path.count, path[end] != 0x2f {
      hash.add(path[end])
      end &+= 1
    }
    let length = end &- from
    let node = nodes[index].literals.first(hash.value) { node in
      texts[node].count == length && path.matches(texts[node], at: from) ? node : nil
    }
    return (node, end)
  }

  /// The operations whose template fits, whatever their methods.
  func candidates(_ request: borrowing MessageHead, from start: Int) -> [Int] {
    var found: [Int] = []
    collect(node: 0, request.pathBytes, start, &found)
    return found
  }

  private func collect(node index: Int, _ path: Span<UInt8>, _ start: Int, _ found: inout [Int]) {
    found += nodes[index].remainder.map(\.operation)
    var from = start
    while from < path.count, path[from] == 0x2f { from &+= 1 }
    if from == path.count { return found += nodes[index].operations.map(\.operation) }
    let (next, end) = literal(below: index, path, from)
    if let next { collect(node: next, path, end, &found) }
    for parameter in nodes[index].parameters {
      let low = from &+ parameter.before.count
      let high = end &- parameter.behind.count
      if low < high, path.matches(parameter.before, at: from), path.matches(parameter.behind, at: high) {
        collect(node: parameter.node, path, end, &found)
      }
    }
  }

  /// The leaf for the request's own method, else the one for any.
  private static func best(_ leaves: [Leaf], _ request: borrowing MessageHead) -> Int? {
    var any: Int?
    for i in leaves.indices {
      if leaves[i].method.isAny { any = i } else if leaves[i].method.fits(request) { return i }
    }
    return any
  }
}

/// The method of an operation: one of those with a name of their own, another, or `*` for any.
struct MethodTemplate: Sendable, Equatable {
  let kind: Method
  /// Only of methods without a case.
  let text: [UInt8]
  let isAny: Bool

  init(_ name: String) {
    kind = Method(name)
    text = kind == .other ? Array(name.utf8) : []
    isAny = name == "*"
  }

  @inline(__always)
  func fits(_ request: borrowing MessageHead) -> Bool {
    if kind != .other { return request.methodKind == kind }
    let method = request.receivedMethodBytes
    guard request.methodKind == .other, method.count == text.count else { return false }
    for i in text.indices where method[i] != text[i] { return false }
    return true
  }
}
