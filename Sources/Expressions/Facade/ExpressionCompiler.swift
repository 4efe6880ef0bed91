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
    let place = PlaceFinder(source, origin: origin)
    guard source.utf8.count <= options.maximumSourceLength else {
      let message = "The expression has \(source.utf8.count) bytes; at most \(options.maximumSourceLength) are allowed."
      return ExpressionCompilation(
        program: nil, diagnostics: [Diagnostic(code: "PL0202", message: message, position: origin)])
    }
    var complaints: [SyntaxError] = []
    var run: Evaluation?
    var test: FlagEvaluation?
    var contextText: ContextText?
    var type = target.type
    var constant: Value?
    var binder: Binder?
    do throws(SyntaxError) {
      var parser = try Parser(source, maximumNesting: options.maximumNesting)
      switch form {
      case .expression:
        let syntax = try parser.wholeExpression()
        let made = Binder(strict: options.strictAllowList, captured: CapturedNames.of(syntax), result: target.type)
        binder = made
        let bound = try made.bindAny(syntax)
        let converted = target == .void ? bound : try made.convert(bound, to: target.type)
        type = bound.type.isError ? target.type : bound.type
        run = made.function.entering(converted.run)
        if made.function.scopes[0].prologue.isEmpty {
          test = converted.test
          if case .reference(.member(let receiver?, let member, _, _, _)) = bound.form, receiver.known != nil {
            contextText = member.contextText
          }
        }
        constant = converted.constant
      case .block:
        let statements = try parser.wholeBlock()
        let made = Binder(strict: options.strictAllowList, captured: CapturedNames.of(statements), result: target.type)
        binder = made
        let body = made.block(statements, end: max(0, source.unicodeScalars.count - 1), &complaints)
        run = made.function.entering(body)
      }
    } catch {
      complaints.append(error)
    }
    let diagnostics = complaints.map { error in
      Diagnostic(
        code: error.code, message: error.message, position: place.position(error.offset), length: error.length,
        offendingText: place.text(error.offset, error.length), suggestion: error.suggestion)
    }
    guard let run, let binder, complaints.isEmpty else {
      return ExpressionCompilation(program: nil, diagnostics: diagnostics)
    }
    return ExpressionCompilation(
      program: CompiledExpression(
        usage: binder.usage, staticTypeName: type.description, constant: constant, slots: binder.function.slots,
        calls: binder.hasFunctions, limits: options.limits, place: place, run: run, test: test,
        contextText: contextText, codes: binder.codes),
      diagnostics: [])
  }
}

extension ExpressionTarget {
  /// The C# type a site asks for.
  var type: TypeSymbol {
    switch self {
    case .bool: .bool
    case .string: .string
    case .int: .int32
    case .long: .int64
    case .double: .double
    case .object: .object
    case .bytes: .byteArray
    case .void: .void
    }
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

/// Turns offsets of a source into places of its document.
struct PlaceFinder: Sendable {
  private let scalars: [Unicode.Scalar]
  private let origin: SourcePosition

  init(_ source: String, origin: SourcePosition) {
    scalars = Array(source.unicodeScalars)
    self.origin = origin
  }

  func position(_ offset: Int) -> SourcePosition {
    var place = origin
    for scalar in scalars.prefix(max(0, offset)) {
      if scalar == "\n" {
        place.line += 1
        place.column = 1
      } else {
        place.column += 1
      }
    }
    return place
  }

  func text(_ offset: Int, _ length: Int) -> String {
    String(String.UnicodeScalarView(scalars.dropFirst(max(0, offset)).prefix(max(0, length))))
  }
}
