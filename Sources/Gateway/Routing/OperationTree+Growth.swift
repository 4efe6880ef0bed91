import HTTPWire

extension OperationTree {
  /// One segment of a template.
  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    /// `before{name}behind`, or `before{name}between{name}behind` with any number of them.
    case parameters(names: [String], around: FixedParts)
    /// `*`, or `{*name}`: any remainder, also an empty one.
    case remainder(name: String)
  }

  /// What of a segment with parameters is no parameter, in lower case and mostly empty.
  struct FixedParts: Sendable, Equatable {
    var before: [UInt8]
    var between: [[UInt8]] = []
    var behind: [UInt8] = []

    var count: Int { between.reduce(before.count + behind.count) { $0 + $1.count } }
    var isEmpty: Bool { before.isEmpty && between.isEmpty && behind.isEmpty }
  }

  /// The segments of a template below the API's path.
  static func segments(_ template: String) -> [Segment] {
    let path = template.prefix { $0 != "?" }
    return path.split(separator: "/", omittingEmptySubsequences: true).map { part in
      if part == "*" { return .remainder(name: "*") }
      var names: [String] = []
      var fixed: [[UInt8]] = []
      var rest = part
      while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
        let name = rest[rest.index(after: open)..<close]
        if names.isEmpty, name.hasPrefix("*") { return .remainder(name: String(name.dropFirst())) }
        names.append(String(name))
        fixed.append(rest[..<open].utf8.map(PathHash.lower))
        rest = rest[rest.index(after: close)...]
      }
      let behind = rest.utf8.map(PathHash.lower)
      guard let before = fixed.first else { return .literal(behind) }
      return .parameters(
        names: names, around: FixedParts(before: before, between: Array(fixed.dropFirst()), behind: behind))
    }
  }

  /// The tree while operations are added.
  struct Growth {
    struct GrownLeaf {
      var leaf: Leaf
      /// Only of a method without a case.
      var method: [UInt8]
      var names: [String]
      var query: [QueryTerm]
    }

    /// What the tree consists of.
    struct Flattened {
      var nodes: [Node] = []
      var texts: [UInt8] = []
      var parameters: [Parameter] = []
      var betweens: [Run] = []
      var leaves: [GrownLeaf] = []
      var literals = HashIndex()
    }

    private struct GrownNode {
      var parent: Int
      var text: [UInt8]
      var literals: [[UInt8]: Int] = [:]
      var parameters: [(around: FixedParts, node: Int)] = []
      var operations: [GrownLeaf] = []
      var remainder: [GrownLeaf] = []
    }

    private var nodes = [GrownNode(parent: 0, text: [])]

    /// Adds an operation; of two with one method and template the first stays.
    mutating func insert(method: String, template: String, operation: Int) {
      var node = 0
      let kind = Method(method)
      let query = QueryTerm.all(of: template)
      var new = GrownLeaf(
        leaf: Leaf(method: kind, isAny: method == "*", hasQuery: !query.isEmpty, operation: UInt32(operation)),
        method: kind == .other ? Array(method.utf8) : [], names: [], query: query)
      for segment in OperationTree.segments(template) {
        switch segment {
        case .literal(let text): node = nodes[node].literals[text] ?? addLiteral(text, below: node)
        case .parameters(let names, let around):
          new.names += names
          let known = nodes[node].parameters.first { $0.around == around }?.node
          node = known ?? addParameter(around, below: node)
        case .remainder(let name):
          new.names.append(name)
          return Self.add(new, to: &nodes[node].remainder)
        }
      }
      Self.add(new, to: &nodes[node].operations)
    }

    private static func add(_ new: GrownLeaf, to leaves: inout [GrownLeaf]) {
      let isKnown = leaves.contains {
        $0.leaf.method == new.leaf.method && $0.leaf.isAny == new.leaf.isAny && $0.method == new.method
          && $0.query == new.query
      }
      if isKnown { return }
      // Those that ask for most are looked at first.
      leaves.insert(new, at: leaves.firstIndex { $0.query.count < new.query.count } ?? leaves.count)
    }

    private mutating func addLiteral(_ text: [UInt8], below node: Int) -> Int {
      nodes.append(GrownNode(parent: node, text: text))
      nodes[node].literals[text] = nodes.count - 1
      return nodes.count - 1
    }

    private mutating func addParameter(_ around: FixedParts, below node: Int) -> Int {
      nodes.append(GrownNode(parent: node, text: []))
      let at = nodes[node].parameters.firstIndex { $0.around.count < around.count }
      nodes[node].parameters.insert((around, nodes.count - 1), at: at ?? nodes[node].parameters.count)
      return nodes.count - 1
    }

    /// The same in arrays of plain numbers.
    func flattened() -> Flattened {
      var flat = Flattened()
      func run(_ first: Int, _ end: Int) -> Run { Run(first: UInt32(first), count: UInt32(end - first)) }
      func text(_ bytes: [UInt8]) -> Run {
        flat.texts += bytes
        return run(flat.texts.count - bytes.count, flat.texts.count)
      }
      func leaves(_ added: [GrownLeaf]) -> Run {
        flat.leaves += added
        return run(flat.leaves.count - added.count, flat.leaves.count)
      }
      for (index, node) in nodes.enumerated() {
        for parameter in node.parameters {
          let around = parameter.around
          let between = around.between.map { text($0) }
          flat.betweens += between
          flat.parameters.append(
            Parameter(
              before: text(around.before), behind: text(around.behind),
              between: run(flat.betweens.count - between.count, flat.betweens.count),
              node: UInt32(parameter.node)))
        }
        var new = Node(text: text(node.text), parent: UInt32(node.parent))
        for (place, byte) in node.text.enumerated() { new.head.put(byte, at: place) }
        new.parameters = run(flat.parameters.count - node.parameters.count, flat.parameters.count)
        if node.parameters.count == 1, let only = node.parameters.first, only.around.isEmpty {
          new.plain = UInt32(only.node)
        }
        if let first = node.operations.first { new.first = first.leaf }
        new.operations = leaves(node.operations)
        new.remainder = leaves(node.remainder)
        flat.nodes.append(new)
        guard !node.text.isEmpty else { continue }
        var hash = OperationTree.hash(below: node.parent)
        for byte in node.text { hash.add(byte) }
        flat.literals.insert(hash.value, index)
      }
      return flat
    }
  }
}
