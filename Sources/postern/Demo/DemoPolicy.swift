/// The policy document of the demo: as it stands, it also runs in Azure API Management.
enum DemoPolicy {
  static func document(otherPlant: String) -> String {
    """
    <policies>
      <inbound>
        <base />
        <!-- Each subscription may ask five times in ten seconds. -->
        <rate-limit-by-key calls="5" renewal-period="10"
            counter-key="@(context.Subscription?.Id ?? context.Request.IpAddress)"
            remaining-calls-header-name="X-Remaining-Calls" />
        <set-header name="X-Caller" exists-action="override">
          <value>@($"{context.Subscription?.Name} through {context.Deployment.Gateway.Id}")</value>
        </set-header>
        <choose>
          <when condition="@(context.Request.Url.Query.GetValueOrDefault("zone", "") == "moon")">
            <return-response>
              <set-status code="400" reason="Bad Request" />
              <set-header name="Content-Type" exists-action="override">
                <value>application/json</value>
              </set-header>
              <set-body>@{
                var zone = context.Request.Url.Query.GetValueOrDefault("zone", "");
                return new JObject(new JProperty("error", $"no clock on the {zone}")).ToString();
              }</set-body>
            </return-response>
          </when>
          <when condition="@(context.Request.Headers.GetValueOrDefault("X-Plant", "A") == "B")">
            <set-backend-service base-url="\(otherPlant)" />
          </when>
        </choose>
      </inbound>
      <backend>
        <base />
      </backend>
      <outbound>
        <base />
        <set-header name="X-Served-By" exists-action="override">
          <value>@(context.Deployment.Gateway.Id + " in " + context.Deployment.Region)</value>
        </set-header>
      </outbound>
      <on-error>
        <base />
      </on-error>
    </policies>
    """
  }
}
