import HTTPWire

/// Answers to requests that no operation matches, from policies that exist for them.
extension PolicyPlan {
  /// Whether the plan can answer a preflight: `cors` stands directly in `inbound`.
  public var hasPreflightAnswer: Bool { !preflights.isEmpty }

  /// Answers the preflight of a browser: the first `cors` that allows it, or that ends what it does not allow. Nothing
  /// else of the plan runs.
  public func answerPreflight(_ exchange: Exchange) {
    exchange.plan = self
    do throws(PolicyError) {
      for (cors, place) in preflights {
        exchange.placeIndex = place
        switch try cors.preflight(exchange) {
        case .answered: return
        case .passedOn: continue
        case .refused: return exchange.beginResponse(200)
        }
      }
      exchange.beginResponse(200)
    } catch {
      exchange.fail(error)
    }
  }

  /// The policy file for plug-ins of browsers, where the path asks for it and `cross-domain` stands in `inbound`.
  public func answerCrossDomain(_ exchange: Exchange) -> Bool {
    guard exchange.request.methodKind == .get, exchange.request.path.lowercased() == "/crossdomain.xml" else {
      return false
    }
    for case .step(let held, _) in sections[0].instructions {
      guard let step = held.step as? CrossDomain else { continue }
      step.answer(exchange)
      return true
    }
    return false
  }

  /// Every `cors` that no condition stands before, with its place.
  var preflights: [(CORS, Int)] {
    sections[0].instructions.compactMap { instruction in
      guard case .step(let held, let place) = instruction, let step = held.step as? CORS,
        !places[place].path.contains("/")
      else { return nil }
      return (step, place)
    }
  }
}
