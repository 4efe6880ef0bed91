/// A Liquid template in DotLiquid's flavour, read once and rendered any number of times.
public struct LiquidTemplate: Sendable {
  let nodes: [LiquidNode]

  /// LiquidError, with the line, for a text that is no template, or that names a tag or a filter there is none of.
  public init(_ text: String) throws {
    var parser = try LiquidParser(text)
    nodes = try parser.template()
  }

  /// The text of the template with these variables.
  ///
  /// - Parameter variable: the value of a name that no tag has assigned.
  /// LiquidError when it takes more than the limits allow, or when a filter fails.
  public func render(_ variable: @escaping (String) throws -> LiquidValue?) throws -> String {
    let scope = LiquidScope(variable)
    _ = try LiquidNode.render(nodes, scope)
    return scope.output
  }
}

/// A piece of a template.
indirect enum LiquidNode: Sendable {
  case text(String)
  case output(LiquidOutput)
  case assign(String, LiquidOutput)
  case capture(String, [LiquidNode])
  case branches([(condition: LiquidCondition?, body: [LiquidNode])])
  case choice(LiquidOperand, [(values: [LiquidOperand], body: [LiquidNode])], otherwise: [LiquidNode])
  case loop(LiquidLoop)
  case cycle(group: LiquidOperand?, values: [LiquidOperand])
  case count(String, by: Int64)
  case ifChanged([LiquidNode], place: Int)
  case breakLoop
  case continueLoop

  enum Flow { case next, broken, continued }

  static func render(_ nodes: [LiquidNode], _ scope: LiquidScope) throws -> Flow {
    for node in nodes {
      try scope.count()
      let flow = try node.render(scope)
      if flow != .next { return flow }
    }
    return .next
  }

  private func render(_ scope: LiquidScope) throws -> Flow {
    switch self {
    case .text(let text): try scope.write(text)
    case .output(let output): try scope.write(try output.value(scope).text())
    case .assign(let name, let output): scope.variables[name] = try output.value(scope)
    case .capture(let name, let body):
      let (text, flow) = try scope.captured(body)
      scope.variables[name] = .text(text)
      return flow
    case .branches(let branches):
      for branch in branches where try branch.condition?.holds(scope) ?? true {
        return try Self.render(branch.body, scope)
      }
    case .choice(let operand, let cases, let otherwise):
      let value = try operand.value(scope)
      for item in cases where try item.values.contains(where: { try $0.value(scope).isEqual(to: value) }) {
        return try Self.render(item.body, scope)
      }
      return try Self.render(otherwise, scope)
    case .loop(let loop): try loop.render(scope)
    case .cycle(let group, let values):
      // Without a name, the same values are the same cycle.
      let key = try group?.value(scope).text() ?? "#\(values)"
      let index = scope.cycles[key, default: 0]
      scope.cycles[key] = (index + 1) % values.count
      try scope.write(try values[min(index, values.count - 1)].value(scope).text())
    case .count(let name, let step):
      let value = scope.counters[name, default: 0]
      // `increment` shows the number before, `decrement` the number after.
      let next = value &+ step
      scope.counters[name] = next
      try scope.write("\(step > 0 ? value : next)")
    case .ifChanged(let body, let place):
      let (text, flow) = try scope.captured(body)
      if scope.lastTexts[place] != text {
        scope.lastTexts[place] = text
        try scope.write(text)
      }
      return flow
    case .breakLoop: return .broken
    case .continueLoop: return .continued
    }
    return .next
  }
}

/// `for`, `tablerow` and `JSONArrayFor`.
struct LiquidLoop: Sendable {
  enum Form: Sendable {
    case plain
    /// Rows of a table with so many columns.
    case table(columns: LiquidOperand?)
    /// Elements with commas between them.
    case jsonArray
  }

  var form: Form
  var variable: String
  var source: LiquidOperand
  var limit: LiquidOperand?
  var offset: LiquidOperand?
  var isReversed: Bool
  var body: [LiquidNode]
  var otherwise: [LiquidNode]

