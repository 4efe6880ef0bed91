import JSONSchema
import PolicyLibrary
import TDSWire

extension SeenMessage {
  /// What a database gets: where it is and who asks, parameters with their types, the statement.
  init(_ request: SQLRequest) {
    let who =
      switch request.settings.authentication {
      case .password: request.settings.user ?? ""
      case .identity: "identity"
      }
    self.init(
      firstLine: "QUERY \(request.settings.place) as \(who)" + Self.showing(request.certificate),
      headers: (request.token.map { [("access-token", $0)] } ?? [])
        + request.call.parameters.map { ($0.name, "\($0.declaration) \($0.input.text)") },
      body: request.call.statement)
  }
}

extension TDSInput {
  /// As JSON writes it.
  fileprivate var text: String {
    switch self {
    case .null: "null"
    case .flag(let flag): flag ? "true" : "false"
    case .number(let text): text
    case .text(let text): JSONText.quoted(text)
    }
  }
}

extension CaseScript {
  /// A database's answer to a statement; without any it cannot be reached.
  func answer(_ request: SQLRequest) -> ScriptedEffects.SQLScriptedAnswer {
    called.append(SeenMessage(request))
    guard !services.isEmpty else {
      return .init(.failure(SQLFailure(reason: .connection, message: "\(request.settings.host) cannot be reached.")))
    }
    let answer = services.removeFirst()
    return .init(outcome(answer), milliseconds: answer.delay * 1_000)
  }

  /// `rows` and a list of objects, `error NUMBER message`, or `fail REASON message`.
  private func outcome(_ answer: CaseMessage) -> SQLOutcome {
    if let failure = failure(answer) {
      let reason = SQLFailure.Reason(rawValue: failure.reason) ?? .connection
      return .failure(SQLFailure(reason: reason, message: failure.message))
    }
    switch answer.words.first {
    case "error" where answer.words.count >= 2:
      guard let number = Int(answer.words[1]) else { break }
      let message = answer.words.dropFirst(2).joined(separator: " ")
      return .failure(SQLFailure(TDSServerError(number: number, message: message)))
    case "rows" where answer.words.count == 1:
      if let result = Self.result(answer.body) { return .success(result) }
      problem = CaseProblem(
        line: answer.bodyLine, message: "Rows are a list of JSON, of objects with texts, numbers, flags and null.")
      return .success(SQLResult(columns: [], rows: []))
    default: break
    }
    problem = CaseProblem(
      line: answer.line, message: "A database answers with 'rows', 'error NUMBER message' or 'fail REASON message'.")
    return .success(SQLResult(columns: [], rows: []))
  }

  /// The columns are those of all rows, in the order in which they come; nil for what are no rows.
  private static func result(_ body: String?) -> SQLResult? {
    guard let body, !body.isEmpty else { return SQLResult(columns: [], rows: []) }
    guard let list = (try? JSONValue(Array(body.utf8)))?.elements else { return nil }
    var columns: [String] = []
    for item in list {
      guard let object = item.object else { return nil }
      for member in object.members where !columns.contains(member.name) { columns.append(member.name) }
    }
    var rows: [[TDSValue]] = []
    for item in list {
      var row: [TDSValue] = []
      for column in columns {
        switch item[column] {
        case .null, nil: row.append(.null)
        case .bool(let flag): row.append(.flag(flag))
        case .integer(let number): row.append(.integer(number))
        case .real(let number): row.append(.real(number))
        case .text(let text): row.append(.text(text))
        case .array, .object: return nil
        }
      }
      rows.append(row)
    }
    return SQLResult(columns: columns, rows: rows)
  }
}
