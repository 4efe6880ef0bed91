public import DotNet

/// A value in a Liquid template.
public enum LiquidValue {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case date(DateTimeValue)
  case array([LiquidValue])
  case object(any LiquidObject)
}

/// What has members by name: an object of JSON, a part of `context`.
public protocol LiquidObject: AnyObject {
  /// nil when there is no such member.
  func member(_ name: String) throws -> LiquidValue?
  /// What a loop over the object gives.
  func elements() throws -> [LiquidValue]
  /// What `{{ … }}` shows of it.
  func text() throws -> String
}

extension LiquidValue {
  /// Nothing and `false` do not hold; everything else does.
  var holds: Bool {
    switch self {
    case .null, .bool(false): false
    default: true
    }
  }

  var isNull: Bool { if case .null = self { true } else { false } }

  /// Neither blank text nor an empty array.
  var isEmpty: Bool {
    switch self {
    case .null: true
    case .text(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    default: false
    }
  }

  func text() throws -> String {
    switch self {
    case .null: return ""
    case .bool(let flag): return flag ? "true" : "false"
    case .integer(let number): return "\(number)"
    case .real(let number): return NumberText.shortest(number)
    case .text(let text): return text
    case .date(let date): return try date.format(nil)
    case .array(let elements): return try elements.map { try $0.text() }.joined()
    case .object(let object): return try object.text()
    }
  }

  /// A number, also one written as text; nil for what is none.
  var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number
    case .text(let text): Double(text)
    default: nil
    }
  }

  /// A whole number, also one written as text.
  var whole: Int64? {
    switch self {
    case .integer(let number): number
    case .text(let text): Int64(text)
    case .real(let number): Int64(exactly: number.rounded(.towardZero))
    default: nil
    }
  }

  func elements() throws -> [LiquidValue] {
    switch self {
    case .array(let elements): elements
    case .object(let object): try object.elements()
    default: []
    }
  }

  /// Less than, equal to or more than zero; nil when the values have no order.
  func order(_ other: LiquidValue) -> Int? {
    switch (self, other) {
    case (.text(let a), .text(let b)): return a == b ? 0 : a < b ? -1 : 1
    case (.date(let a), .date(let b)): return a == b ? 0 : a < b ? -1 : 1
    case (.integer(let a), .integer(let b)): return a == b ? 0 : a < b ? -1 : 1
    default:
      guard let a = number, let b = other.number else { return nil }
      return a == b ? 0 : a < b ? -1 : 1
    }
  }

  func isEqual(to other: LiquidValue) -> Bool {
    switch (self, other) {
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.text(let a), .text(let b)): return a == b
    case (.date(let a), .date(let b)): return a == b
    case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy { $0.isEqual(to: $1) }
    case (.object(let a), .object(let b)): return a === b
    case (.integer, .integer), (.real, .integer), (.integer, .real), (.real, .real): return order(other) == 0
    default: return false
    }
  }
}

/// A template that cannot be read, or that failed or took too much while it was carried out.
public struct LiquidError: Error, Sendable, Equatable {
  public let message: String
  /// Line of the template, from 1.
  public let line: Int

  init(_ message: String, line: Int = 0) {
    self.message = message
    self.line = line
  }
}
