import Testing

@testable import ManagementAPI

/// Services of gRPC out of `.proto` files.
struct ServiceDefinitionTests {
  private static let file = """
    syntax = "proto3"; // what else
    /* A shop;
       service Not { } */
    package shop.v1;
    import "google/protobuf/empty.proto";
    option java_package = "a.b{";
    message Order { string id = 1; message Line { int32 count = 1; } }
    service Orders {
      option deprecated = true;
      rpc Place (Order) returns (Order);
      rpc Watch(Order) returns (stream .shop.v1.Order) { option (google.api.http) = { get: "/v1/{id=*}" }; }
      rpc Fill (stream Order) returns (google.protobuf.Empty) {}
      rpc Talk (stream stream) returns (stream Order);
    }
    """

  @Test func `methods are found with their package and their kind`() throws {
    let definition = try ServiceDefinition(Self.file)
    #expect(
      definition.methods.map { "\($0.path) \($0.kind.rawValue)" } == [
        "/shop.v1.Orders/Place Unary", "/shop.v1.Orders/Watch Server streaming",
        "/shop.v1.Orders/Fill Client streaming",
        "/shop.v1.Orders/Talk Bidirectional streaming",
      ])
    #expect(definition.methods.first?.id == "shop-v1-Orders-Place")
  }

  @Test(arguments: [
    ("", 1), ("message A {}", 1), ("service A {\n rpc B (C) returns (D);", 2), ("service A {\n rpc B C", 2),
    ("\n\nservice A { foo }", 3), ("/* ", 1), ("service A { rpc B (C) returns (D); rpc B (C) returns (D); }", 1),
    ("option a = \"", 1), ("message A {", 1),
  ])
  func `what is no definition is refused with its line`(text: String, line: Int) {
    do throws(ServiceDefinition.Failure) {
      _ = try ServiceDefinition(text)
      Issue.record("not refused: \(text)")
    } catch {
      #expect(error.line == line, "\(error.message)")
    }
  }
}
