/// What a parameter of a statement is given, as JSON has it.
public enum TDSInput: Sendable, Equatable {
  case null
  case flag(Bool)
  /// A number as JSON writes it.
  case number(String)
  case text(String)
}

/// Why a value cannot be a parameter; the message does not show it.
public struct TDSParameterError: Error, Sendable, Equatable {
  public var message: String
}

/// A parameter of a statement, ready to be sent.
public struct TDSParameter: Sendable, Equatable {
  /// With `@`.
  public let name: String
  /// Its type as Transact-SQL declares it: `nvarchar(4000)`.
  public let declaration: String
  /// What it was given.
  public let input: TDSInput
  private let content: Content

  enum Content: Sendable, Equatable {
    /// Type and value.
    case bytes([UInt8])
    /// UTF-16, which the server turns into what was declared.
    case text(String?)
  }

  /// Parameters of one statement at most; the server knows 2,100, of which two are taken.
  public static let countBound = 2_098

  /// Whether a parameter can have the name: `@`, and letters, digits or `_ @ # $`.
  public static func isName(_ name: String) -> Bool {
    let units = name.unicodeScalars
    return units.first == "@" && (2...128).contains(name.utf16.count)
      && units.dropFirst().allSatisfy {
        $0.properties.isAlphabetic || $0.properties.numericType == .decimal || "_@#$".unicodeScalars.contains($0)
      }
  }

  /// - Parameter type: nil for the one that fits the value: `nvarchar`, `int`, `bigint`, `decimal`, `float` or `bit`.
  public init(_ name: String, _ input: TDSInput, as type: TDSParameterType?) throws(TDSParameterError) {
    self.name = name
    self.input = input
    do throws(TDSParameterError) {
      (declaration, content) = try Self.make(input, type ?? Self.fitting(input))
    } catch {
      throw TDSParameterError(message: "The value of the parameter '\(name)' \(error.message).")
    }
  }

  private static func fitting(_ input: TDSInput) -> TDSParameterType {
    switch input {
    case .null, .text: return .text
    case .flag: return .flag
    case .number(let text):
      guard let integer = Int64(text) else { return .float }
      return Int32(exactly: integer) == nil ? .largeInteger : .integer
    }
  }

  // MARK: - On the wire

  /// Name, type and value as they stand in a call.
  func bytes(_ collation: TDSCollation) -> [UInt8] {
    Self.bytes(name) + value(collation)
  }

  /// The name of a parameter, which is no output.
  static func bytes(_ name: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(shortText: name)
    return bytes + [0]
  }

  private func value(_ collation: TDSCollation) -> [UInt8] {
    switch content {
    case .bytes(let bytes): bytes
    case .text(let text): Self.text(text, collation)
    }
  }

  /// `nvarchar(4000)` with its value, or `nvarchar(max)` where that is longer.
  static func text(_ text: String?, _ collation: TDSCollation) -> [UInt8] {
    var bytes: [UInt8] = [TDSColumnType.Code.nvarchar]
    let count = text?.utf16.count ?? 0
    bytes.append(count > 4_000 ? 0xffff : 8_000, bytes: 2)
    bytes += collation.bytes
    guard let text else { return bytes + [0xff, 0xff] }
    if count > 4_000 {
      bytes.append(count * 2, bytes: 8)
      bytes.append(count * 2, bytes: 4)
      bytes.append(utf16: text)
      return bytes + [0, 0, 0, 0]
    }
    bytes.append(count * 2, bytes: 2)
    bytes.append(utf16: text)
    return bytes
  }
}
