import Foundation
import JSONSchema
import Testing

@testable import PolicyLibrary

/// What a token is made of: base 64 for URLs, and JSON.
struct TokenTextTests {
  @Test func `bytes of every length come back from base 64 for URLs, with padding and without`() {
    var generator = SystemRandomNumberGenerator()
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      let padded = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      #expect(Base64URL.bytes(padded) == bytes)
      #expect(Base64URL.bytes(padded.replacing("=", with: "")) == bytes)
    }
  }

  @Test(arguments: ["A", "AAAAA", "AA+A", "AA/A", "AA A", "AAA=A", "=AAA", "AAé", "AA\n="])
  func `other texts are refused`(_ text: String) { #expect(Base64URL.bytes(text) == nil) }

  @Test func `claims keep their kinds, and a whole number may have a fraction`() {
    let json = #"{"s":"x","n":5,"f":1.5,"w":2.0,"b":true,"z":null,"a":["p","q",7],"o":{"k":"v"},"s2":"é\n"}"#
    let claims = JSONObject(json: Array(json.utf8))
    #expect(claims?["s"] == .text("x") && claims?["n"] == .integer(5) && claims?["f"] == .real(1.5))
    #expect(claims?["w"]?.texts == ["2"] && claims?["b"] == .bool(true) && claims?["z"] == .null)
    #expect(claims?["a"]?.texts == ["p", "q", "7"] && claims?["o"] == ["k": .text("v")])
    #expect(claims?["s2"]?.text == "é\n")
  }

  @Test(arguments: ["", "[]", "{\"a\":1", "{\"a\":1}x", "nonsense"])
  func `what is no JSON object has no claims`(_ text: String) { #expect(JSONObject(json: Array(text.utf8)) == nil) }
}
