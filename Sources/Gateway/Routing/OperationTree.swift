import HTTPWire

/// The URL templates of one API as a tree of path segments: finding an operation costs the segments of the request, not
/// the number of operations. Literal segments win over parameters, parameters over a remainder (`/*`).
///
/// The whole tree lies in a few arrays of plain numbers, and what most requests ask of a segment lies in its node: a place of
/// memory that no request has touched lately costs about a hundred nanoseconds, and an operation of ten thousand is such
/// places.
final class OperationTree: Sendable {
  /// Consecutive elements of one of the arrays.
  struct Run: Sendable {
    var first: UInt32 = 0
    var count: UInt32 = 0

    @inline(__always) var range: Range<Int> { Int(first)..<Int(first &+ count) }
  }

  /// The place of a segment.
  struct Node: Sendable {
    /// What leads to it from the node above, in lower case; empty behind a parameter.
    var head = SegmentHead()
    /// The whole of it, of use where it is longer than a head.
    var text = Run()
    /// Above it; the root is its own.
    var parent: UInt32 = 0
    /// Behind the only parameter below it, where that is all of a segment; 0 where it is not like that.
    var plain: UInt32 = 0
    /// Parameters below it, those with the longest fixed parts first.
    var parameters = Run()
    /// The first of those that end here; of no meaning where none does.
    var first = Leaf(method: .other, isAny: false, hasQuery: false, operation: 0)
    /// Operations that end here.
    var operations = Run()
    /// Operations that take any remainder from here on.
    var remainder = Run()
  }

  /// The first sixteen bytes of a segment, in lower case.
  struct SegmentHead: Sendable, Equatable {
    static let length = 16
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// Puts a byte, in lower case already, at its place.
    @inline(__always)
    mutating func put(_ byte: UInt8, at place: Int) {
      if place < 8 {
        low |= UInt64(byte) &<< UInt64(8 &* place)
      } else if place < Self.length {
        high |= UInt64(byte) &<< UInt64(8 &* (place &- 8))
      }
    }
  }

  /// `before{name}behind`, both parts in lower case and mostly empty.
  struct Parameter: Sendable {
    var before: Run
    var behind: Run
    /// What stands between several parameters of the segment, in order: where in ``betweens`` the texts are told.
    var between: Run
    var node: UInt32
  }

  /// Where an operation hangs.
  struct Leaf: Sendable {
    var method: Method
    var isAny: Bool
    /// Its template has a query, which the request's has to have, too.
    var hasQuery: Bool
    var operation: UInt32
  }

  private let nodes: [Node]
  private let texts: [UInt8]
  private let parameters: [Parameter]
  private let betweens: [Run]
  private let leaves: [Leaf]
  /// Nodes by the hash of their parent and text.
  private let literals: HashIndex
  /// By leaf: methods without a case, and names of the path parameters in order, the remainder's last.
  private let methods: [[UInt8]]
  private let names: [[String]]
  private let queries: [[QueryTerm]]

  /// - Parameter operations: methods and URL templates, found by their positions.
  init(_ operations: [(method: String, template: String)]) {
    var growth = Growth()
    for (position, operation) in operations.enumerated() {
      growth.insert(method: operation.method, template: operation.template, operation: position)
    }
    let grown = growth.flattened()
    nodes = grown.nodes
    texts = grown.texts
    parameters = grown.parameters
    betweens = grown.betweens
    leaves = grown.leaves.map(\.leaf)
    methods = grown.leaves.map(\.method)
    names = grown.leaves.map(\.names)
    queries = grown.leaves.map(\.query)
    literals = grown.literals
  }

  /// Begins the hash of a segment below a node.
  @inline(__always)
  static func hash(below node: Int) -> PathHash { PathHash(seed: UInt64(truncatingIfNeeded: node)) }

