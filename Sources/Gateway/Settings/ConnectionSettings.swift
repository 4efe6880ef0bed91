import HTTPWire
import NIOCore

extension SettingReader {
  /// A wait of a second at least: with less, nobody could be served.
  mutating func wait(_ name: String) -> TimeAmount {
    let milliseconds = duration(name)
    if milliseconds < 1_000, text(name).flatMap(Setting.milliseconds) != nil {
      problems.append("\(name): expected a second at least, found \"\(text(name) ?? "")\"")
    }
    return .milliseconds(Int64(min(milliseconds, 86_400_000)))
  }

  /// Cipher suites, where any are named.
  mutating func tls(_ name: String) -> TLSChoice {
    guard let text = text(name) else { return TLSChoice() }
    do throws(TLSChoice.Failure) {
      let choice = try TLSChoice(suites: text)
      if choice.hasPartOfTLS13 {
        warnings.append("\(name): the three suites of TLS 1.3 come together; those that are not named are offered, too")
      }
      return choice
    } catch {
      problems.append("\(name): \(error.message)")
      return TLSChoice()
    }
  }
}

extension ClientLimits {
  init(_ reader: inout SettingReader) {
    head.targetBytes = reader.number("net.server.limits.url-bytes")
    head.headBytes = reader.number("net.server.limits.head-kilobytes") << 10
    head.headerCount = reader.number("net.server.limits.header-count")
    let megabytes = reader.number("net.server.limits.body-megabytes")
    bodyBytes = megabytes == 0 ? .max : megabytes << 20
    heldBytes = reader.number("net.server.limits.held-body-megabytes") << 20
  }
}

extension ClientTimeouts {
  init(_ reader: inout SettingReader) {
    head = reader.wait("net.server.timeouts.head")
    body = reader.wait("net.server.timeouts.body")
    keepAlive = reader.wait("net.server.timeouts.keep-alive")
    silence = reader.wait("net.server.timeouts.silence")
  }
}

extension BackendConnections {
  /// A switch of the official gateway for each version, the lowest first.
  private static let versions = ["Tls10", "Tls11", "Tls12", "Tls13"].map {
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.\($0)"
  }

  init(_ reader: inout SettingReader) {
    connect = reader.wait("net.client.timeouts.connect")
    idle = reader.wait("net.client.timeouts.keep-alive")
    lifetime = reader.wait("net.client.timeouts.lifetime")
    tls = reader.tls("net.client.tls.ciphers.allowed-suites")
    do throws(TLSChoice.Failure) {
      try tls.allow(versions: Self.versions.map { reader.boolean($0) })
    } catch {
      reader.problems.append("\(Self.versions[3]) and its kin: \(error.message)")
    }
  }
}
