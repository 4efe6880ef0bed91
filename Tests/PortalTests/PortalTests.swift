import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// The portal in a real Chromium, in front of the real process.
@Suite(.timeLimit(.minutes(3))) struct PortalTests {
  @Test func `an engineer signs in, creates a gateway, takes its env.conf and sees its request`() async throws {
    try await Browser.telling { try await story($0, $1) }
  }

  private func story(_ browser: Browser, _ service: RunningService) async throws {
    let (portal, gateway) = (service.portal, "http://127.0.0.1:\(service.gatewayHTTPPort)")
    let client = HTTPClient.shared
    for _ in 0..<200 {
      let answer = try? await client.execute(HTTPClientRequest(url: portal + "/livez"), timeout: .seconds(5))
      if answer?.status == .ok { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    try await browser.open(portal + "/")
    try await browser.type("wrong", into: "#credential")
    try await browser.click("main button")
    #expect(try await browser.shows("not the administrator credential", in: ".error"))
    try await browser.type(service.credential, into: "#credential")
    try await browser.click("main button")
    #expect(try await browser.shows("No self-hosted gateway yet", in: "main"))

    try await browser.type("plant", into: "#name")
    try await browser.type("Hall <7>", into: "#location")
    try await browser.click("main button")
    #expect(try await browser.reaches(portal + "/portal/gateways/plant"))
    #expect(try await browser.shows("not connected · Hall <7>", in: "main section"))
    try await browser.click("#deployment button")
    #expect(try await browser.shows("config.service.auth=GatewayKey plant&", in: "#env"))
    #expect(try await browser.text("#deployment").contains("docker run"))
    // A page that is blank or broken compresses to a few kilobytes.
    #expect(try await browser.screenshot().count > 40_000)

    for _ in 0..<50 {
      let answer = try await client.execute(HTTPClientRequest(url: gateway + "/nowhere"), timeout: .seconds(5))
      if answer.status.code == 404 { break }
      try await Task.sleep(for: .milliseconds(100))
    }
    var page = ""
    for _ in 0..<50 where !page.contains("OperationNotFound") {
      try await browser.open(portal + "/portal/requests?gateway=managed")
      page = try await browser.text("main")
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(page.contains("/nowhere") && page.contains("OperationNotFound"))
    #expect(try await browser.screenshot().count > 20_000)
    try await browser.click("header button")
    #expect(try await browser.reaches(portal + "/portal/sign-in"))
    try await browser.open(portal + "/portal/requests")
    #expect(try await browser.reaches(portal + "/portal/sign-in"))
  }
}
