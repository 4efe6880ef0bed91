import AsyncHTTPClient
import ChildProcesses
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// One answer, whole.
struct DemoAnswer: Sendable {
  var status: Int
  var reason: String
  var headers: [(name: String, value: String)]
  var body: Data

  var text: String { String(decoding: body, as: UTF8.self) }
  func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

  /// The member at a path of names in a JSON body.
  func json(_ path: String...) -> Any? {
    var value = try? JSONSerialization.jsonObject(with: body)
    for name in path { value = (value as? [String: Any])?[name] }
    return value
  }

  /// As it came over the wire, for the reader.
  var shown: String {
    let head = headers.filter { !["date", "server", "connection"].contains($0.name.lowercased()) }
      .map { "\($0.name): \($0.value)" }
    return (["HTTP/1.1 \(status) \(reason)"] + head + (body.isEmpty ? [] : ["", text])).joined(separator: "\n")
  }
}

/// Plain requests, as a user with curl makes them.
struct DemoHTTP: Sendable {
  let client: HTTPClient

  func send(
    _ method: String, _ url: String, headers: [(String, String)] = [], json: Any? = nil
  ) async throws -> DemoAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = HTTPMethod(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let json {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(data: try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys])))
    }
    let response = try await client.execute(request, timeout: .seconds(20))
    let body = try await response.body.collect(upTo: 16 << 20)
    return DemoAnswer(
      status: Int(response.status.code), reason: response.status.reasonPhrase,
      headers: response.headers.map { ($0.name, $0.value) }, body: Data(buffer: body))
  }
}

/// The management REST API, as a platform engineer's script uses it.
struct DemoManagement: Sendable {
  let http: DemoHTTP
  let endpoint: String
  let credential: String
  let service: String

  static let apiVersion = "2024-05-01"

  func url(_ path: String) -> String {
    let separator = path.contains("?") ? "&" : "?"
    return "\(endpoint)\(service)\(path)\(separator)api-version=\(Self.apiVersion)"
  }

  @discardableResult
  func call(_ method: String, _ path: String, _ properties: [String: Any]? = nil, body: Any? = nil) async throws
    -> DemoAnswer
  {
    let json: Any? = body ?? properties.map { ["properties": $0] }
    let answer = try await http.send(
      method, url(path),
      headers: [("Authorization", "Bearer \(credential)"), ("If-Match", "*")].filter {
        method != "PUT" || $0.0 != "If-Match"
      }, json: json)
    guard (200...299).contains(answer.status) else {
      throw ChildProcess.Failure("\(method) \(path) was answered \(answer.status): \(answer.text)")
    }
    return answer
  }
}
