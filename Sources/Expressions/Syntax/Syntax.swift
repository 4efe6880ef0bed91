/// An expression as written. Offsets count Unicode scalars from the start of the source.
indirect enum ExpressionSyntax {
  case literal(Literal, Int)
  case interpolated([InterpolationSyntax], Int)
  case name(String, [TypeSyntax], Int)
  /// A keyword of a type before a dot: `string.IsNullOrEmpty`.
  case typeName(TypeSyntax, Int)
  case member(ExpressionSyntax, String, [TypeSyntax], Int)
  case call(ExpressionSyntax, [ArgumentSyntax], Int)
  case index(ExpressionSyntax, [ArgumentSyntax], Int)
  /// `receiver?.rest`; `rest` begins with `.placeholder`.
  case conditional(ExpressionSyntax, ExpressionSyntax, Int)
  case placeholder(Int)
  case unary(String, ExpressionSyntax, Int)
  /// `x++` and `x--`.
  case postfix(String, ExpressionSyntax, Int)
  case binary(String, ExpressionSyntax, ExpressionSyntax, Int)
  case choice(ExpressionSyntax, ExpressionSyntax, ExpressionSyntax, Int)
  case cast(TypeSyntax, ExpressionSyntax, Int)
  case asType(ExpressionSyntax, TypeSyntax, Int)
  case isPattern(ExpressionSyntax, PatternSyntax, Int)
  case creation(TypeSyntax, [ArgumentSyntax], InitializerSyntax?, Int)
  case array(ArraySyntax, Int)
  case anonymous([(name: String, value: ExpressionSyntax)], Int)
  case tuple([(name: String?, value: ExpressionSyntax)], Int)
  /// `=` or a compound form such as `+=`.
  case assignment(String, ExpressionSyntax, ExpressionSyntax, Int)
  case lambda(LambdaSyntax, Int)
  case throwing(ExpressionSyntax, Int)
  case defaultValue(TypeSyntax?, Int)
  case typeOf(TypeSyntax, Int)
  case nameOf(ExpressionSyntax, Int)
  case overflow(isChecked: Bool, ExpressionSyntax, Int)
  /// `var (a, b)` on the left of an assignment.
  case designation(DesignationSyntax, Int)
  /// Names that stand for values within an expression: the range variables of a query.
  case naming([(name: String, value: ExpressionSyntax)], ExpressionSyntax, Int)

  enum Literal {
    case null
    case bool(Bool)
    case integer(UInt64, suffix: String)
    case real(String, suffix: String)
    case string(String)
    case character(UInt16)
  }

  var offset: Int {
    switch self {
    case .literal(_, let at), .interpolated(_, let at), .name(_, _, let at), .typeName(_, let at),
      .member(_, _, _, let at), .call(_, _, let at), .index(_, _, let at), .conditional(_, _, let at),
      .placeholder(let at), .unary(_, _, let at), .postfix(_, _, let at), .binary(_, _, _, let at),
      .choice(_, _, _, let at), .cast(_, _, let at), .asType(_, _, let at), .isPattern(_, _, let at),
      .creation(_, _, _, let at), .array(_, let at), .anonymous(_, let at), .tuple(_, let at),
      .assignment(_, _, _, let at), .lambda(_, let at), .throwing(_, let at), .defaultValue(_, let at),
      .typeOf(_, let at), .nameOf(_, let at), .overflow(_, _, let at), .designation(_, let at), .naming(_, _, let at):
      at
    }
  }
}

/// A piece of an interpolated string.
enum InterpolationSyntax {
  case text(String)
  case hole(ExpressionSyntax, alignment: ExpressionSyntax?, format: String?)
}

/// One argument, perhaps with the name of its parameter.
struct ArgumentSyntax {
  enum Mode {
    case value
    case output
    case reference
  }

  var name: String?
  var mode = Mode.value
  var value: ExpressionSyntax
  /// `out var x`, `out int x` and `out _`: the variable that the argument declares.
  var declares: (type: TypeSyntax?, name: String)?
}

/// A type as written: dotted name, type arguments, `?` and `[]` behind it. A tuple type has elements and no name.
struct TypeSyntax {
  var names: [String]
  var arguments: [TypeSyntax] = []
  var elements: [(type: TypeSyntax, name: String?)] = []
  var isNullable = false
  /// Dimensions of each array level, outermost first: `int[][,]` is `[1, 2]`.
  var ranks: [Int] = []
  var offset: Int
}

/// `new T[2, 3] { … }`, `new[] { … }` or the bare `{ … }` of a declaration.
struct ArraySyntax {
  /// The type of the elements; nil when they decide.
  var element: TypeSyntax?
  var sizes: [ExpressionSyntax] = []
  var rank = 1
  var elements: [ArrayElementSyntax]?
}

/// An element of an array initialiser; nested braces are further dimensions.
indirect enum ArrayElementSyntax {
  case value(ExpressionSyntax)
  case nested([ArrayElementSyntax], Int)
}