  // MARK: - Finding

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
    return Array(zip(names[found.leaf], captured.ranges))
  }

  private struct Captured {
    let isWanted: Bool
    var ranges: [Range<Int>] = []

    mutating func append(_ range: Range<Int>) { if isWanted { ranges.append(range) } }
    mutating func removeLast() { if isWanted { ranges.removeLast() } }
    mutating func keepFirst(_ count: Int) { ranges.removeLast(ranges.count &- count) }
  }

  private struct Found {
    let leaf: Int
    let operation: Int
  }

  private func find(
    node index: Int, _ request: borrowing MessageHead, _ path: Span<UInt8>, _ start: Int, _ captured: inout Captured
  ) -> Found? {
    var from = start
    while from < path.count, path[from] == 0x2f { from &+= 1 }
    if from == path.count {
      let run = nodes[index].operations
      if run.count == 1 {
        if let found = found(nodes[index].first, Int(run.first), request) { return found }
      } else if let found = best(run, request) {
        return found
      }
    } else {
      let (next, end) = literal(below: index, path, from)
      if let next, let found = find(node: next, request, path, end, &captured) { return found }
      let plain = Int(nodes[index].plain)
      if plain != 0 {
        captured.append(from..<end)
        if let found = find(node: plain, request, path, end, &captured) { return found }
        captured.removeLast()
      } else {
        for i in nodes[index].parameters.range {
          let known = captured.ranges.count
          if capture(parameters[i], path, from, end, &captured),
            let found = find(node: Int(parameters[i].node), request, path, end, &captured)
          {
            return found
          }
          captured.keepFirst(known)
        }
      }
    }
    guard let found = best(nodes[index].remainder, request) else { return nil }
    captured.append(from..<path.count)
    return found
  }

  /// The node for the segment that begins at `from`, where one has just its text, and where the segment ends.
  @inline(__always)
  private func literal(below index: Int, _ path: Span<UInt8>, _ from: Int) -> (node: Int?, end: Int) {
    var hash = Self.hash(below: index)
    var head = SegmentHead()
    var end = from
    while end < path.count, path[end] != 0x2f {
      let byte = PathHash.lower(path[end])
      hash.add(lower: byte)
      head.put(byte, at: end &- from)
      end &+= 1
    }
    let length = end &- from
    let node = literals.first(hash.value) { node -> Int? in
      guard nodes[node].head == head, nodes[node].parent == index, nodes[node].text.count == length else { return nil }
      return length <= SegmentHead.length || fits(nodes[node].text, path, from) ? node : nil
    }
    return (node, end)
  }

  /// What of a segment is the parameter's value; nil where the fixed parts do not fit.
  @inline(__always)
  private func value(of parameter: Parameter, _ path: Span<UInt8>, _ from: Int, _ end: Int) -> Range<Int>? {
    let low = from &+ Int(parameter.before.count)
    let high = end &- Int(parameter.behind.count)
    guard low < high, fits(parameter.before, path, from), fits(parameter.behind, path, high) else { return nil }
    return low..<high
  }

  /// Takes the values of a segment, one for each of its parameters; false where the fixed parts do not fit. What stands
  /// between two parameters ends the first one where it is met first, and no value is empty.
  private func capture(
    _ parameter: Parameter, _ path: Span<UInt8>, _ from: Int, _ end: Int, _ captured: inout Captured
  ) -> Bool {
    guard let range = value(of: parameter, path, from, end) else { return false }
    var low = range.lowerBound
    for i in parameter.between.range {
      let length = Int(betweens[i].count)
      var place = low &+ 1
      while place &+ length < range.upperBound, !fits(betweens[i], path, place) { place &+= 1 }
      guard place &+ length < range.upperBound else { return false }
      captured.append(low..<place)
      low = place &+ length
    }
    captured.append(low..<range.upperBound)
    return true
  }

  /// Whether the path goes on like that, without regard to letter case of ASCII.
  @inline(__always)
  private func fits(_ text: Run, _ path: Span<UInt8>, _ start: Int) -> Bool {
    guard start &+ Int(text.count) <= path.count else { return false }
    var i = start
    for place in text.range {
      if PathHash.lower(path[i]) != texts[place] { return false }
      i &+= 1
    }
    return true
  }

  /// The operation for the request's own method, else the one for any.
  private func best(_ run: Run, _ request: borrowing MessageHead) -> Found? {
    var any: Found?
    for i in run.range {
      guard let found = found(leaves[i], i, request) else { continue }
      if !leaves[i].isAny { return found }
      any = any ?? found
    }
    return any
  }

  /// The leaf at that place, if it takes the request's method.
  @inline(__always)
  private func found(_ leaf: Leaf, _ place: Int, _ request: borrowing MessageHead) -> Found? {
    let isOwn = leaf.method == request.methodKind && (leaf.method != .other || isNamed(methods[place], request))
    guard isOwn || leaf.isAny, !leaf.hasQuery || QueryTerm.fit(queries[place], request) else { return nil }
    return Found(leaf: place, operation: Int(leaf.operation))
  }

  private func isNamed(_ text: [UInt8], _ request: borrowing MessageHead) -> Bool {
    let method = request.receivedMethodBytes
    guard method.count == text.count else { return false }
    for i in text.indices where method[i] != text[i] { return false }
    return true
  }

  // MARK: - Explaining

  /// The operations whose template fits, whatever their methods.
  func candidates(_ request: borrowing MessageHead, from start: Int) -> [Int] {
    var found: [Int] = []
    collect(node: 0, request.pathBytes, start, &found)
    return found
  }

  private func collect(node index: Int, _ path: Span<UInt8>, _ start: Int, _ found: inout [Int]) {
    func take(_ run: Run) { found += run.range.map { Int(leaves[$0].operation) } }
    take(nodes[index].remainder)
    var from = start
    while from < path.count, path[from] == 0x2f { from &+= 1 }
    if from == path.count { return take(nodes[index].operations) }
    let (next, end) = literal(below: index, path, from)
    if let next { collect(node: next, path, end, &found) }
    var captured = Captured(isWanted: false)
    for i in nodes[index].parameters.range where capture(parameters[i], path, from, end, &captured) {
      collect(node: Int(parameters[i].node), path, end, &found)
    }
  }
}
