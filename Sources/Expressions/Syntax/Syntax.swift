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
  case binary(String, ExpressionSyntax, ExpressionSyntax, Int)
  case choice(ExpressionSyntax, ExpressionSyntax, ExpressionSyntax, Int)
  case cast(TypeSyntax, ExpressionSyntax, Int)
  case creation(TypeSyntax, [ArgumentSyntax], Int)
  case array(TypeSyntax?, [ExpressionSyntax], Int)

  enum Literal {
    case null
    case bool(Bool)
    case integer(UInt64, suffix: String)
    case real(Double, suffix: String)
    case string(String)
    case character(UInt16)
  }

  var offset: Int {
    switch self {
    case .literal(_, let at), .interpolated(_, let at), .name(_, _, let at), .typeName(_, let at),
      .member(_, _, _, let at),
      .call(_, _, let at), .index(_, _, let at), .conditional(_, _, let at), .placeholder(let at), .unary(_, _, let at),
      .binary(_, _, _, let at), .choice(_, _, _, let at), .cast(_, _, let at), .creation(_, _, let at),
      .array(_, _, let at):
      at
    }
  }
}

/// A piece of an interpolated string.
enum InterpolationSyntax {
  case text(String)
  case hole(ExpressionSyntax)
}

/// One argument, perhaps with the name of its parameter.
struct ArgumentSyntax {
  var name: String?
  var value: ExpressionSyntax
}

/// A type as written: dotted name, type arguments, `?` and `[]` behind it.
struct TypeSyntax {
  var names: [String]
  var arguments: [TypeSyntax] = []
  var isNullable = false
  var arrayRanks = 0
  var offset: Int
}

/// A statement as written.
indirect enum StatementSyntax {
  /// `var` when the type is nil.
  case declaration(TypeSyntax?, String, ExpressionSyntax, Int)
  case assignment(String, ExpressionSyntax, Int)
  case expression(ExpressionSyntax)
  case condition(ExpressionSyntax, StatementSyntax, StatementSyntax?, Int)
  case block([StatementSyntax], Int)
  case result(ExpressionSyntax?, Int)
}
