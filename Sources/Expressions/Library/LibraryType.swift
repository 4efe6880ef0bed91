/// A .NET type offered to expressions, declared in C# syntax, with Swift closures as bodies.
///
///     LibraryType("class System.Text.StringBuilder") { type in
///       type.member("StringBuilder()") { _ in .object(StringBuilderObject()) }
///       type.member("StringBuilder Append(string value)") { call in
///         try call.receiver(StringBuilderObject.self).text += call.stringOrNull(0) ?? ""
///         return call.this
///       }
///       type.property("int Length { get; set; }", get: { … }, set: { … })      // set: the value is call[0]
///     }
///     LibraryType("static class System.Linq.Enumerable") { type in
///       type.member("static TSource First<TSource>(this IEnumerable<TSource> source)") { call in … }
///     }
///     LibraryType(enumeration: "System.UriPartial", [("Scheme", 0), ("Authority", 1), ("Path", 2), ("Query", 3)])
///
/// Rules:
/// * The header names kind, full name, type parameters and bases: `class A.B.C<T> : Base<T>, IOne, ITwo`. Kinds: `class`,
///   `static class`, `abstract class`, `struct`, `interface`, `delegate R A.Name<in T, out R>(T arg)`. Types are found by
///   their short name in signatures (`IEnumerable<T>`, `string`, `int?`, `T[]`, `(T1, T2)`).
/// * Methods: `[static] R Name<T>(params…)`; properties: `[static] R Name { get; }`; constructors: `Name(params…)`;
///   indexers: `R this[int index] { get; }`; operators: `static R operator +(A a, B b)`; conversions:
///   `static implicit operator R(A a)`. Parameters: `[this|out|ref|params] Type name [= constant]`.
/// * A body gets a `Call`: `call.this` the receiver (already checked not to be null for instance members of classes),
///   `call[i]` argument i (for static and extension methods the first parameter is 0; `params` arrives as one array),
///   `call.types` the type arguments of a generic method, or of the declaring type for constructors and static members.
///   `call.set(i, value)` gives an `out` or `ref` argument its value.
/// * Failures are `throw DotNetException(...)`/`Thrown(…)`; see `Thrown.swift`. `call.string(0)` and its relatives throw
///   ArgumentNullException naming the parameter.
/// * `listed: false` marks what is not on the documented allow-list: refused under `strictAllowList`.
/// * Work in proportion to a size is charged with `call.machine.charge(steps:)`, memory with `allocate(bytes:)`.
/// * Objects conform to `RuntimeObject`; types of `DotNet` get an extension here that conforms them.
///
/// Members are read when first used, so registration costs nothing at start-up.
final class LibraryType: Sendable {
  let header: SignatureHeader
  let isListed: Bool
  /// Whether the type has extension methods.
  let hasExtensions: Bool
  let enumerators: [(name: String, value: Int64)]
  let isFlags: Bool
  private let register: @Sendable (inout LibraryRegistration) -> Void

  init(
    _ header: String, listed: Bool = true, extensions: Bool = false,
    _ register: @escaping @Sendable (inout LibraryRegistration) -> Void = { _ in }
  ) {
    self.header = SignatureHeader(header)
    isListed = listed
    hasExtensions = extensions
    enumerators = []
    isFlags = false
    self.register = register
  }

  init(
    enumeration name: String, listed: Bool = true, flags: Bool = false, _ enumerators: [(name: String, value: Int64)]
  ) {
    header = SignatureHeader("enum " + name)
    isListed = listed
    hasExtensions = false
    self.enumerators = enumerators
    isFlags = flags
    register = { _ in }
  }

  func makeDefinition() -> TypeDefinition {
    TypeDefinition(
      fullName: header.fullName, kind: header.kind,
      typeParameters: header.typeParameters.map { .typeParameter($0.name) },
      variances: header.typeParameters.map { $0.variance }, isListed: isListed, isAbstract: header.isAbstract,
      enumerators: enumerators, isFlags: isFlags, source: self)
  }

  func bases(of definition: TypeDefinition) -> [TypeSymbol] {
    header.bases.map { SignatureReader.type($0, in: definition.typeParameters) }
  }

  func delegateSignature(of definition: TypeDefinition) -> DelegateSignature? {
    guard header.kind == .delegate else { return nil }
    var reader = SignatureReader(header.delegateTail, scope: definition.typeParameters)
    let parameters = reader.parameters(close: ")")
    return DelegateSignature(
      parameters: parameters.list, result: SignatureReader.type(header.delegateResult, in: definition.typeParameters))
  }

  func makeMembers(of definition: TypeDefinition) -> MemberTable {
    var registration = LibraryRegistration(definition: definition)
    register(&registration)
    return registration.table
  }
}

/// Collects the members of one library type.
struct LibraryRegistration {
  let definition: TypeDefinition
  let table = MemberTable()

  init(definition: TypeDefinition) { self.definition = definition }

  /// A method, constructor, read-only property or indexer, operator or conversion.
  mutating func member(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping LibraryBody
  ) {
    add(signature, listed: listed, usage: usage, body: body, setter: nil)
  }

