import AsyncHTTPClient
import ChildProcesses
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Testing

/// A real Chromium, driven over the WebDriver protocol.
final class Browser: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private let driver: ChildProcess
  private let base: String
  private let client = HTTPClient(eventLoopGroupProvider: .singleton)
  private let session: String

  /// Has a browser and a service for as long as a story takes, and an issue where there is no Chromium.
  static func telling(
    acceptsAnyCertificate: Bool = false, _ story: (Browser, RunningService) async throws -> Void
  ) async throws {
    guard let browser = try await start(acceptsAnyCertificate: acceptsAnyCertificate) else {
      Issue.record("chromium-driver is missing: scripts/install test")
      return
    }
    let outcome: Result<Void, any Error>
    do {
      try await RunningService.serving { try await story(browser, $0) }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await browser.stop()
    try outcome.get()
  }

  /// Nil where there is no Chromium with its driver.
  /// - Parameter acceptsAnyCertificate: a page may have a certificate that nobody has signed.
  private static func start(acceptsAnyCertificate: Bool = false) async throws -> Browser? {
    let path = "/usr/bin/chromedriver"
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    return try await Browser(driver: path, acceptsAnyCertificate)
  }

  private init(driver path: String, _ acceptsAnyCertificate: Bool) async throws {
    let port = try FreePort.find()
    driver = try ChildProcess(path, ["--port=\(port)"])
    base = "http://127.0.0.1:\(port)"
    let options: [String: Any] = [
      "capabilities": [
        "alwaysMatch": [
          "acceptInsecureCerts": acceptsAnyCertificate,
          "goog:chromeOptions": [
            "args": [
              "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000",
            ]
          ],
        ]
      ]
    ]
    var answer: Any?
    for _ in 0..<100 where answer == nil {
      answer = try? await Browser.call(client, "POST", base + "/session", options)
      if answer == nil { try await Task.sleep(for: .milliseconds(100)) }
    }
    guard let value = answer as? [String: Any], let id = value["sessionId"] as? String else {
      driver.terminate()
      throw Failure(description: "Chromium did not start")
    }
    session = "\(base)/session/\(id)"
  }

  func stop() async {
    _ = try? await Browser.call(client, "DELETE", session, nil)
    driver.terminate()
    try? await client.shutdown()
  }

  private static func call(_ client: HTTPClient, _ method: String, _ url: String, _ body: Any?) async throws -> Any {
    var request = HTTPClientRequest(url: url)
    request.method = HTTPMethod(rawValue: method)
    if let body { request.body = .bytes(ByteBuffer(data: try JSONSerialization.data(withJSONObject: body))) }
    let response = try await client.execute(request, timeout: .seconds(30))
    let data = Data(buffer: try await response.body.collect(upTo: 32 << 20))
    let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    guard response.status == .ok else { throw Failure(description: String(decoding: data.prefix(500), as: UTF8.self)) }
    return json?["value"] ?? NSNull()
  }

  private func call(_ method: String, _ path: String, _ body: Any? = nil) async throws -> Any {
    try await Browser.call(client, method, session + path, body)
  }

  func open(_ url: String) async throws { _ = try await call("POST", "/url", ["url": url]) }

  private func element(_ selector: String) async throws -> String {
    let value = try await call("POST", "/element", ["using": "css selector", "value": selector])
    guard let id = (value as? [String: String])?.values.first else {
      throw Failure(description: "no element \(selector)")
    }
    return id
  }

  func type(_ text: String, into selector: String) async throws {
    _ = try await call("POST", "/element/\(try await element(selector))/value", ["text": text])
  }

  func click(_ selector: String) async throws {
    _ = try await call("POST", "/element/\(try await element(selector))/click", [String: String]())
  }

  func text(_ selector: String) async throws -> String {
    try await call("GET", "/element/\(try await element(selector))/text") as? String ?? ""
  }

  /// Whether the browser comes to an address within five seconds; a click does not wait for the next page.
  func reaches(_ url: String) async throws -> Bool {
    for _ in 0..<100 {
      if try await address().hasPrefix(url) { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  /// Whether an element shows a text within five seconds.
  func shows(_ text: String, in selector: String) async throws -> Bool {
    for _ in 0..<100 {
      if let found = try? await self.text(selector), found.contains(text) { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  func address() async throws -> String { try await call("GET", "/url") as? String ?? "" }

  /// The page as a PNG.
  func screenshot() async throws -> Data {
    Data(base64Encoded: try await call("GET", "/screenshot") as? String ?? "") ?? Data()
  }
}
