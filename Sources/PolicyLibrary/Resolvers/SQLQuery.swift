import Expressions
import HTTPWire
import TDSWire

/// The statement of `sql-data-source`; its result becomes the response of the resolver's exchange.
struct SQLQuery: PolicyStep {
  let connection: SQLConnectionInfo
  let statement: SQLStatement
  /// `response` makes an answer of the result.
  let makesOwnAnswer: Bool

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let settings = try connection.settings(exchange)
    var request = SQLRequest(
      settings: settings, token: nil, certificate: try connection.certificate(exchange),
      call: try statement.call(exchange))
    let isSingle = try statement.isSingle(exchange)
    let wait = PolicyWait()
    let effects = exchange.effects
    let send = { (request: SQLRequest) in
      wait.holds(
        effects.query(request) { outcome in
          end(outcome.mapError { $0.error(source: SQLDataSource.name) }, isSingle, wait)
        })
    }
    guard case .identity(let client) = settings.authentication else {
      send(request)
      return .suspend(wait)
    }
    effects.tokens.identity.token(SQLConnectionInfo.identityResource(settings.host), client: client, effects) {
      result in
      switch result {
      case .failure(let failure): end(.failure(failure.error(source: SQLDataSource.name)), isSingle, wait)
      case .success(let token):
        request.token = token
        // Whoever waited may be gone: then nothing is asked.
        if !wait.isGivenUp { send(request) }
      }
    }
    return .suspend(wait)
  }

  private func end(_ outcome: Result<SQLResult, PolicyError>, _ isSingle: Bool, _ wait: PolicyWait) {
    wait.complete { (exchange) throws(PolicyError) in
      let answer = SQLAnswer(
        try outcome.get(), isSingle: isSingle, asList: (exchange.graphQL?.answersList ?? false) && !makesOwnAnswer)
      exchange.beginResponse(200)
      // A name and type of the gateway's own: nothing there that could be refused.
      try? exchange.response.set(.contentType, "application/json")
      exchange.responseBody = .bytes(answer.bytes)
      return .proceed
    }
  }
}

/// The result of a statement as JSON.
struct SQLAnswer {
  let bytes: [UInt8]

  /// The column of `FOR JSON`, whose rows are pieces of one text.
  static let jsonColumn = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B"

  /// - Parameters:
  ///   - isSingle: the first row, or null; else `items`.
  ///   - asList: the rows alone, not in an object.
  init(_ result: SQLResult, isSingle: Bool, asList: Bool) {
    if result.columns == [Self.jsonColumn] {
      let text = result.rows.map { row in if case .text(let piece) = row[0] { piece } else { "" } }.joined()
      if !text.isEmpty {
        bytes = Array(text.utf8)
        return
      }
    }
    let writer = SQLRowWriter(result.columns)
    var bytes: [UInt8] = []
    if isSingle {
      if let row = result.rows.first { writer.write(row, into: &bytes) } else { bytes = Array("null".utf8) }
    } else {
      if !asList { bytes += #"{"items":"#.utf8 }
      bytes.append(UInt8(ascii: "["))
      for (index, row) in result.rows.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        writer.write(row, into: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
      if !asList { bytes.append(UInt8(ascii: "}")) }
    }
    self.bytes = bytes
  }
}
