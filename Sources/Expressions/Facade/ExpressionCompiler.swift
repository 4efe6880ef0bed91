/// Turns the text of a policy expression into a program, or says what is wrong with it.
///
/// The text is the part between the brackets of `@( … )` or `@{ … }`, with entities of the document already decoded.
public struct ExpressionCompiler: Sendable {
  public let options: ExpressionOptions

  public init(options: ExpressionOptions = ExpressionOptions()) {
    self.options = options
  }

  /// Compiles one expression.
  ///
  /// - Parameters:
  ///   - source: the C# text, without the brackets of the island.
  ///   - form: one expression or a block of statements.
  ///   - target: the type the policy site needs.
  ///   - origin: where the first character of `source` stands in the document; diagnostics count from there.
  public func compile(
    _ source: String, form: ExpressionForm, target: ExpressionTarget, at origin: SourcePosition = .start
  ) -> ExpressionCompilation {
    ExpressionCompilation(
      program: nil,
      diagnostics: [Diagnostic(code: "CS0000", message: "The expression language is not linked in.", position: origin)])
  }
}

/// The outcome of compiling one expression: a program, or at least one error. Warnings may accompany a program.
public struct ExpressionCompilation: Sendable {
  public var program: CompiledExpression?
  public var diagnostics: [Diagnostic]

  public init(program: CompiledExpression?, diagnostics: [Diagnostic]) {
    self.program = program
    self.diagnostics = diagnostics
  }
}
