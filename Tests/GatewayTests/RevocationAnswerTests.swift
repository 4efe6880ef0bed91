import DotNet
import Foundation
import Testing

/// What authorities answer, as OpenSSL writes it, and as it is read.
@Suite(.enabled(if: SystemTool.openssl.isInstalled, "scripts/install test"))
struct RevocationAnswerTests {
  private static let secondTicks: Int64 = 10_000_000
  private static var now: Int64 {
    Int64(Date().timeIntervalSince1970) * secondTicks + DateTimeValue.unixEpochTicks
  }

  /// The question of a certificate of the authority.
  private func question(_ authority: RevokingAuthority, _ file: String) throws -> RevocationQuestion {
    let trust = CertificateTrust(roots: [try authority.certificate("ca")])
    let questions = try #require(trust.revocationQuestions(from: try authority.certificate(file), at: Self.now))
    #expect(questions.count == 1)
    return try #require(questions.first)
  }

  /// The status, or what is wrong with the answer.
  private func outcome(_ answer: [UInt8], _ question: RevocationQuestion, at now: Int64 = now) -> String {
    let request = ResponderRequest(question, nonce: Array(repeating: 7, count: 32))
    do throws(RevocationFailure) {
      let (status, until) = try request.status(answer, at: now)
      return until > now ? "\(status)" : "\(status), over already"
    } catch {
      return error.message
    }
  }

  private func outcome(list: [UInt8], _ question: RevocationQuestion, at now: Int64 = now) -> String {
    do throws(RevocationFailure) {
      return "\(try RevocationList(list, for: question, at: now).status(question))"
    } catch {
      return error.message
    }
  }

  private static let unsigned = "The answer is not signed by the authority or a responder of it."

  @Test func `an answer counts when the authority or its responder signed it and it is about the certificate`()
    async throws
  {
    let authority = try await RevokingAuthority()
    for (file, serial) in [("device", "1001"), ("lost", "1002"), ("stranger", "1003")] {
      try await authority.issue(file, serial: serial, responder: "http://127.0.0.1:1/")
    }
    let device = try question(authority, "device")
    #expect(device.sources == [.responder("http://127.0.0.1:1/")])
    let good = try await authority.answer("1001")
    #expect(outcome(good, device) == "good")
    let delegated = try await authority.answer("1001", signer: "responder")
    #expect(outcome(delegated, device) == "good")
    let revoked = try await authority.answer("1002", signer: "responder")
    #expect(outcome(revoked, try question(authority, "lost")) == "revoked")
    #expect(outcome(revoked, device) == "The answer speaks of other certificates.")
    let unknown = try await authority.answer("1003")
    #expect(outcome(unknown, try question(authority, "stranger")) == "The responder does not know the certificate.")
    // A certificate of the authority that is not for this.
    let plain = try await authority.answer("1001", signer: "plain")
    #expect(outcome(plain, device) == Self.unsigned)
    // Another authority of the same name.
    let other = try await RevokingAuthority()
    for signer in ["ca", "responder"] {
      let forged = try await authority.answer("1001", signer: signer, signerFolder: other.folder.path)
      #expect(outcome(forged, device) == Self.unsigned)
    }
    let replayed = try await authority.answer("1001", nonce: true)
    #expect(outcome(replayed, device) == "The answer is one to another request.")
  }

  @Test func `an answer holds from its time until the next one's`() async throws {
    let authority = try await RevokingAuthority()
    try await authority.issue("device", serial: "1001", responder: "http://127.0.0.1:1/")
    let device = try question(authority, "device")
    let answer = try await authority.answer("1001")
    #expect(outcome(answer, device, at: Self.now + 86_000 * Self.secondTicks) == "good")
    #expect(outcome(answer, device, at: Self.now + 87_000 * Self.secondTicks) == "The answer is expired.")
    #expect(outcome(answer, device, at: Self.now - 3_600 * Self.secondTicks) == "The answer is of a time to come.")
  }

