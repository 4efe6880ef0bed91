import HTTPWire
import Testing

/// First bytes on a port for TLS.
struct PlainRequestTests {
  private func look(_ text: String) -> PlainRequest.Outcome { PlainRequest.look(at: Array(text.utf8).span) }

  @Test func `a request shows with the first byte of its target, and not before`() {
    for request in [
      "GET /a HTTP/1.1\r\n", "DELETE / HTTP/1.0\r\n", "M-SEARCH * HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
      "GET http://a/ HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n",
      "VERSION-CONTROL /a HTTP/1.1\r\n",
    ] {
      let length = request.prefix { $0 != " " }.count + 2
      for count in 0..<length { #expect(look(String(request.prefix(count))) == .incomplete, "\(request): \(count)") }
      for count in length...request.count {
        #expect(look(String(request.prefix(count))) == .request(isHead: false), "\(request): \(count)")
      }
    }
    #expect(look("HEAD /") == .request(isHead: true))
    #expect(look("HEADS /") == .request(isHead: false))
  }

  @Test func `anything else is none`() {
    #expect(PlainRequest.look(at: [22].span) == .other)
    #expect(PlainRequest.look(at: [0x80].span) == .other)
    for text in [
      "\u{16}\u{3}\u{1}", " ", " GET / ", "get / HTTP/1.1", "SSH-2.0-a\r\n", "GET\t/", "GET  /", "GET a", "GET\r\n",
      "\r\n",
      "EHLO contoso.com\r\n", String(repeating: "A", count: 33),
    ] { #expect(look(text) == .other, "\(text)") }
    #expect(look(String(repeating: "A", count: 32)) == .incomplete)
  }

  @Test func `the refusal says its length, and has no body for HEAD`() {
    let text = String(decoding: PlainRequest.refusal("{}", isHead: false), as: UTF8.self)
    #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && text.contains("\r\nContent-Length: 2\r\n"))
    #expect(text.contains("\r\nConnection: close\r\n") && text.hasSuffix("\r\n\r\n{}"))
    #expect(String(decoding: PlainRequest.refusal("{}", isHead: true), as: UTF8.self) + "{}" == text)
  }
}