/// What stands in braces behind `new T(…)`.
enum InitializerSyntax {
  /// `Name = value` and `[index] = value`.
  case members([(target: InitializerTarget, value: InitializerValue, offset: Int)])
  /// Each entry is a call of `Add`.
  case elements([(arguments: [ExpressionSyntax], offset: Int)])
}

enum InitializerTarget {
  case member(String)
  case index([ArgumentSyntax])
}

indirect enum InitializerValue {
  case expression(ExpressionSyntax)
  case nested(InitializerSyntax)
}

/// A lambda or an anonymous method. A class, for its identity is the key of what the binder remembers about it.
final class LambdaSyntax {
  /// nil when an anonymous method has no parameter list.
  let parameters: [ParameterSyntax]?
  let body: Body

  enum Body {
    case expression(ExpressionSyntax)
    case block([StatementSyntax], end: Int)
  }

  init(parameters: [ParameterSyntax]?, body: Body) {
    self.parameters = parameters
    self.body = body
  }
}

struct ParameterSyntax {
  var type: TypeSyntax?
  var name: String
  var mode = ParameterMode.value
  var defaultValue: ExpressionSyntax?
  var offset: Int
}

indirect enum DesignationSyntax {
  case single(TypeSyntax?, String, Int)
  case discard(Int)
  case several([DesignationSyntax], Int)
}

/// What may stand behind `is` and `case`.
indirect enum PatternSyntax {
  case constant(ExpressionSyntax)
  /// A dotted name that is a type or a constant.
  case typeOrConstant(TypeSyntax, ExpressionSyntax)
  case type(TypeSyntax)
  /// `T name`; no name for `T _`.
  case declaration(TypeSyntax, String?, Int)
  /// `var name`.
  case anything(String?, Int)
}

/// A statement as written.
indirect enum StatementSyntax {
  /// `var` when the type is nil.
  case declaration(TypeSyntax?, [DeclaratorSyntax], isConstant: Bool, Int)
  case function(FunctionSyntax, Int)
  case expression(ExpressionSyntax)
  case condition(ExpressionSyntax, StatementSyntax, StatementSyntax?, Int)
  case block([StatementSyntax], end: Int, Int)
  case result(ExpressionSyntax?, Int)
  case forLoop([StatementSyntax], ExpressionSyntax?, [ExpressionSyntax], StatementSyntax, Int)
  case forEach(DesignationSyntax, ExpressionSyntax, StatementSyntax, Int)
  case whileLoop(ExpressionSyntax, StatementSyntax, Int)
  case doLoop(StatementSyntax, ExpressionSyntax, Int)
  case choice(ExpressionSyntax, [SwitchSectionSyntax], Int)
  case attempt([StatementSyntax], [CatchSyntax], finally: [StatementSyntax]?, Int)
  case using(StatementSyntax, StatementSyntax, Int)
  case lock(ExpressionSyntax, StatementSyntax, Int)
  case overflow(isChecked: Bool, [StatementSyntax], Int)
  case throwing(ExpressionSyntax?, Int)
  case breakLoop(Int)
  case continueLoop(Int)
  case gotoCase(ExpressionSyntax?, Int)
  case yieldReturn(ExpressionSyntax, Int)
  case yieldBreak(Int)

  var offset: Int {
    switch self {
    case .declaration(_, _, _, let at), .function(_, let at), .condition(_, _, _, let at), .block(_, _, let at),
      .result(_, let at), .forLoop(_, _, _, _, let at), .forEach(_, _, _, let at), .whileLoop(_, _, let at),
      .doLoop(_, _, let at), .choice(_, _, let at), .attempt(_, _, _, let at), .using(_, _, let at),
      .lock(_, _, let at), .overflow(_, _, let at), .throwing(_, let at), .breakLoop(let at), .continueLoop(let at),
      .gotoCase(_, let at), .yieldReturn(_, let at), .yieldBreak(let at):
      at
    case .expression(let expression): expression.offset
    }
  }
}

struct DeclaratorSyntax {
  var name: String
  var value: ExpressionSyntax?
  var offset: Int
}

/// A local function.
final class FunctionSyntax {
  let name: String
  let typeParameters: [String]
  /// nil for `void`.
  let result: TypeSyntax?
  let lambda: LambdaSyntax
  let offset: Int

  init(name: String, typeParameters: [String], result: TypeSyntax?, lambda: LambdaSyntax, offset: Int) {
    self.offset = offset
    self.name = name
    self.typeParameters = typeParameters
    self.result = result
    self.lambda = lambda
  }
}

struct SwitchSectionSyntax {
  /// The labels; a nil pattern is `default`.
  var labels: [(pattern: PatternSyntax?, guardian: ExpressionSyntax?, offset: Int)]
  var statements: [StatementSyntax]
  var offset: Int
}

struct CatchSyntax {
  var type: TypeSyntax?
  var name: String?
  var filter: ExpressionSyntax?
  var statements: [StatementSyntax]
  var offset: Int
}
