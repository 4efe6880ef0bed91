/// The transformations of `$apply` (OData Extension for Data Aggregation 4.0).
extension ODataExpression {
  /// Transformations with slashes between them. What changes the shape of what is answered ends what the model knows of it;
  /// of transformations that are not known here, only that their parentheses end is looked at.
  mutating func apply() throws(Failure) {
    repeat {
      guard token.kind == .name else { throw unexpected }
      let transformation = String(token.text)
      try advance()
      guard isAt("(") else {
        if transformation != "identity" { names.scope.shape = .unknown }
        continue
      }
      switch transformation {
      case "filter": try inParentheses { (reader) throws(Failure) in try reader.expression() }
      case "orderby": try inParentheses { (reader) throws(Failure) in try reader.orderBy() }
      case "search": try inParentheses { (reader) throws(Failure) in try reader.search() }
      case "compute": try inParentheses { (reader) throws(Failure) in try reader.compute() }
      case "top", "skip": try parentheses()
      case "topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent":
        try inParentheses { (reader) throws(Failure) in
          try reader.list { (reader) throws(Failure) in try reader.expression() }
        }
      case "concat":
        let scope = names.scope
        try inParentheses { (reader) throws(Failure) in
          try reader.list { (reader) throws(Failure) in
            reader.names.scope = scope
            try reader.apply()
          }
        }
        names.scope.shape = .unknown
      case "groupby":
        try known { (reader) throws(Failure) in try reader.groupBy() }
        names.scope.shape = .unknown
      case "aggregate":
        try known { (reader) throws(Failure) in
          try reader.list { (reader) throws(Failure) in try reader.aggregation() }
        }
        names.scope.shape = .unknown
      default:
        try parentheses()
        names.scope.shape = .unknown
      }
    } while try accept("/")
  }

  private mutating func inParentheses(_ body: (inout Self) throws(Failure) -> Void) throws(Failure) {
    try enter()
    try expect("(")
    try body(&self)
    try expect(")")
    depth -= 1
  }

  /// Parentheses in a form that is known; in any other, only that they end is looked at.
  private mutating func known(_ body: (inout Self) throws(Failure) -> Void) throws(Failure) {
    let start = self
    do throws(Failure) {
      try inParentheses(body)
    } catch {
      if error.isUnknownName { throw error }
      self = start
      try parentheses()
    }
  }

  /// `(path,rollup(…),…)`, and perhaps the transformations of each group behind it.
  private mutating func groupBy() throws(Failure) {
    try expect("(")
    try list { (reader) throws(Failure) in
      if reader.token.text.hasPrefix("rollup") {
        try reader.advance()
        try reader.parentheses()
      } else {
        try reader.expression()
      }
    }
    try expect(")")
    if try accept(",") { try apply() }
  }

  /// `expression with method from … as alias`, a count, or an aggregate of the service's own by its name.
  private mutating func aggregation() throws(Failure) {
    if token.kind == .name, try isCustomAggregate {
      try advance()
    } else {
      try expression()
      if try accept(word: "with") { try name() }
    }
    while try accept(word: "from") {
      try expression()
      if try accept(word: "with") { try name() }
    }
    if try accept(word: "as") { try name() }
  }

  /// Whether nothing but an alias stands behind the name.
  private var isCustomAggregate: Bool {
    get throws(Failure) {
      var ahead = lexer
      let next = try ahead.next()
      switch next.kind {
      case .mark(UInt8(ascii: ",")), .mark(UInt8(ascii: ")")), .end: return true
      case .name: return next.text == "as" || next.text == "from"
      default: return false
      }
    }
  }

  private mutating func parentheses() throws(Failure) {
    try enter()
    defer { depth -= 1 }
    try expect("(")
    while !isAt(")") {
      if token.kind == .end { throw unexpected }
      if isAt("(") { try parentheses() } else { try advance() }
    }
    try expect(")")
  }
}
