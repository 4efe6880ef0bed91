import DotNet

/// A body without the compression of its `Content-Encoding`.
enum DecodedBody {
  case bytes([UInt8])
  /// More than the bound.
  case tooLarge
  /// Damaged, or compressed in a way that is not known here.
  case unreadable

  /// Most codings, one over the other, that are undone.
  private static let layers = 4

  /// - Parameters:
  ///   - encoding: `Content-Encoding`, the last applied last; nil for a body as it is.
  ///   - limit: the most bytes of a compressed body.
  init(_ bytes: [UInt8], encoding: String?, limit: Int) {
    var bytes = bytes
    let codings = (encoding ?? "").split(separator: ",")
    guard codings.count <= Self.layers else {
      self = .unreadable
      return
    }
    for coding in codings.reversed() {
      let format: Inflation.Format
      switch coding.lowercased().trimmed {
      case "identity": continue
      case "gzip", "x-gzip": format = .gzip
      case "deflate": format = .deflate
      default:
        self = .unreadable
        return
      }
      switch Inflation.inflate(bytes, format, limit: limit) {
      case .bytes(let inflated): bytes = inflated
      case .tooLarge:
        self = .tooLarge
        return
      case .broken:
        self = .unreadable
        return
      }
    }
    self = .bytes(bytes)
  }
}
