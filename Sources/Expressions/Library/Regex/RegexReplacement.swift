import DotNet

/// A replacement text: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+` and `$_` stand for parts of the match; what
/// names no group stays as it is.
struct RegexReplacement {
  private enum Piece {
    case text(String)
    /// By its place in the numbers of the expression's groups.
    case group(Int)
    case before, after, input
  }

  private var pieces: [Piece] = []

  init(_ replacement: String, _ expression: RegularExpression) {
    guard replacement.utf8.contains(UInt8(ascii: "$")) else {
      pieces = [.text(replacement)]
      return
    }
    var rest = Substring(replacement)
    var literal = ""
    while let dollar = rest.firstIndex(of: "$") {
      literal += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      guard let (piece, end) = Self.piece(rest, expression) else {
        literal += "$"
        continue
      }
      if case .text(let text) = piece {
        literal += text
      } else {
        if !literal.isEmpty { pieces.append(.text(literal)) }
        literal = ""
        pieces.append(piece)
      }
      rest = rest[end...]
    }
    literal += rest
    if !literal.isEmpty { pieces.append(.text(literal)) }
  }

  /// What the text after a `$` means and where it ends; nil when it means nothing.
  private static func piece(_ text: Substring, _ expression: RegularExpression) -> (Piece, Substring.Index)? {
    guard let first = text.first else { return nil }
    let second = text.index(after: text.startIndex)
    switch first {
    case "$": return (.text("$"), second)
    case "&": return (.group(0), second)
    case "`": return (.before, second)
    case "'": return (.after, second)
    case "_": return (.input, second)
    case "+": return (.group(expression.groupNumbers.count - 1), second)
    case "{":
      guard let close = text.firstIndex(of: "}"), let place = expression.group(named: String(text[second..<close]))
      else { return nil }
      return (.group(place), text.index(after: close))
    default:
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits), let place = expression.groupNumbers.firstIndex(of: number) else { return nil }
      return (.group(place), digits.endIndex)
    }
  }

  func expanded(_ match: CaptureObject) throws -> String {
    guard case .match(_, let ranges, _) = match.role, let whole = match.range else { return "" }
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let text): result += text
      case .group(let place): if let range = ranges[place] { result += match.slice(range) }
      case .before: result += match.slice(0..<whole.lowerBound)
      case .after: result += match.slice(whole.upperBound..<match.input.utf8.count)
      case .input: result += match.input
      }
    }
    return result
  }
}
