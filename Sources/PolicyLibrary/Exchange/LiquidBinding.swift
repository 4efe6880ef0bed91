import Expressions
import Liquid

/// The variables of a Liquid template: `body`, the JSON of the message it is for, and `context`.
struct LiquidBinding {
  private let binding: LateBinding
  private let body: Value?

  /// - Parameters:
  ///   - content: the body when it is JSON; another or no body binds nothing.
  ///   - parsesDates: whether texts in the ISO form are dates.
  init(_ exchange: Exchange, body content: [UInt8]?, parsesDates: Bool) throws(EvaluationError) {
    binding = LateBinding(exchange)
    body = if let content { try binding.json(content, readsDates: parsesDates) } else { nil }
  }

  func variable(_ name: String) throws -> LiquidValue? {
    switch name {
    case "body": try body.map { try Self.value($0, binding) }
    case "context": .object(BoundObject(binding.context, binding))
    default: nil
    }
  }

  fileprivate static func value(_ value: Value, _ binding: LateBinding) throws -> LiquidValue {
    switch try binding.shape(value) {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .real(let number): .real(number)
    case .text(let text): .text(text)
    case .date(let date): .date(date)
    case .array(let elements): .array(try elements.map { try Self.value($0, binding) })
    case .object: .object(BoundObject(value, binding))
    }
  }
}

/// An object of an expression as a template sees it.
private final class BoundObject: LiquidObject {
  private let value: Value
  private let binding: LateBinding

  init(_ value: Value, _ binding: LateBinding) {
    self.value = value
    self.binding = binding
  }

  func member(_ name: String) throws -> LiquidValue? {
    try binding.member(name, of: value).map { try LiquidBinding.value($0, binding) }
  }

  func elements() throws -> [LiquidValue] {
    try binding.elements(of: value).map { try LiquidBinding.value($0, binding) }
  }

  func text() throws -> String { try binding.text(of: value) }
}
