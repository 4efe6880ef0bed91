import ControlPlaneStore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import ManagementAPI
import NIOCore
import Testing

/// What the REST API answers.
struct Answer {
  var status: Int
  var etag: String?
  var body: JSON
}

/// A client of the REST API with the administrator's credential, unless it is given another.
struct Client {
  let client: any TestClientProtocol
  let credential: String

  func call(
    _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: [HTTPField.Name: String] = [:]
  ) async throws -> Answer {
    var fields: HTTPFields = [.authorization: "Bearer \(credential)"]
    for (name, value) in headers { fields[name] = value }
    let response = try await client.executeRequest(
      uri: ManagementService.resourceID + path, method: method, headers: fields,
      body: body.map { ByteBuffer(string: $0) })
    let json = response.body.readableBytes == 0 ? JSON.null : try JSON(parsing: response.body.readableBytesView)
    return Answer(status: response.status.code, etag: response.headers[.eTag], body: json)
  }
}

/// A service with an empty store, without a network; it is opened again afterwards.
func withService(_ body: @escaping @Sendable (Client, ManagementService) async throws -> Void) async throws {
  let directory = FileManager.default.temporaryDirectory.appending(path: "management-" + UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  let opened = try await ManagementService.open(
    directory: directory, gatewayEndpoint: "https://service:9443", certificateAuthority: Data([1, 2, 3]))
  let credential = try #require(opened.administratorCredential)
  let router = Router()
  ManagementRoutes(service: opened.service).add(to: router)
  try await Application(router: router, logger: Logger(label: "test")).test(.router) { client in
    try await body(Client(client: client, credential: credential), opened.service)
  }
  let again = try await ManagementService.open(
    directory: directory, gatewayEndpoint: "https://service:9443", certificateAuthority: nil)
  #expect(again.administratorCredential == nil)
  #expect(again.service.isAdministrator(credential))
}
