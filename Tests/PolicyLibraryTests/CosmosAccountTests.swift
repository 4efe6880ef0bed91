import Expressions
import PolicySyntax
import Testing

@testable import PolicyLibrary

struct CosmosAccountTests {
  private static let key =
    "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw=="

  /// The example of Azure's page on access control for Cosmos DB's REST API; Python's `hmac.new(base64.b64decode(key),
  /// b"get\ndbs\ndbs/ToDoList\nthu, 27 apr 2017 00:51:12 gmt\n\n", "sha256")` gives the same.
  @Test func `a request is signed as Azure's example is`() throws {
    let account = try CosmosAccount(
      "AccountEndpoint=https://a.documents.azure.com;AccountKey=\(Self.key);", usesIdentity: false)
    let key = try #require(account.key)
    let value = CosmosAccount.authorization(
      "GET", "dbs", "dbs/ToDoList", date: "Thu, 27 Apr 2017 00:51:12 GMT", key: key)
    #expect(value == "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D")
  }

  @Test func `a connection string names an endpoint and a key, in any case and with white space`() throws {
    let account = try CosmosAccount(
      " accountendpoint = https://a.\n documents.azure.com:443/ ; ACCOUNTKEY=\(Self.key) ;\n", usesIdentity: false)
    #expect(account.endpoint.text == "https://a.documents.azure.com/")
    #expect(account.key?.count == 64)
    let ours = try CosmosAccount("AccountEndpoint=https://localhost:8081/;AccountKey=eA==", usesIdentity: true)
    #expect(ours.key == nil)
    #expect(ours.identityResource == "https://localhost")
    #expect(CosmosAccount.authorization(identityToken: "a.b+c") == "type%3Daad%26ver%3D1.0%26sig%3Da.b%2Bc")
  }

  @Test func `a text that is no connection string is refused`() {
    for text in [
      "", "AccountKey=eA==", "AccountEndpoint=ftp://a;AccountKey=eA==", "AccountEndpoint=https://a/b;AccountKey=eA==",
      "AccountEndpoint=https://a?x;AccountKey=eA==", "AccountEndpoint=https://a",
      "AccountEndpoint=https://a;AccountKey=",
      "AccountEndpoint=https://a;AccountKey=?", "AccountEndpoint=https://a;AccountKey=eA==;Database=b",
      "AccountEndpoint=https://a;eA==",
    ] {
      #expect(throws: CosmosAccount.Failure.self) { try CosmosAccount(text, usesIdentity: false) }
    }
  }

  @Test func `no complaint shows what a connection string holds, secret or not`() throws {
    let document = """
      <cosmosdb-data-source>
        <connection-info>
          <connection-string>
            AccountEndpoint=a.documents.azure.com;AccountKey={{key}}hunter2
          </connection-string>
          <database-name>d</database-name>
          <container-name>c</container-name>
        </connection-info>
        <read-request><id>1</id></read-request>
      </cosmosdb-data-source>
      """
    var environment = PolicyEnvironment()
    environment.namedValues = NamedValues(["key": "s3cret"], secrets: ["key"])
    let found = PolicyCheck.diagnostics(resolver: document, in: environment)
    let complaint = try #require(found.first)
    #expect(found.count == 1)
    #expect(complaint.code == "PL0125")
    #expect(complaint.position.line == 4)
    #expect(complaint.position.column == 7)
    for secret in ["s3cret", "hunter2"] {
      #expect(!complaint.description.contains(secret))
      #expect(!complaint.offendingText.contains(secret))
    }
  }
}
