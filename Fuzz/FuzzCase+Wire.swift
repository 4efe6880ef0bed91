import HTTPWire

/// What peers send: heads and bodies of HTTP/1, frames of HTTP/2.
extension FuzzCase {
  /// A request or a response: its head, then its body in one piece and byte by byte.
  static let message = FuzzCase(name: "message", dictionary: words) { input in
    var head = MessageHead()
    var framing = BodyFraming()
    var whole = BodyFraming()
    var start: Int?
    if case .complete(let length) = head.parseRequest(input.span, limits: HeadLimits()) {
      framing.beginRequest(head)
      whole.beginRequest(head)
      start = length
      check(&head)
      checkPath(&head)
    } else if case .complete(let length) = head.parseResponse(input.span, limits: HeadLimits()) {
      framing.beginResponse(head, toHead: false)
      whole.beginResponse(head, toHead: false)
      start = length
      check(&head)
    }
    guard let start else { return false }
    if start > input.count { broken("message: a head longer than the input") }
    let body = Array(input[start...])
    let consumed = whole.consume(body.span)
    var taken = 0
    while taken < body.count, !framing.isDone, !framing.isRefused {
      taken += framing.consume(body.span.extracting(taken..<(taken + 1)))
    }
    if whole.isDone != framing.isDone || whole.isRefused != framing.isRefused || (whole.isDone && consumed != taken) {
      broken("message: a body ends elsewhere when it comes byte by byte")
    }
    return true
  }

  /// A head that was understood is understood again as it is passed on.
  private static func check(_ head: inout MessageHead) {
    let written = head.serialised(HeadRewrite(host: Array("other".utf8), closes: true))
    var again = MessageHead()
    let limits = HeadLimits(headBytes: 1 << 20, headerCount: 200, targetBytes: 1 << 20)
    let outcome =
      head.kind == .request
      ? again.parseRequest(written.span, limits: limits) : again.parseResponse(written.span, limits: limits)
    guard case .complete(let length) = outcome, length == written.count else {
      broken("message: a head that is passed on is \(outcome): \(String(decoding: written, as: UTF8.self))")
    }
  }

  /// A path that was made straight is straight.
  private static func checkPath(_ head: inout MessageHead) {
    guard head.hasOddPath else { return }
    do throws(WireError) { try head.straightenPath() } catch { return }
    if head.hasOddPath { broken("message: a path stays odd: \(head.path)") }
  }

  /// The frames behind a client's preface and settings, answered where they ask something.
  static let frames = FuzzCase(name: "frames", dictionary: []) { input in
    var engine = HTTP2Engine()
    var head = MessageHead()
    var answer = MessageHead()
    try? answer.beginResponse(200)
    let bytes = HTTP2Engine.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0] + input
    var (at, requests) = (0, 0)
    while at < bytes.count {
      let (count, event) = engine.receive(bytes.span.extracting(at..<bytes.count), &head)
      if count > bytes.count - at { broken("frames: more taken than there is") }
      switch event {
      case .incomplete, .failed: return requests > 0
      case .request(let id, _):
        requests += 1
        if head.serialised().isEmpty { broken("frames: a request without a head") }
        engine.writeHead(id, answer, HeadRewrite(body: .length(0)), ends: true)
      case .data(let id, let offset, let length, _):
        if offset + length > count { broken("frames: data beyond its frame") }
        engine.consumed(id, length)
      default: break
      }
      at += count
      engine.output.removeAll(keepingCapacity: true)
    }
    return requests > 0
  }

  /// The frames behind a server's settings, while two requests are under way.
  static let answers = FuzzCase(name: "answers", dictionary: []) { input in
    var engine = HTTP2Engine(role: .client)
    var head = MessageHead()
    var request = MessageHead()
    try? request.beginRequest(method: "POST", path: "/a")
    let bytes = [0, 0, 0, 4, 0, 0, 0, 0, 0] + input
    var (at, answers) = (0, 0)
    while at < bytes.count {
      let (count, event) = engine.receive(bytes.span.extracting(at..<bytes.count), &head)
      if count > bytes.count - at { broken("answers: more taken than there is") }
      switch event {
      case .incomplete, .failed: return answers > 0
      case .ready: for _ in 0..<2 { _ = engine.openStream(request, HeadRewrite(), isTLS: false, ends: false) }
      case .response(let id, _):
        answers += 1
        if head.serialised().isEmpty || head.status < 200 { broken("answers: an answer without a head") }
        if engine.room(id) > 0 {
          engine.beginData(id, length: 1, ends: true)
          engine.endData(id)
        }
      case .data(let id, let offset, let length, _):
        if offset + length > count { broken("answers: data beyond its frame") }
        engine.consumed(id, length)
      case .request, .badRequest: broken("answers: a request from a server")
      default: break
      }
      at += count
      engine.output.removeAll(keepingCapacity: true)
    }
    return answers > 0
  }

  /// The greeting of a TLS client: what is understood is understood no earlier, and with more behind it the same.
  static let greeting = FuzzCase(name: "greeting", dictionary: []) { input in
    let outcome = ClientHello.read(input.span)
    guard case .complete = outcome else { return false }
    if ClientHello.read((input + [22, 3, 3, 0]).span) != outcome { broken("greeting: what follows it changes it") }
    var count = input.count
    while count > 0, ClientHello.read(input.span.extracting(..<count)) == outcome { count -= 1 }
    if ClientHello.read(input.span.extracting(..<count)) != .incomplete { broken("greeting: complete, then not") }
    return true
  }

  /// Frames of a WebSocket's client: the same whether they come in one piece or byte by byte.
  static let socket = FuzzCase(name: "socket", dictionary: []) { input in
    func events(_ piece: Int) -> [WebSocketReader.Event] {
      var reader = WebSocketReader(from: .client, messageBound: 2_000)
      var found: [WebSocketReader.Event] = []
      var at = 0
      while at < input.count {
        let (count, event) = reader.read(input.span.extracting(at..<min(input.count, at + piece)))
        if count > piece || count == 0 { broken("socket: \(count) bytes read of \(piece)") }
        if case .text(let bytes)? = event, bytes.count > 2_000 { broken("socket: a message beyond its bound") }
        if let event { found.append(event) }
        at += count
      }
      return found
    }
    let whole = events(input.count)
    if whole != events(1) { broken("socket: other messages when they come byte by byte") }
    return !whole.isEmpty
  }

  private static let words = [
    "GET ", "POST ", "HTTP/1.1\r\n", "HTTP/1.0\r\n", "\r\n", "\r\n\r\n", "\n", "\r", "Host: a\r\n",
    "Content-Length: 5\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n", "Connection: x-own, upgrade\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n",
    "0\r\n\r\n", "5\r\nabcde\r\n", "fffffffffffffff\r\n", ";a=b", "http://host:80/", "*", "//", "?", "%2e", "\0", "\t",
    " ", ":", "HTTP/1.1 204 No Content\r\n", "HTTP/1.1 100 Continue\r\n",
  ]
}
