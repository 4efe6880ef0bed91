import HTTPWire

extension OperationTree {
  /// One segment of a template.
  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    /// `before{name}behind`, both parts in lower case and mostly empty.
    case parameter(name: String, before: [UInt8], behind: [UInt8])
    /// `*`, or `{*name}`: any remainder, also an empty one.
    case remainder(name: String)
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

  /// The tree while operations are added.
  struct Growth {
    struct GrownLeaf {
      var leaf: Leaf
      /// Only of a method without a case.
      var method: [UInt8]
      var names: [String]
    }

    /// What the tree consists of.
    struct Flattened {
      var nodes: [Node] = []
      var texts: [UInt8] = []
      var parameters: [Parameter] = []
      var leaves: [GrownLeaf] = []
      var literals = HashIndex()
    }

    private struct GrownNode {
      var parent: Int
      var text: [UInt8]
      var literals: [[UInt8]: Int] = [:]
      var parameters: [(before: [UInt8], behind: [UInt8], node: Int)] = []
      var operations: [GrownLeaf] = []
      var remainder: [GrownLeaf] = []
    }

    private var nodes = [GrownNode(parent: 0, text: [])]

    /// Adds an operation; of two with one method and template the first stays.
    mutating func insert(method: String, template: String, operation: Int) {
      var node = 0
      let kind = Method(method)
      var new = GrownLeaf(
        leaf: Leaf(method: kind, isAny: method == "*", operation: UInt32(operation)),
        method: kind == .other ? Array(method.utf8) : [], names: [])
      for segment in OperationTree.segments(template) {
        switch segment {
        case .literal(let text): node = nodes[node].literals[text] ?? addLiteral(text, below: node)
        case .parameter(let name, let before, let behind):
          new.names.append(name)
          let known = nodes[node].parameters.first { $0.before == before && $0.behind == behind }?.node
          node = known ?? addParameter(before, behind, below: node)
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
      }
      if !isKnown { leaves.append(new) }
    }

    private mutating func addLiteral(_ text: [UInt8], below node: Int) -> Int {
      nodes.append(GrownNode(parent: node, text: text))
      nodes[node].literals[text] = nodes.count - 1
      return nodes.count - 1
    }

    private mutating func addParameter(_ before: [UInt8], _ behind: [UInt8], below node: Int) -> Int {
      nodes.append(GrownNode(parent: node, text: []))
      let fixed = before.count + behind.count
      let at = nodes[node].parameters.firstIndex { $0.before.count + $0.behind.count < fixed }
      nodes[node].parameters.insert((before, behind, nodes.count - 1), at: at ?? nodes[node].parameters.count)
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
          flat.parameters.append(
            Parameter(before: text(parameter.before), behind: text(parameter.behind), node: UInt32(parameter.node)))
        }
        var new = Node(text: text(node.text), parent: UInt32(node.parent))
        for (place, byte) in node.text.enumerated() { new.head.put(byte, at: place) }
        new.parameters = run(flat.parameters.count - node.parameters.count, flat.parameters.count)
        if node.parameters.count == 1, let only = node.parameters.first, only.before.isEmpty, only.behind.isEmpty {
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