  func render(_ scope: LiquidScope) throws {
    var elements = try source.value(scope).elements()
    try scope.count(elements.count)
    if let offset = try offset?.value(scope).whole {
      elements = Array(elements.dropFirst(Int(clamping: max(offset, 0))))
    }
    if let limit = try limit?.value(scope).whole { elements = Array(elements.prefix(Int(clamping: max(limit, 0)))) }
    if isReversed { elements.reverse() }
    if elements.isEmpty {
      _ = try LiquidNode.render(otherwise, scope)
      return
    }
    let name = if case .table = form { "tablerowloop" } else { "forloop" }
    let saved = (scope.variables[variable], scope.variables[name])
    try scope.enter()
    defer {
      scope.leave()
      scope.variables[variable] = saved.0
      scope.variables[name] = saved.1
    }
    var columns = elements.count
    if case .table(let operand) = form, let wanted = try operand?.value(scope).whole, wanted > 0 {
      columns = Int(clamping: wanted)
    }
    if case .table = form { try scope.write("<tr class=\"row1\">\n") }
    for (index, element) in elements.enumerated() {
      scope.variables[variable] = element
      scope.variables[name] = .object(LiquidLoopState(index: index, count: elements.count, columns: columns, variable))
      if try renderElement(index, elements.count, columns, scope) == .broken { break }
    }
    if case .table = form { try scope.write("</tr>\n") }
  }

  private func renderElement(
    _ index: Int, _ count: Int, _ columns: Int, _ scope: LiquidScope
  ) throws -> LiquidNode.Flow {
    switch form {
    case .plain: return try LiquidNode.render(body, scope)
    case .jsonArray:
      if index > 0 { try scope.write(",") }
      return try LiquidNode.render(body, scope)
    case .table:
      let column = index % columns + 1
      try scope.write("<td class=\"col\(column)\">")
      let flow = try LiquidNode.render(body, scope)
      try scope.write("</td>")
      if column == columns, index < count - 1 {
        try scope.write("</tr>\n<tr class=\"row\((index + 1) / columns + 1)\">")
      }
      return flow
    }
  }
}

/// `forloop` and `tablerowloop`: where a loop is.
final class LiquidLoopState: LiquidObject {
  private let index: Int
  private let count: Int
  private let columns: Int
  private let name: String

  init(index: Int, count: Int, columns: Int, _ name: String) {
    self.index = index
    self.count = count
    self.columns = columns
    self.name = name
  }

  func member(_ name: String) -> LiquidValue? {
    switch name {
    case "index": .integer(Int64(index + 1))
    case "index0": .integer(Int64(index))
    case "rindex": .integer(Int64(count - index))
    case "rindex0": .integer(Int64(count - index - 1))
    case "first": .bool(index == 0)
    case "last": .bool(index == count - 1)
    case "length": .integer(Int64(count))
    case "name": .text(self.name)
    case "col": .integer(Int64(index % columns + 1))
    case "col0": .integer(Int64(index % columns))
    case "col_first": .bool(index % columns == 0)
    case "col_last": .bool(index % columns == columns - 1 || index == count - 1)
    case "row": .integer(Int64(index / columns + 1))
    default: nil
    }
  }

  func elements() -> [LiquidValue] { [] }
  func text() -> String { "" }
}

/// The variables, the text so far and what is left of the limits of one rendering.
final class LiquidScope {
  private let outer: (String) throws -> LiquidValue?
  var variables: [String: LiquidValue] = [:]
  var counters: [String: Int64] = [:]
  var cycles: [String: Int] = [:]
  var lastTexts: [Int: String] = [:]
  private(set) var output = ""
  private var steps = 1_000_000
  private var written = 0
  private var depth = 0

  /// Bytes that a rendering may write, captures included.
  private static let sizeLimit = 16 * 1024 * 1024
  private static let depthLimit = 100

  init(_ outer: @escaping (String) throws -> LiquidValue?) { self.outer = outer }

  func count(_ work: Int = 1) throws {
    steps -= work
    if steps < 0 { throw LiquidError("The template takes too many steps.") }
  }

  func enter() throws {
    depth += 1
    if depth > Self.depthLimit { throw LiquidError("The template's loops are nested too deeply.") }
  }

  func leave() { depth -= 1 }

  func write(_ text: String) throws {
    written += text.utf8.count
    if written > Self.sizeLimit { throw LiquidError("The template's text exceeds \(Self.sizeLimit) bytes.") }
    output += text
  }

  func variable(_ name: String) throws -> LiquidValue {
    if let value = variables[name] { return value }
    if let counter = counters[name] { return .integer(counter) }
    return try outer(name) ?? .null
  }

  /// What a part of the template writes, kept from the output.
  func captured(_ nodes: [LiquidNode]) throws -> (String, LiquidNode.Flow) {
    let saved = output
    output = ""
    defer { output = saved }
    let flow = try LiquidNode.render(nodes, self)
    return (output, flow)
  }
}