  /// A member whose body is made for each place that uses it, from its type arguments and the arguments that are
  /// constants. For members that run often and have something to do once.
  mutating func prepared(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ make: @escaping @Sendable (MemberUse) -> DirectBody
  ) {
    let parsed = SignatureReader.member(signature, of: definition)
    let receivers = parsed.isStatic || parsed.kind == .constructor ? 0 : 1
    table.add(
      Member(
        kind: parsed.kind, name: parsed.name, isStatic: parsed.isStatic, isExtension: parsed.isExtension,
        isListed: listed, typeParameters: parsed.typeParameters, parameters: parsed.parameters, result: parsed.result,
        declaringType: definition,
        body: { call in try make(MemberUse(types: call.types)).called(receivers: receivers)(&call) }, setter: nil,
        prepared: make, usage: usage))
  }

  /// A member whose body takes its operands directly, the receiver first. For members that run often.
  mutating func direct(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine) throws -> Value
  ) {
    add(signature, listed: listed, usage: usage, direct: .none(body))
  }

  mutating func direct(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value) throws -> Value
  ) {
    add(signature, listed: listed, usage: usage, direct: .one(body))
  }

  mutating func direct(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value, Value) throws -> Value
  ) {
    add(signature, listed: listed, usage: usage, direct: .two(body))
  }

  mutating func direct(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value, Value, Value) throws -> Value
  ) {
    add(signature, listed: listed, usage: usage, direct: .three(body))
  }

  /// The same for members that give a `bool`.
  mutating func test(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value) throws -> Bool
  ) {
    add(signature, listed: listed, usage: usage, direct: .testOne(body))
  }

  mutating func test(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value, Value) throws -> Bool
  ) {
    add(signature, listed: listed, usage: usage, direct: .testTwo(body))
  }

  mutating func test(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value, Value, Value) throws -> Bool
  ) {
    add(signature, listed: listed, usage: usage, direct: .testThree(body))
  }

  /// The same for properties that give an `int`.
  mutating func number(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [],
    _ body: @escaping @Sendable (Machine, Value) throws -> Int
  ) {
    add(signature, listed: listed, usage: usage, direct: .numberOne(body))
  }

  /// A static property, or a property of a part of the context, that always has this value.
  ///
  /// - Parameter part: the part that has to be there, or the value is null.
  mutating func fixed(
    _ signature: String, part: ContextPart? = nil, usage: ExpressionUsage = [],
    _ make: @escaping @Sendable () -> Value
  ) {
    let parsed = SignatureReader.member(signature, of: definition)
    table.add(
      Member(
        kind: parsed.kind, name: parsed.name, isStatic: parsed.isStatic, isExtension: false, isListed: true,
        typeParameters: [], parameters: [], result: parsed.result, declaringType: definition,
        body: { call in part.map { call.machine.context.isPresent($0) } ?? true ? make() : .null }, setter: nil,
        fixed: make(), part: part, usage: usage))
  }

  /// A property that is a text of the context; null where the context has none.
  mutating func contextText(_ name: String, _ text: ContextText) {
    let body = DirectBody.one { machine, _ in machine.context.text(text).map { .string($0) } ?? .null }
    add(
      "string \(name) { get; }", listed: true, usage: [], body: body.called(receivers: 1), setter: nil, direct: body,
      contextText: text)
  }

  private mutating func add(_ signature: String, listed: Bool, usage: ExpressionUsage, direct: DirectBody) {
    let hasReceiver = !signature.hasPrefix("static ") && !signature.hasPrefix(definition.name + "(")
    add(
      signature, listed: listed, usage: usage, body: direct.called(receivers: hasReceiver ? 1 : 0), setter: nil,
      direct: direct)
  }

  /// A property or indexer that can be assigned. The setter finds the new value after the indexer's arguments.
  mutating func property(
    _ signature: String, listed: Bool = true, usage: ExpressionUsage = [], get: @escaping LibraryBody,
    set: @escaping LibraryBody
  ) {
    add(signature, listed: listed, usage: usage, body: get, setter: set)
  }

  /// An indexer with a reading body that takes receiver and index directly.
  mutating func property(
    _ signature: String, direct get: @escaping @Sendable (Machine, Value, Value) throws -> Value,
    set: @escaping LibraryBody
  ) {
    let direct = DirectBody.two(get)
    add(signature, listed: true, usage: [], body: direct.called(receivers: 1), setter: set, direct: direct)
  }

  /// A compile-time constant: `constant("int MaxValue", .int32(.max))`.
  mutating func constant(_ signature: String, _ value: Value, listed: Bool = true) {
    var reader = SignatureReader(signature, scope: definition.typeParameters)
    let type = reader.type()
    let name = reader.identifier()
    table.add(
      Member(
        kind: .constant, name: name, isStatic: true, isExtension: false, isListed: listed, typeParameters: [],
        parameters: [], result: type, constant: value, declaringType: definition, body: nil, setter: nil, usage: []))
  }

  private mutating func add(
    _ signature: String, listed: Bool, usage: ExpressionUsage, body: LibraryBody?, setter: LibraryBody?,
    direct: DirectBody? = nil, contextText: ContextText? = nil
  ) {
    let parsed = SignatureReader.member(signature, of: definition)
    table.add(
      Member(
        kind: parsed.kind, name: parsed.name, isStatic: parsed.isStatic, isExtension: parsed.isExtension,
        isListed: listed, typeParameters: parsed.typeParameters, parameters: parsed.parameters, result: parsed.result,
        declaringType: definition, body: body, setter: setter, direct: direct,
        contextText: contextText, usage: usage))
  }
}