  @Test func `what is no answer, or is changed or cut anywhere, says nothing`() async throws {
    let authority = try await RevokingAuthority()
    try await authority.issue("device", serial: "1001", responder: "http://127.0.0.1:1/")
    let device = try question(authority, "device")
    let answer = try await authority.answer("1001", signer: "responder")
    for text in ["", "<html></html>", "0", "\u{30}\u{7f}"] {
      #expect(outcome(Array(text.utf8), device) == "The answer is no OCSP response.")
    }
    // tryLater.
    #expect(outcome([0x30, 3, 0x0a, 1, 3], device) == "The responder answered tryLater.")
    for length in 0..<answer.count { #expect(outcome(Array(answer.prefix(length)), device) != "good") }
    // What is behind the signature's key (the delegate's certificate) is signed by the authority instead.
    for place in 0..<answer.count {
      var changed = answer
      changed[place] ^= 0x40
      let found = outcome(changed, device)
      #expect(found != "revoked" && !found.hasSuffix("over already"), "byte \(place)")
    }
  }

  @Test func `a revocation list counts when it is the authority's own, whole, in its time and for the certificate`()
    async throws
  {
    let authority = try await RevokingAuthority()
    let address = "http://127.0.0.1:1/plant.crl"
    for (file, serial) in [("device", "1001"), ("lost", "1002")] {
      try await authority.issue(file, serial: serial, lists: ["ldap:///CN=Plant", address])
    }
    let (device, lost) = (try question(authority, "device"), try question(authority, "lost"))
    #expect(device.sources == [.list(address)])
    let list = try await authority.list()
    #expect(outcome(list: list, device) == "good")
    #expect(outcome(list: list, lost) == "revoked")
    let expired = outcome(list: list, lost, at: Self.now + 87_000 * Self.secondTicks)
    #expect(expired == "The revocation list is expired.")
    let early = outcome(list: list, lost, at: Self.now - 3_600 * Self.secondTicks)
    #expect(early == "The revocation list is of a time to come.")
    let users = try await authority.list(extensions: "users")
    #expect(outcome(list: users, lost) == "revoked")
    // One of another distribution point in this one's place.
    let point = try await authority.list(extensions: "point")
    #expect(outcome(list: point, lost) == "The revocation list is for other certificates.")
    let namesake = try await RevokingAuthority().list()
    #expect(outcome(list: namesake, lost) == "The revocation list is not signed by the authority.")
    let other = try await RevokingAuthority("Others").list()
    #expect(outcome(list: other, lost) == "The revocation list is another authority's.")
    for length in 0..<list.count {
      #expect(outcome(list: Array(list.prefix(length)), lost) == "The answer is no revocation list.")
    }
  }

  @Test func `nothing is asked of certificates that name no address over http, nor of those nobody believes`()
    async throws
  {
    let authority = try await RevokingAuthority()
    try await authority.issue("silent", serial: "1001")
    try await authority.issue(
      "directory", serial: "1002", responder: "https://127.0.0.1:1/", lists: ["ldap:///CN=Plant"])
    try await authority.issue("device", serial: "1003", responder: "http://127.0.0.1:1/")
    let trust = CertificateTrust(roots: [try authority.certificate("ca")])
    for file in ["silent", "directory"] {
      #expect(trust.revocationQuestions(from: try authority.certificate(file), at: Self.now)?.count == 0)
    }
    let nobody = CertificateTrust(roots: [])
    let questions = nobody.revocationQuestions(from: try authority.certificate("device"), at: Self.now)
    #expect(questions?.count == nil)
  }

  @Test func `authorities in between are asked after, too, and their lists are for them`() async throws {
    let authority = try await RevokingAuthority()
    let address = "http://127.0.0.1:1/plant.crl"
    try await authority.issue("issuing", serial: "1002", lists: [address], isAuthority: true)
    try await authority.issue("device", serial: "01", responder: "http://127.0.0.1:1/", by: "issuing")
    let pem = try ["device", "issuing"].map { try String(contentsOfFile: authority.path("\($0).pem"), encoding: .utf8) }
    let trust = CertificateTrust(roots: [try authority.certificate("ca")])
    let device = try CertificateValue(pem: pem.joined(separator: "\n"))
    let questions = try #require(trust.revocationQuestions(from: device, at: Self.now))
    #expect(questions.map(\.sources) == [[.responder("http://127.0.0.1:1/")], [.list(address)]])
    let issuing = try #require(questions.last)
    #expect(issuing.certificate.subject == "CN=issuing" && issuing.issuer.subject == "CN=Plant Authority")
    let list = try await authority.list()
    #expect(outcome(list: list, issuing) == "revoked")
    let users = try await authority.list(extensions: "users")
    #expect(outcome(list: users, issuing) == "The revocation list is for other certificates.")
  }
}
