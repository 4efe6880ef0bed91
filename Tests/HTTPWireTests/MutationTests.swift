import HTTPWire
import Testing

/// Valid bytes, changed at random places: whatever comes of them, nothing stops the process, everything ends, and no more
/// is read than was there. The seeds are fixed, so that a failure can be repeated.
struct MutationTests {
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  private func mutated(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard !bytes.isEmpty else { break }
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &generator)
      case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: at)
      default: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0..<20, using: &generator)))
      }
    }
    return bytes
  }

  @Test(arguments: 0..<8)
  func `heads, chunks and trailers`(_ seed: UInt64) {
    var generator = Generator(state: seed &+ 1)
    let request = Array(
      "POST http://host:8080/a/b%20c?x=1&y HTTP/1.1\r\nHost: host:8080\r\nConnection: keep-alive, x-own\r\nX-Own: \t v \r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nUpgrade: websocket\r\n\r\n"
        .utf8)
    let response = Array("HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: close\r\n\r\n".utf8)
    let chunks = Array("4;name=value\r\nabcd\r\n0a\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET".utf8)
    var head = MessageHead()
    for _ in 0..<4_000 {
      let input = mutated(request, &generator)
      if case .complete(let length) = head.parseRequest(input.span, limits: HeadLimits()) {
        #expect(length <= input.count)
        #expect(!head.serialised(HeadRewrite(host: Array("other".utf8), closes: true)).isEmpty)
        try? head.set("X-Own", "other")
        let shown = head.path(replacing: 2, by: Array("/base".utf8))
        #expect(shown == "/base" + String(decoding: Array(head.path.utf8.dropFirst(2)), as: UTF8.self))
        try? head.replacePathPrefix(dropping: min(2, head.pathLength), with: Array("/base".utf8))
        #expect(head.serialised().count >= 18)
      }
      let answer = mutated(response, &generator)
      if case .complete(let length) = head.parseResponse(answer.span, limits: HeadLimits()) {
        #expect(length <= answer.count)
        _ = head.serialised()
      }
      let body = mutated(chunks, &generator)
      var whole = BodyFraming()
      whole.begin(length: nil, chunked: true)
      let consumed = whole.consume(body.span)
      #expect(consumed <= body.count)
      // The same bytes one at a time end at the same place.
      var pieces = BodyFraming()
      pieces.begin(length: nil, chunked: true)
      var taken = 0
      while taken < body.count, !pieces.isDone, !pieces.isRefused {
        taken += pieces.consume(body.span.extracting(taken..<(taken + 1)))
      }
      #expect(pieces.isDone == whole.isDone && pieces.isRefused == whole.isRefused)
      if whole.isDone { #expect(taken == consumed) }
    }
  }

  private func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, flags, 0, 0, 0, stream] + payload
  }

  @Test(arguments: 0..<8)
  func `frames of HTTP/2`(_ seed: UInt64) {
    var generator = Generator(state: seed &+ 1_000)
    let get: [UInt8] = [
      0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
    ]
    let custom: [UInt8] = [
      0x40, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f, 0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4,
      0xbf,
    ]
    let pieces: [[UInt8]] = [
      frame(4, 0, 0, [0, 4, 0, 0, 1, 0]), frame(1, 4, 1, get + custom),
      frame(0, 0, 1, [UInt8](repeating: 1, count: 300)),
      frame(0, 9, 1, [2, 7, 7, 0, 0]), frame(1, 0x21, 3, [0, 0, 0, 0, 9] + get), frame(9, 4, 3, [0xbe]),
      frame(8, 0, 0, [0, 0, 1, 0]), frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), frame(1, 5, 5, get + [0xbe]),
      frame(3, 0, 5, [0, 0, 0, 8]), frame(8, 0, 3, [0, 0, 0, 9]), frame(2, 0, 7, [0, 0, 0, 0, 1]),
    ]
    let valid = pieces.flatMap { $0 }
    var head = MessageHead()
    var answer = MessageHead()
    try? answer.beginResponse(200)
    try? answer.set("X-Long", String(repeating: "v", count: 300))
    for _ in 0..<2_000 {
      var engine = HTTP2Engine()
      var rest = HTTP2Engine.preface + frame(4, 0, 0, []) + mutated(valid, &generator)
      var open: [UInt32] = []
      loop: while !rest.isEmpty {
        let (count, event) = engine.receive(rest.span, &head)
        #expect(count <= rest.count)
        switch event {
        case .incomplete, .failed: break loop
        case .request(let id, _):
          open.append(id)
          #expect(!head.serialised().isEmpty)
        case .data(let id, let offset, let length, _):
          #expect(offset + length <= count)
          engine.consumed(id, length)
        default: break
        }
        rest.removeFirst(count)
        if Bool.random(using: &generator), let id = open.popLast() {
          engine.writeHead(id, answer, HeadRewrite(body: .length(5)), ends: false)
          let room = engine.room(id)
          if room >= 5 {
            engine.beginData(id, length: 5, ends: true)
            engine.endData(id)
          }
        }
      }
    }
  }
}
