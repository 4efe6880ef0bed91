import OData
import Testing

/// A model with everything that a document may hold, in two schemas.
enum ShopModel {
  static let text = #"""
    <?xml version="1.0" encoding="utf-8"?>
    <edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
      <edmx:Reference Uri="https://elsewhere/$metadata">
        <edmx:Include Namespace="Org.Elsewhere.V1" Alias="Else"/>
      </edmx:Reference>
      <edmx:DataServices>
        <Schema Namespace="Shop" Alias="Self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
          <EntityType Name="Thing" Abstract="true">
            <Key><PropertyRef Name="ID"/></Key>
            <Property Name="ID" Type="Edm.Int32" Nullable="false"/>
          </EntityType>
          <EntityType Name="Product" BaseType="Self.Thing">
            <Property Name="Name" Type="Edm.String"/>
            <Property Name="Price" Type="Edm.Decimal"/>
            <Property Name="Colour" Type="Shop.Colour"/>
            <Property Name="Weight" Type="Shop.Weight"/>
            <Property Name="Tags" Type="Collection(Edm.String)"/>
            <Property Name="Size" Type="Shop.Size"/>
            <Property Name="Boxes" Type="Collection(Shop.Size)"/>
            <Property Name="Photo" Type="Edm.Stream"/>
            <Property Name="More" Type="Edm.Untyped"/>
            <NavigationProperty Name="Category" Type="Self.Category" Partner="Products"/>
            <NavigationProperty Name="Supplier" Type="Else.Supplier"/>
          </EntityType>
          <EntityType Name="Bundle" BaseType="Shop.Product">
            <Property Name="Discount" Type="Edm.Double"/>
            <NavigationProperty Name="Parts" Type="Collection(Shop.Product)"/>
          </EntityType>
          <EntityType Name="Category" OpenType="true">
            <Key><PropertyRef Name="Code"/></Key>
            <Property Name="Code" Type="Edm.String" Nullable="false"/>
            <NavigationProperty Name="Products" Type="Collection(Shop.Product)"/>
          </EntityType>
          <ComplexType Name="Size">
            <Property Name="Width" Type="Edm.Double"/>
            <NavigationProperty Name="Unit" Type="Sales.Unit"/>
          </ComplexType>
          <EnumType Name="Colour"><Member Name="Red"/></EnumType>
          <TypeDefinition Name="Weight" UnderlyingType="Edm.Decimal"/>
          <Function Name="Similar" IsBound="true" IsComposable="true">
            <Parameter Name="to" Type="Shop.Product"/>
            <Parameter Name="limit" Type="Edm.Int32"/>
            <ReturnType Type="Collection(Shop.Product)"/>
          </Function>
          <Function Name="Cheapest" IsBound="true" IsComposable="true">
            <Parameter Name="of" Type="Collection(Shop.Product)"/>
            <ReturnType Type="Shop.Product"/>
          </Function>
          <Function Name="Tax">
            <Parameter Name="price" Type="Edm.Decimal"/>
            <Parameter Name="land" Type="Edm.String">
              <Annotation Term="Org.OData.Core.V1.OptionalParameter"/>
            </Parameter>
            <ReturnType Type="Edm.Decimal"/>
          </Function>
          <Function Name="Top">
            <Parameter Name="n" Type="Edm.Int32"/>
            <ReturnType Type="Collection(Shop.Product)"/>
          </Function>
          <Action Name="Reserve" IsBound="true">
            <Parameter Name="it" Type="Shop.Product"/>
            <Parameter Name="count" Type="Edm.Int32"/>
          </Action>
          <Action Name="Reset"/>
        </Schema>
        <Schema Namespace="Sales" xmlns="http://docs.oasis-open.org/odata/ns/edm">
          <EntityType Name="Unit">
            <Key><PropertyRef Name="Name"/></Key>
            <Property Name="Name" Type="Edm.String" Nullable="false"/>
          </EntityType>
          <EntityType Name="Order">
            <Key><PropertyRef Name="Year"/><PropertyRef Name="Head/Number" Alias="Number"/></Key>
            <Property Name="Year" Type="Edm.Int32" Nullable="false"/>
            <Property Name="Head" Type="Sales.Head" Nullable="false"/>
            <NavigationProperty Name="Items" Type="Collection(Sales.Item)" ContainsTarget="true"/>
          </EntityType>
          <ComplexType Name="Head"><Property Name="Number" Type="Edm.Int32" Nullable="false"/></ComplexType>
          <EntityType Name="Item">
            <Key><PropertyRef Name="Order"/><PropertyRef Name="Line"/></Key>
            <Property Name="Order" Type="Edm.Int32" Nullable="false"/>
            <Property Name="Line" Type="Edm.Int32" Nullable="false"/>
            <Property Name="Quantity" Type="Edm.Int32"/>
            <NavigationProperty Name="Product" Type="Shop.Product"/>
          </EntityType>
          <EntityContainer Name="Container">
            <EntitySet Name="Products" EntityType="Shop.Product"/>
            <EntitySet Name="Categories" EntityType="Shop.Category"/>
            <EntitySet Name="Orders" EntityType="Sales.Order"/>
            <EntitySet Name="Strangers" EntityType="Else.Stranger"/>
            <Singleton Name="Best" Type="Self.Bundle"/>
            <FunctionImport Name="Tax" Function="Self.Tax"/>
            <FunctionImport Name="Top" Function="Self.Top" EntitySet="Products"/>
            <ActionImport Name="Reset" Action="Self.Reset"/>
          </EntityContainer>
        </Schema>
      </edmx:DataServices>
    </edmx:Edmx>
    """#

  /// A document with this in its one schema, `Shop`.
  static func document(_ schema: String, container: String = "") -> String {
    """
    <edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema Namespace="Shop" xmlns="http://docs.oasis-open.org/odata/ns/edm">\(schema)
    <EntityContainer Name="C">\(container)</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>
    """
  }

  static func problems(
    _ model: String, _ path: String, _ options: [(name: String, value: String)] = []
  ) throws -> [String] {
    let version = try #require(ODataVersion("4.01"))
    let model = try ODataModel(model)
    return ODataRequest(path: path, options: options, version: version, model: model).problems.map(\.message)
  }
}
