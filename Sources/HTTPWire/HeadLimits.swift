/// How large a message head may be. A head beyond a bound is refused, never truncated.
public struct HeadLimits: Sendable, Hashable {
  /// Bytes from the first byte of the start line to the end of the empty line.
  public var headBytes: Int
  /// Number of field lines.
  public var headerCount: Int
  /// Bytes of the request target (path and query).
  public var targetBytes: Int

  public init(headBytes: Int = 65_536, headerCount: Int = 100, targetBytes: Int = 16_384) {
    self.headBytes = headBytes
    self.headerCount = headerCount
    self.targetBytes = targetBytes
  }

  /// For answers of backends, which are believed to mean well: some set a hundred cookies.
  public static let ofAnswers = HeadLimits(headerCount: 1_000)
}

/// Why a head or a body was refused.
public struct WireError: Error, Sendable, Hashable {
  /// A stable name, for logs and tests.
  public enum Code: String, Sendable, Hashable {
    case startLine, version, method, target, targetTooLong, headTooLarge, tooManyHeaders, headerName, headerValue
    case lineEnding, foldedLine, contentLength, lengthConflict, transferEncoding, host, chunk, trailer
    case unsupportedMethod, editTooLarge
  }
  public var code: Code
  /// Offset in bytes from the start of the message part that was being read, where known.
  public var offset: Int

  public init(_ code: Code, offset: Int = 0) {
    self.code = code
    self.offset = offset
  }

  /// What is wrong, for whoever sent it.
  public var explanation: String {
    switch code {
    case .startLine: "its first line is malformed"
    case .version: "the version must be 1.0 or 1.1"
    case .method: "its method is malformed"
    case .target:
      "its path holds what must be percent-encoded, or a percent sign that encodes nothing or a NUL, or is none"
    case .targetTooLong: "its path and query are too long"
    case .headTooLarge: "its head is too large"
    case .tooManyHeaders: "it has too many header lines"
    case .headerName: "the name of a header is malformed"
    case .headerValue: "a header holds control characters"
    case .lineEnding: "lines must end with CR LF"
    case .foldedLine: "a header goes on in a further line"
    case .contentLength: "its Content-Length is no number, or more than one"
    case .lengthConflict: "Content-Length stands beside Transfer-Encoding"
    case .transferEncoding: "its Transfer-Encoding is not chunked, and chunked alone"
    case .host: "it must have one Host header with a host"
    case .chunk: "a chunk is malformed"
    case .trailer: "its trailers are malformed"
    case .unsupportedMethod: "its method is not supported"
    case .editTooLarge: "it is too large"
    }
  }

  /// The status with which a server answers a request refused for this.
  public var status: Int {
    switch code {
    case .targetTooLong: 414
    case .headTooLarge, .tooManyHeaders: 431
    case .version: 505
    case .transferEncoding, .unsupportedMethod: 501
    default: 400
    }
  }
}

/// What came of parsing the bytes received so far.
public enum HeadOutcome: Sendable, Hashable {
  /// More bytes are needed; parse again from the start when they are there.
  case incomplete
  /// A whole head was read; it took `bytes` bytes of the input.
  case complete(bytes: Int)
  case refused(WireError)
}
