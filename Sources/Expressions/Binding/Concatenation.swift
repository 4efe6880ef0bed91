/// Parts put together to one text: `+` over strings, and interpolated strings.
struct Concatenation {
  /// Parts that are put together at once; longer chains nest.
  static let longest = 24

  let parts: [Bound]

  init(_ parts: [Bound]) {
    var merged: [Bound] = []
    for part in parts {
      if case .string(let text)? = part.constant, case .string(let before)? = merged.last?.constant {
        merged[merged.count - 1] = .constant(.string(before + text), .string, part.offset)
      } else {
        merged.append(part)
      }
    }
    self.parts = merged
  }

  func bound(_ at: Int) -> Bound {
    guard let append = appending(parts[...]) else { return .constant(.string(""), .string, at) }
    if let constant = parts.first?.constant, case .string = constant, parts.count == 1 {
      return .constant(constant, .string, at)
    }
    var result = Bound(.string, at) { machine in
      let start = machine.textCount
      do {
        try append(machine)
        try machine.process(bytes: machine.textCount - start)
      } catch {
        machine.dropText(from: start)
        throw Thrown.placed(error, at)
      }
      return .string(machine.takeText(from: start))
    }
    result.form = .concatenation(parts)
    return result
  }

  /// Appends all parts: a tree of calls, as short for each part as can be.
  private func appending(_ parts: ArraySlice<Bound>) -> TextEvaluation? {
    guard let first = parts.first else { return nil }
    if parts.count == 1 { return appending(first) }
    // A part takes the constant text before it along.
    if parts.count == 2, case .string(let text)? = first.constant, let last = parts.last {
      return appending(last, behind: text)
    }
    var middle = parts.startIndex + parts.count / 2
    if case .string? = parts[middle - 1].constant, middle - 1 > parts.startIndex { middle -= 1 }
    guard let left = appending(parts[..<middle]), let right = appending(parts[middle...]) else { return nil }
    return TextEvaluation { machine in
      try left(machine)
      try right(machine)
    }
  }

  private func appending(_ part: Bound) -> TextEvaluation {
    if let constant = part.constant {
      switch constant {
      case .null: return TextEvaluation { _ in }
      case .string(let text): return TextEvaluation { machine in machine.append(text) }
      default: break
      }
    }
    if part.type == .int32 {
      let number = part.operand.evaluation
      return TextEvaluation { machine in machine.append(Int(try number(machine))) }
    }
    let run = part.run
    return TextEvaluation { machine in try machine.append(try run(machine)) }
  }

  private func appending(_ part: Bound, behind text: String) -> TextEvaluation {
    if part.constant != nil || part.type == .int32 {
      let append = appending(part)
      return TextEvaluation { machine in
        machine.append(text)
        try append(machine)
      }
    }
    let run = part.run
    return TextEvaluation { machine in
      machine.append(text)
      try machine.append(try run(machine))
    }
  }
}

extension Machine {
  /// Appends the text of a value; null has none.
  @inline(__always)
  fileprivate func append(_ value: Value) throws {
    if case .string(let text) = value {
      append(text)
    } else if !value.isNull {
      append(try Operation.text(value, self))
    }
  }
}
