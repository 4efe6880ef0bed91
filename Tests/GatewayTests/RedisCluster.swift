import ChildProcesses
import Foundation
import GatewayConfiguration

/// A real cluster of Redis on free ports of loopback, ended with the test: servers that share the slots evenly, and perhaps
/// replicas of the first ones.
final class RedisCluster {
  let servers: [RedisServer]
  let replicas: [RedisServer]

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// - Parameter tls: files of a certificate and its key, with which servers are encrypted on ports of their own, and among
  ///   each other.
  init(
    _ count: Int = 3, replicas replicaCount: Int = 0, _ arguments: [String] = [],
    tls: (certificate: String, key: String)? = nil
  ) async throws {
    func server() async throws -> RedisServer {
      var arguments = arguments
      if let tls {
        arguments += [
          "--tls-port", "\(try FreePort.find())", "--tls-cluster", "yes", "--tls-cert-file", tls.certificate,
          "--tls-key-file", tls.key, "--tls-ca-cert-file", tls.certificate, "--tls-auth-clients", "no",
        ]
      }
      return try await RedisServer(
        [
          "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port",
          "\(try FreePort.find())", "--cluster-node-timeout", "3000", "--cluster-require-full-coverage", "no",
          "--repl-diskless-sync-delay", "0",
        ] + arguments)
    }
    var (servers, replicas): ([RedisServer], [RedisServer]) = ([], [])
    for _ in 0..<count { servers.append(try await server()) }
    for _ in 0..<replicaCount { replicas.append(try await server()) }
    (self.servers, self.replicas) = (servers, replicas)
    for (index, server) in servers.enumerated() {
      let (first, next) = (16_384 * index / count, 16_384 * (index + 1) / count)
      try await expect("OK", of: server, "cluster", "addslotsrange", "\(first)", "\(next - 1)")
    }
    for other in (servers + replicas).dropFirst() {
      let port = other.value(of: "--tls-port") ?? "\(other.port)"
      let bus = other.value(of: "--cluster-port") ?? ""
      try await expect("OK", of: servers[0], "cluster", "meet", "127.0.0.1", port, bus)
    }
    try await waitUntilKnown(count + replicaCount)
    for (index, replica) in replicas.enumerated() {
      try await expect("OK", of: replica, "cluster", "replicate", try await id(of: servers[index]))
    }
    // The others must know of a replica, and it must have what its server has, before it can stand in.
    let isWhole = try await eventually {
      for replica in replicas {
        guard try await replica.ask("info", "replication").contains("master_link_status:up") else { return false }
      }
      for server in servers {
        let nodes = try await server.ask("cluster", "nodes").split(separator: "\n")
        if nodes.filter({ $0.contains("slave") }).count != replicaCount { return false }
      }
      return true
    }
    guard isWhole else { throw Failure(description: "replicas are not known") }
  }

  private func waitUntilKnown(_ count: Int) async throws {
    let isKnown = try await eventually {
      for server in servers + replicas {
        let info = try await server.ask("cluster", "info")
        guard info.contains("cluster_state:ok"), info.contains("cluster_known_nodes:\(count)") else { return false }
        // Somebody who is known by a handshake alone has no slots yet.
        guard try await server.ask("cluster", "slots").contains("127.0.0.1") else {
          return false
        }
      }
      return true
    }
    guard isKnown else { throw Failure(description: "the servers do not find each other") }
  }

  private func expect(_ answer: String, of server: RedisServer, _ words: String...) async throws {
    let said = try await server.ask(words)
    guard said == answer else { throw Failure(description: "\(words): \(said)") }
  }

  func id(of server: RedisServer) async throws -> String { try await server.ask("cluster", "myid") }

  /// The server that has a slot as the cluster was made.
  func index(of slot: Int) -> Int {
    servers.indices.first { slot < 16_384 * ($0 + 1) / servers.count } ?? 0
  }

  /// Names one server; the others are to be found.
  func connection(_ options: String = "", by index: Int = 0) throws -> RedisConnection {
    try servers[index].connection(options)
  }
}
