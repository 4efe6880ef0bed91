import Expressions
import HTTPWire
import NIOCore
import PolicyLibrary

/// One request of a policy on its way, from the connection to the whole response.
final class OutgoingCall: PendingEffect {
  let request: OutgoingRequest
  private let client: CallClient
  private var completion: ((OutgoingResult) -> Void)?
  private var connection: CallConnection?
  private var timeout: Scheduled<Void>?
  private var hasBegun = false
  /// Read into by the connection.
  var head = MessageHead()

  init(_ request: OutgoingRequest, client: CallClient, _ completion: @escaping (OutgoingResult) -> Void) {
    self.request = request
    self.client = client
    self.completion = completion
  }

  func begin() {
    hasBegun = true
    let box = NIOLoopBound(self, eventLoop: client.loop)
    timeout = client.loop.scheduleTask(in: .milliseconds(Int64(request.timeoutMilliseconds))) { box.value.timedOut() }
    let origin = Origin(of: request)
    if let connection = client.take(origin) { connected(connection) } else { client.connect(origin, for: self) }
  }

  func connected(_ connection: CallConnection) {
    guard completion != nil else { return connection.close() }
    self.connection = connection
    do throws(WireError) {
      connection.begin(self, try bytes(), isHead: request.method == "HEAD")
    } catch {
      self.connection = nil
      client.put(connection)
      finish(
        .failure(
          OutgoingFailure(reason: .connection, message: "The request is not valid HTTP: \(error.explanation).")))
    }
  }

  /// The request as it is sent.
  private func bytes() throws(WireError) -> ByteBuffer {
    var head = MessageHead()
    let target = RequestTarget(request.target)
    try head.beginRequest(method: request.method, path: target.path, query: target.query)
    for header in request.headers { try head.append(header.name, header.value) }
    var rewrite = HeadRewrite()
    if !head.contains(.host) { try head.set(.host, request.host) }
    if let body = request.body {
      rewrite.body = .length(body.count)
    } else {
      rewrite.body = ["POST", "PUT", "PATCH"].contains(request.method) ? .length(0) : .none
    }
    var buffer: ByteBuffer
    if let proxy = request.proxy, !request.origin.isTLS {
      buffer = try AbsoluteForm.message(&head, rewrite, host: Array(request.host.utf8), proxy)
    } else {
      buffer = ByteBuffer(bytes: head.serialised(rewrite))
    }
    if let body = request.body { buffer.writeBytes(body) }
    return buffer
  }

  /// The whole response is there.
  func answered(_ body: [UInt8]) {
    connection = nil
    var headers: [(name: String, values: [String])] = []
    head.forEachHeader { name, value in
      if let index = headers.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) {
        headers[index].values.append(value)
      } else {
        headers.append((name, [value]))
      }
    }
    finish(
      .success(
        ResponseMessage(
          statusCode: head.status, statusReason: head.reason, headers: headers, body: body.isEmpty ? nil : body)))
  }

  /// - Parameter isRetrySafe: the server has closed a kept connection without having seen the request.
  func failed(_ message: String, isRetrySafe: Bool) {
    connection = nil
    guard completion != nil else { return }
    if isRetrySafe, Method(request.method).isIdempotent { return client.connect(Origin(of: request), for: self) }
    finish(.failure(OutgoingFailure(reason: .connection, message: message)))
  }

  private func timedOut() {
    let connection = connection
    self.connection = nil
    connection?.abandon()
    finish(
      .failure(
        OutgoingFailure(
          reason: .timeout, message: "\(request.host) did not answer within \(request.timeoutMilliseconds) ms.")))
  }

  func finish(_ result: OutgoingResult) {
    guard let completion else { return }
    end()
    completion(result)
  }

  private func end() {
    completion = nil
    timeout?.cancel()
    timeout = nil
    if hasBegun { client.ended() }
  }

  func cancel() {
    guard completion != nil else { return }
    end()
    let connection = connection
    self.connection = nil
    connection?.abandon()
  }
}

/// A target split at its question mark.
private struct RequestTarget {
  let path: String
  let query: String?

  init(_ text: String) {
    path = String(text.prefix { $0 != "?" })
    query = text.firstIndex(of: "?").map { String(text[text.index(after: $0)...]) }
  }
}
