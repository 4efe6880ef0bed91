import Foundation
import PolicyLibrary
import Testing

struct PolicyReferenceTests {
  /// The elements of Azure's policy reference, with those of the policy toolkit.
  private static let reference = """
    authentication-basic authentication-certificate authentication-managed-identity azure-openai-emit-token-metric
    azure-openai-semantic-cache-lookup azure-openai-semantic-cache-store azure-openai-token-limit base cache-lookup
    cache-lookup-value cache-remove-value cache-store cache-store-value cache-value check-header choose cors
    cosmosdb-data-source cross-domain emit-metric find-and-replace forward-request get-authorization-context
    http-data-source include-fragment invoke-dapr-binding invoke-request ip-filter json-to-xml jsonp limit-concurrency
    llm-content-safety llm-emit-token-metric llm-semantic-cache-lookup llm-semantic-cache-store llm-token-limit
    log-to-eventhub mock-response proxy publish-event publish-to-dapr quota quota-by-key rate-limit rate-limit-by-key
    redirect-content-urls retry return-response rewrite-uri send-one-way-request send-request send-service-bus-message
    set-backend-service set-body set-graphql-resolver set-header set-method set-query-parameter set-status set-variable
    sql-data-source trace validate-azure-ad-token validate-client-certificate validate-content validate-graphql-request
    validate-headers validate-jwt validate-odata-request validate-parameters validate-status-code wait xml-to-json
    xsl-transform
    """

  @Test func `every policy of the reference is known, and no other`() {
    let wanted = Self.reference.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(PolicyReference.names == wanted.sorted())
  }

  @Test func `the reference is what its command prints`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/policy-reference.md"), encoding: .utf8)
    #expect(
      text == PolicyReference.markdown, "run: .build/debug/postern policy reference > docs/policy-reference.md")
  }

  @Test func `attributes and children are those that definitions ask for`() {
    let text = PolicyReference.markdown
    #expect(text.contains("| `check-header` | inbound | all | `name*`(E)"))
    #expect(text.contains("‹`value`›"))
    #expect(text.contains("`validate-as* json/xml/soap`"))
    #expect(text.contains("‹`content-type-map` `any-content-type-value` `missing-content-type-value` ‹`type` `from`"))
    #expect(text.contains("| `http-data-source` | ‹`http-request` ‹`set-backend-service`›"))
  }
}
