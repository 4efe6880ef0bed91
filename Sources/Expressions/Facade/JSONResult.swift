import DotNet

extension CompiledExpression {
  /// The value as JSON, as `JsonConvert.SerializeObject` writes it: numbers, flags and null as such, objects and sequences
  /// with all that is in them.
  public func evaluateJSON(
    _ context: any ContextModel, on machine: Machine? = nil
  ) throws(EvaluationError) -> String {
    try evaluate(context, on: machine) { machine in
      try JsonWriter.text(try JsonToken.from(try value(machine), machine), isIndented: false, machine)
    }
  }
}
