import OData
import Testing

/// Metadata documents, and which of them can be used.
@Suite struct ODataModelTests {
  private func complaint(_ text: String) -> String? {
    do {
      _ = try ODataModel(text)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func `a document with everything in it is read`() {
    #expect(complaint(ShopModel.text) == nil)
  }

  @Test(arguments: [
    ("", "Root element is missing."), ("<a>", "not closed"),
    ("<Edmx Version='4.0'/>", "is not of OData 4.0 or 4.01"), ("<schema/>", "expected 'edmx:Edmx'"),
    (
      "<edmx:Edmx Version='1.0' xmlns:edmx='http://schemas.microsoft.com/ado/2007/06/edmx'/>",
      "is not of OData 4.0 or 4.01"
    ),
    ("<e:Edmx Version='4.0' xmlns:e='http://docs.oasis-open.org/odata/ns/edmx'/>", "must hold one 'edmx:DataServices'"),
    (
      "<e:Edmx Version='4.0' xmlns:e='http://docs.oasis-open.org/odata/ns/edmx'><e:DataServices/></e:Edmx>",
      "holds no 'Schema'"
    ),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "entity"), ("<!DOCTYPE a><a/>", "declares no document type"),
  ])
  func `what is no document of OData 4 is refused`(text: String, reason: String) throws {
    let found = try #require(complaint(text))
    #expect(found.contains(reason), "\(found)")
  }

  @Test(arguments: [
    ("<EntityType/>", "'EntityType' has no Name."),
    ("<EntityType Name='A'/><ComplexType Name='A'/>", "There is more than one 'Shop.A'."),
    ("<EntityType Name='A' BaseType='Shop.B'/>", "The BaseType 'Shop.B' of 'Shop.A' is not known."),
    (
      "<EntityType Name='A' BaseType='Shop.B'/><ComplexType Name='B'/>",
      "'Shop.A' and its BaseType 'Shop.B' are not of the same kind."
    ),
    ("<EntityType Name='A' BaseType='Shop.A'/>", "The base types of 'Shop.A' lead in a circle."),
    (
      "<ComplexType Name='A' BaseType='Shop.B'/><ComplexType Name='B' BaseType='Shop.D'/><ComplexType Name='D' BaseType='Shop.B'/>",
      "The base types of 'Shop.A' lead in a circle."
    ),
    ("<EntityType Name='A'><Property Name='P'/></EntityType>", "'Property' in 'Shop.A/P' has no Type."),
    (
      "<EntityType Name='A'><Property Name='P' Type='Edm.Text'/></EntityType>",
      "The type 'Edm.Text' of 'Shop.A/P' is not known."
    ),
    (
      "<EntityType Name='A'><NavigationProperty Name='P' Type='Collection(Shop.B)'/></EntityType>",
      "The type 'Shop.B' of 'Shop.A/P' is not known."
    ),
    (
      "<EntityType Name='A'><Property Name='P' Type='Edm.Int32'/><Property Name='P' Type='Edm.Int32'/></EntityType>",
      "'Shop.A' has more than one property 'P'."
    ),
    ("<Function Name='F'/>", "The function 'Shop.F' has no ReturnType."),
    ("<Action Name='F' IsBound='true'/>", "'Shop.F' is bound, but has no parameter to be bound by."),
  ])
  func `a schema that does not fit together is refused with its reason`(schema: String, reason: String) {
    #expect(complaint(ShopModel.document(schema)) == reason)
  }

  @Test(arguments: [
    ("<EntitySet Name='S' EntityType='Shop.C'/>", "The type 'Shop.C' of 'Shop.C/S' is not known."),
    ("<EntitySet Name='S' EntityType='Shop.X'/>", "The type of 'Shop.C/S' is no entity type."),
    ("<Singleton Name='S'/>", "'Singleton' in 'Shop.C/S' has no Type."),
    (
      "<FunctionImport Name='F' Function='Shop.G'/>",
      "'Shop.G' of 'Shop.C/F' is no function that is not bound."
    ),
  ])
  func `a container that offers what is not there is refused`(container: String, reason: String) {
    #expect(complaint(ShopModel.document("<ComplexType Name='X'/>", container: container)) == reason)
  }

  @Test func `containers that extend one another in a circle are refused`() {
    let text = ShopModel.document("").replacing(
      "<EntityContainer Name=\"C\">", with: "<EntityContainer Name='C' Extends='Shop.C'>")
    #expect(complaint(text) == "The container 'Shop.C' extends itself.")
  }

  @Test func `64 base types are read, and 65 and any more are refused`() {
    func chain(_ count: Int) -> String {
      let types = (0...count).map { index in
        "<EntityType Name='T\(index)' \(index == count ? "" : "BaseType='Shop.T\(index + 1)'")/>"
      }
      return ShopModel.document(types.joined())
    }
    #expect(complaint(chain(64)) == nil)
    for count in [65, 66, 5_000] {
      #expect(complaint(chain(count))?.hasSuffix("has more than 64 base types.") == true)
    }
    let reversed = (0...5_000).reversed().map { "<EntityType Name='T\($0)' BaseType='Shop.T\($0 - 1)'/>" }.joined()
    let root = reversed.replacing("BaseType='Shop.T-1'", with: "")
    #expect(complaint(ShopModel.document(root))?.hasSuffix("has more than 64 base types.") == true)
  }

  @Test func `long and deep documents are refused, not followed`() throws {
    let long = ShopModel.document(String(repeating: " ", count: ODataModel.maximumBytes))
    #expect(complaint(long) == "A metadata document has at most 4194304 bytes.")
    let deep = ShopModel.document(
      String(repeating: "<Annotation>", count: 1_000) + String(repeating: "</Annotation>", count: 1_000))
    let found = try #require(complaint(deep))
    #expect(found.contains("nested deeper than 256 levels"))
  }
}
