import HTTPWire

extension HotPathCase {
  /// What a browser-like client sends: about 530 bytes.
  static let requestHead = Array(
    """
    GET /keyed/things?zone=utc HTTP/1.1\r
    Host: gateway.internal:8080\r
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r
    Accept: application/json, text/plain, */*\r
    Accept-Language: en-US,en;q=0.9\r
    Accept-Encoding: gzip, deflate\r
    Cache-Control: no-cache\r
    Origin: http://bench.test\r
    Referer: http://bench.test/page/with/a/fairly/ordinary/path?and=query\r
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r
    Ocp-Apim-Subscription-Key: 0123456789abcdef0123456789abcdef\r
    \r

    """.utf8)

  static let wire = [
    HotPathCase(name: "head-parse") {
      { count in
        var head = MessageHead()
        var bytes = 0
        for _ in 0..<count {
          head.reset()
          guard case .complete(let length) = head.parseRequest(requestHead.span, limits: HeadLimits()) else {
            return -1
          }
          bytes &+= length
        }
        return bytes
      }
    },
    HotPathCase(name: "head-parse-edit-write") {
      { count in
        var head = MessageHead()
        guard let added = HeaderName("X-Caller") else { return -1 }
        let rewrite = HeadRewrite(host: Array("127.0.0.1:9001".utf8), forwardedFor: Array("10.1.2.3".utf8))
        var bytes = 0
        for _ in 0..<count {
          head.reset()
          guard case .complete = head.parseRequest(requestHead.span, limits: HeadLimits()) else { return -1 }
          do {
            try head.set(added, "canteen")
            head.remove(.subscriptionKey)
          } catch { return -1 }
          let written = [UInt8](unsafeUninitializedCapacity: head.writtenBound(rewrite)) { buffer, filled in
            var out = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            head.write(rewrite, into: &out)
            filled = out.finalize(for: UnsafeMutableRawBufferPointer(buffer))
          }
          bytes &+= written.count
        }
        return bytes
      }
    },
    HotPathCase(name: "chunked-body") {
      let body = Array("400\r\n".utf8) + [UInt8](repeating: 0x78, count: 1_024) + Array("\r\n0\r\n\r\n".utf8)
      return { count in
        var bytes = 0
        for _ in 0..<count {
          var framing = BodyFraming()
          framing.begin(length: nil, chunked: true)
          bytes &+= framing.consume(body.span)
          guard framing.isDone else { return -1 }
        }
        return bytes
      }
    },
  ]
}
