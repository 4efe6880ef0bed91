import DotNet
import Expressions
import Liquid

/// The variables of a Liquid template: `body`, what the message it is for holds, and `context`.
struct LiquidBinding {
  /// A body that templates can look into.
  enum Body {
    case json([UInt8])
    case xml([UInt8])
  }

  /// What a template reads out of its body.
  struct Options: Sendable {
    /// Texts of JSON in the ISO form are dates.
    var parsesDates = true
    /// What elements with `xsi:nil="true"` stand for.
    var standsForNil = LiquidElement.Nil.blank
  }

  private let binding: LateBinding
  private var json: Value?
  private var xml: LiquidElement?

  /// - Parameter body: nil binds nothing.
  init(_ exchange: Exchange, body: Body?, _ options: Options) throws {
    binding = LateBinding(exchange)
    switch body {
    case .json(let bytes): json = try binding.json(bytes, readsDates: options.parsesDates)
    case .xml(let bytes):
      var text = String(decoding: bytes, as: UTF8.self)
      if text.unicodeScalars.first == "\u{feff}" { text.unicodeScalars.removeFirst() }
      xml = LiquidElement(try XmlParser.document(text), standsForNil: options.standsForNil)
    case nil: break
    }
  }

  func variable(_ name: String) throws -> LiquidValue? {
    switch name {
    case "body": try xml.map { .object($0) } ?? json.map { try Self.value($0, binding) }
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
