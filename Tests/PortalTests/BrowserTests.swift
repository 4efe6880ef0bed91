import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Testing

/// A real Chromium as a client of the gateway, over TLS: the page itself, requests of its scripts, and those to another origin.
@Suite(.timeLimit(.minutes(3))) struct BrowserTests {
  private static let resource =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern/providers/Microsoft.ApiManagement/service/postern"

  /// Says which protocol it came over, posts 300 KB, asks without a key and with one, and asks another origin.
  private static func page(home: String, other: String) -> String {
    """
    <policies><inbound><choose>
      <when condition="@(context.Operation.Id == "page")"><return-response>
        <set-header name="Content-Type"><value>text/html</value></set-header>
        <set-body><![CDATA[<!doctype html><p id="result"></p><script type="module">
          const lines = [performance.getEntriesByType('navigation')[0].nextHopProtocol];
          const posted = await fetch('/web/data', {method: 'POST', body: 'x'.repeat(300000)});
          lines.push(await posted.text());
          lines.push((await fetch('\(other)/web/data', {method: 'PUT', headers: {'X-Mine': '1'}, body: 'y'})).status);
          try { await fetch('\(other)/web/data', {method: 'DELETE'}); lines.push('let'); } catch { lines.push('kept') }
          document.getElementById('result').textContent = lines.join(' ');
        </script>]]></set-body>
      </return-response></when>
    </choose>
    <cors><allowed-origins><origin>\(home)</origin></allowed-origins>
      <allowed-methods><method>POST</method><method>PUT</method></allowed-methods>
      <allowed-headers><header>*</header></allowed-headers></cors>
    <return-response><set-body>@(context.Request.Body.As<string>().Length.ToString())</set-body></return-response>
    </inbound></policies>
    """
  }

  @Test func `a browser speaks HTTP/2 over TLS with the gateway, posts, and is held to what cors allows`() async throws
  {
    try await Browser.telling(acceptsAnyCertificate: true) { try await story($0, $1) }
  }

  private func story(_ browser: Browser, _ service: RunningService) async throws {
    func put(_ path: String, _ properties: [String: Any]) async throws {
      var request = HTTPClientRequest(
        url: "\(service.portal)\(Self.resource)\(path)?api-version=2024-05-01")
      request.method = .PUT
      request.headers = ["Authorization": "Bearer \(service.credential)", "Content-Type": "application/json"]
      request.body = .bytes(
        ByteBuffer(data: try JSONSerialization.data(withJSONObject: ["properties": properties])))
      let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
      let text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
      #expect((200...299).contains(answer.status.code), "\(path): \(text)")
    }
    // The page is at localhost, the other origin at 127.0.0.1.
    let (home, other) = (
      "https://localhost:\(service.gatewayHTTPSPort)", "https://127.0.0.1:\(service.gatewayHTTPSPort)"
    )
    try await put(
      "/apis/web",
      ["displayName": "Web", "path": "web", "protocols": ["https"], "subscriptionRequired": false])
    for (id, method, template) in [
      ("page", "GET", "/page"), ("post", "POST", "/data"), ("put", "PUT", "/data"), ("delete", "DELETE", "/data"),
    ] {
      try await put(
        "/apis/web/operations/\(id)", ["displayName": id, "method": method, "urlTemplate": template])
    }
    try await put("/apis/web/policies/policy", ["format": "rawxml", "value": Self.page(home: home, other: other)])
    try await put("/gateways/managed/apis/web", ["provisioningState": "created"])
    var shown = ""
    for _ in 0..<50 where !shown.contains("kept") && !shown.contains("let") {
      try await browser.open(home + "/web/page")
      for _ in 0..<20 where shown.isEmpty {
        shown = (try? await browser.text("#result")) ?? ""
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    #expect(shown == "h2 300000 200 kept")
  }
}
