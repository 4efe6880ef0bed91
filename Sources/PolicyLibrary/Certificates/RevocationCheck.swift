import DotNet
import Expressions

/// The check of one request's certificate and those between it and its authority, which may have to wait for answers.
final class RevocationCheck {
  private var questions: ArraySlice<RevocationQuestion>

  init(_ questions: [RevocationQuestion]) { self.questions = questions[...] }

  /// Goes as far as it can: on with the request, a wait for an answer, or an error that refuses it.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let effects = exchange.effects
    while let question = questions.first {
      guard let verdict = effects.revocation.known(question, now: effects.now()) else {
        let wait = PolicyWait()
        effects.revocation.ask(question, effects) { [self] verdict in
          wait.complete { (exchange) throws(PolicyError) in
            try self.judge(verdict)
            return try self.run(exchange)
          }
        }
        return .suspend(wait)
      }
      try judge(verdict)
    }
    return .proceed
  }

  /// Takes the first question away, or throws.
  private func judge(_ verdict: RevocationMemory.Verdict) throws(PolicyError) {
    switch verdict {
    case .success(.good): questions = questions.dropFirst()
    case .success(.revoked): throw ValidateClientCertificate.refused("The client certificate is revoked.")
    case .failure(let failure):
      throw ValidateClientCertificate.refused(
        "Whether the client certificate is revoked could not be found out. \(failure.message)")
    }
  }
}
