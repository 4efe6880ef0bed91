import OData

/// The address of a request to an OData API: its path and options, without a model and held against one; or a metadata
/// document, and requests held against it.
extension FuzzCase {
  static let metadata = FuzzCase(name: "metadata", dictionary: metadataWords) { input in
    guard let model = try? ODataModel(String(decoding: input, as: UTF8.self)), let version = ODataVersion("4.01") else {
      return false
    }
    for path in ["/Products(1)/Category/Products/$count", "/Best/Shop.Similar(limit=1)(ID=2)", "/Top(n=1)/Shop.Bundle"]
    {
      _ =
        ODataRequest(
          path: path,
          options: [
            ("$filter", "Name eq 'a' and Shop.Bundle/Parts/any(p:p/Price gt 1)"),
            ("$expand", "Category,Parts($select=Name)"),
          ],
          version: version, model: model
        ).problems
    }
    return true
  }

  static let odata = FuzzCase(name: "odata", dictionary: words) { input in
    let text = String(decoding: input, as: UTF8.self)
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let options = parts.dropFirst().first.map { query in
      query.split(separator: "&").map { option in
        let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (name: String(pair[0]), value: String(pair.dropFirst().first ?? ""))
      }
    }
    guard let version = ODataVersion("4.01"), let model else { return false }
    let path = String(parts.first ?? "")
    let isValid = ODataRequest(path: path, options: options ?? [], version: version).problems.isEmpty
    let isKnown = ODataRequest(path: path, options: options ?? [], version: version, model: model).problems.isEmpty
    if isKnown, !isValid { broken("odata: a model takes what is no request") }
    return isValid
  }

  private static let model = try? ODataModel(
    """
    <e:Edmx Version="4.0" xmlns:e="http://docs.oasis-open.org/odata/ns/edmx"><e:DataServices>
    <Schema Namespace="NS" xmlns="http://docs.oasis-open.org/odata/ns/edm"><EntityType Name="Product"><Key>
    <PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32"/><Property Name="Name" Type="Edm.String"/>
    <Property Name="Price" Type="Edm.Decimal"/><NavigationProperty Name="Items" Type="Collection(NS.Product)"/>
    <NavigationProperty Name="Category" Type="NS.Product"/></EntityType><Function Name="Func" IsBound="true"><Parameter
    Name="it" Type="NS.Product"/><Parameter Name="a" Type="Edm.String"/><ReturnType Type="Collection(NS.Product)"/>
    </Function><EntityContainer Name="C"><EntitySet Name="Products" EntityType="NS.Product"/></EntityContainer></Schema>
    </e:DataServices></e:Edmx>
    """)

  private static let metadataWords = [
    "<Schema Namespace=\"Shop\">", "</Schema>", "<EntityType Name=\"Product\" BaseType=\"Shop.Bundle\">",
    "</EntityType>", "<ComplexType Name=\"Size\"/>", "<Property Name=\"ID\" Type=\"Edm.Int32\"/>",
    "<NavigationProperty Name=\"Parts\" Type=\"Collection(Shop.Product)\"/>", "<Key><PropertyRef Name=\"ID\"/></Key>",
    "<EntitySet Name=\"Products\" EntityType=\"Shop.Product\"/>", "<Singleton Name=\"Best\" Type=\"Self.Bundle\"/>",
    " Extends=\"Shop.C\"", " IsBound=\"true\"", " OpenType=\"true\"", " Alias=\"Self\"", "Shop.", "Self.", "Edm.",
    "Collection(", ")", "<ReturnType Type=\"Shop.Product\"/>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<![CDATA[",
  ]

  private static let words = [
    "$filter=", "$orderby=", "$select=", "$expand=", "$top=5", "$skip=", "$count=true", "$search=", "$apply=",
    "$compute=",
    " eq ", " and ", " or ", "not ", " in (1,2)", "contains(Name,'a')", "any(d:d/Quantity gt 100)", "/$count", "/$ref",
    "(", ")", "'", "''", ",", ";", "/", "@p", "null", "2026-01-02T03:04:05Z", "duration'PT1S'", "-1.5e3", "desc",
    "as X",
    "Products(1)", "Items($filter=a eq 1;$top=2)", "%20", "%", "$it", "[1,2]", "{\"a\":1}",
  ]
}
