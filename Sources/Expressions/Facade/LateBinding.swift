public import DotNet

/// Reads values by the names of their members, as templates do that know no types.
public final class LateBinding {
  private let machine: Machine

  /// What a value is, seen from outside of the language.
  public enum Shape {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case date(DateTimeValue)
    case array([Value])
    case object
  }

  public init(_ context: any ContextModel, limits: EvaluationLimits = EvaluationLimits()) {
    machine = Machine()
    machine.begin(context, limits, slots: 0, calls: false)
  }

  deinit { machine.end() }

  /// The variable `context`.
  public var context: Value { ContextPartObject.contextValue }

  /// A document of JSON; nil for a text that is none.
  ///
  /// - Parameter readsDates: whether texts in the ISO form are dates.
  public func json(_ bytes: [UInt8], readsDates: Bool) throws(EvaluationError) -> Value? {
    try guarded {
      do {
        return .object(try JsonReader.parse(bytes, machine, readsDates: readsDates))
      } catch is Thrown {
        return nil
      }
    }
  }

  public func shape(_ value: Value) throws(EvaluationError) -> Shape {
    try guarded { try shaped(value) }
  }

  private func shaped(_ value: Value) throws -> Shape {
    switch value {
    case .null: return .null
    case .bool(let flag): return .bool(flag)
    case .string(let text): return .text(text)
    case .char, .enumeration: return .text(try Operation.text(value, machine))
    case .float, .double, .decimal: return .real(Operation.real(value))
    case .uint64(let number): return Int64(exactly: number).map { .integer($0) } ?? .real(Double(number))
    case .cell(let cell): return try shaped(cell.value)
    case .object(let object): return try shaped(object, value)
    default: return .integer(Operation.integer(value) ?? 0)
    }
  }

  private func shaped(_ object: any RuntimeObject, _ value: Value) throws -> Shape {
    switch object {
    case let token as JsonToken:
      if !token.isContainer { return try shaped(try token.scalar()) }
      if let content = token.propertyValue { return try shaped(.object(content)) }
      return token.isObject ? .object : .array(token.children.map { .object($0) })
    case let date as DateTimeObject: return .date(date.value)
    case is GuidObject, is TimeSpanObject, is UriObject, is DateTimeOffsetObject, is BigIntegerObject:
      return .text(try object.text(machine))
    case is DictionaryObject, is ContextDictionary: return .object
    default: return try object.makeIterator() == nil ? .object : .array(try value.elements(machine))
    }
  }

  /// A member of an object; nil when it has none of that name.
  public func member(_ name: String, of value: Value) throws(EvaluationError) -> Value? {
    try guarded {
      guard case .object(let object) = value else { return nil }
      switch object {
      case let token as JsonToken: return (token.propertyValue ?? token).member(name).map { .object($0) }
      case let dictionary as DictionaryObject: return try dictionary.find(.string(name))
      case let dictionary as ContextDictionary: return dictionary.find(name, machine.context)
      case let tuple as TupleObject:
        let type = tuple.runtimeType
        let names = type.definition === TypeDefinition.keyValuePair ? ["Key", "Value"] : type.definition.fieldNames
        return names.firstIndex(of: name).map { tuple.values[$0] }
      default: return try property(name, of: value, object.runtimeType)
      }
    }
  }

  private func property(_ name: String, of value: Value, _ type: TypeSymbol) throws -> Value? {
    var owners = [type] + type.allInterfaces
    var base = type.baseType
    while let current = base {
      owners.append(current)
      base = current.baseType
    }
    for owner in owners {
      guard let member = owner.definition.members.named[name]?.first(where: { $0.kind == .property && !$0.isStatic }),
        let body = member.body
      else { continue }
      try machine.charge()
      var call = Call(machine, member, types: owner.arguments, this: value)
      return try body(&call)
    }
    return nil
  }

  /// What enumerating a value gives: pairs of a dictionary, properties of an object of JSON.
  public func elements(of value: Value) throws(EvaluationError) -> [Value] {
    try guarded {
      guard case .object(let object) = value, try object.makeIterator() != nil else { return [] }
      if let token = object as? JsonToken, token.isObject {
        var result: [Value] = []
        let pairs = JsonChildren(token, isPairs: true)
        while let pair = try pairs.next(machine) { result.append(pair) }
        return result
      }
      return try value.elements(machine)
    }
  }

  /// `ToString()`.
  public func text(of value: Value) throws(EvaluationError) -> String {
    try guarded { try Operation.text(value, machine) }
  }

  private func guarded<Result>(_ body: () throws -> Result) throws(EvaluationError) -> Result {
    do {
      return try body()
    } catch let thrown as Thrown {
      throw EvaluationError(
        exceptionType: thrown.exception.typeName, message: thrown.exception.message, position: .start)
    } catch let exceeded as LimitExceeded {
      throw EvaluationError(
        exceptionType: EvaluationError.limitExceeded, message: exceeded.message, position: .start)
    } catch let exception as DotNetException {
      throw EvaluationError(exceptionType: exception.type, message: exception.message, position: .start)
    } catch {
      throw EvaluationError(exceptionType: "System.Exception", message: "\(error)", position: .start)
    }
  }
}
