import OData
import Testing

/// Requests held against a model.
@Suite struct ODataNamesTests {
  @Test(arguments: [
    "", "/", "/$metadata", "/$batch", "/$all/Shop.Product", "/$entity/Shop.Product/Name",
    "/$crossjoin(Products,Orders)",
    "/Products", "/Products/", "/Products(1)", "/Products(ID=1)", "/Products(@id)", "/Products/$count",
    "/Products(1)/Name", "/Products(1)/Name/$value", "/Products(1)/$value", "/Products(1)/$ref", "/Products/$ref",
    "/Products(1)/Size/Width", "/Products(1)/Tags/$count", "/Products(1)/Boxes/$count", "/Products(1)/Category/Code",
    "/Products(1)/Category/Anything/Below", "/Products(1)/More/Anything", "/Products(1)/Supplier/Anything",
    "/Products(1)/Size/Unit/Name", "/Products/Shop.Bundle", "/Products/Self.Bundle(1)/Discount",
    "/Products(1)/Shop.Bundle/Parts(2)/Shop.Bundle/Parts", "/Products(1)/Shop.Product/Name", "/Categories('a%2Fb')",
    "/Orders(Year=2026,Number=1)", "/Orders(Number=1,Year=2026)/Items(3)", "/Orders(Year=1,Number=1)/Items(Line=3)",
    "/Orders(Year=1,Number=1)/Items(Order=1,Line=3)/Product/Name", "/Best/Parts/$count", "/Best/Discount",
    "/Products(1)/Shop.Similar(limit=2)", "/Products(1)/Self.Similar(limit=@l)/$count", "/Products(1)/Similar(limit=2)",
    "/Products(1)/Shop.Similar(limit=2)(3)/Name", "/Products/Shop.Cheapest()/Name", "/Products/Shop.Cheapest/Name",
    "/Products/Shop.Bundle/Shop.Cheapest()", "/Products(1)/Shop.Reserve", "/Best/Shop.Reserve", "/Tax(price=1)",
    "/Tax(price=1,land='de')", "/Top(n=1)/$count", "/Top(n=1)(2)/Category", "/Reset", "/Strangers(1)/Anything(2)",
    "/Products/$filter(@f)/$each/Shop.Reserve", "/Products/$query",
  ])
  func `a path that the model knows is taken`(path: String) throws {
    let found = try ShopModel.problems(ShopModel.text, path)
    #expect(found == [])
  }

  @Test(arguments: [
    ("/Product", "The service has no entity set, singleton, function or action 'Product'."),
    ("/products", "The service has no entity set, singleton, function or action 'products'."),
    ("/Shop.Product", "The service has no entity set, singleton, function or action 'Shop.Product'."),
    ("/$it", "The segment '$it' cannot stand at the beginning."),
    ("/$crossjoin(Products,Things)", "The service has no entity set 'Things'."),
    ("/$metadata/Products", "Nothing may stand behind '$metadata'."),
    ("/Products/Name", "'Name' cannot stand behind a collection of 'Shop.Product'."),
    ("/Products/1", "'1' cannot stand behind a collection of 'Shop.Product'."),
    ("/Products(1)/Nam", "The property 'Nam' of 'Shop.Product' is not known."),
    ("/Products(1)/Discount", "The property 'Discount' of 'Shop.Product' is not known."),
    ("/Products(1)/Size/Depth", "The property 'Depth' of 'Shop.Size' is not known."),
    ("/Products(1)/Name/Length", "The property 'Length' of a value without properties is not known."),
    ("/Products(1)/$count", "'$count' needs a collection, not 'Shop.Product'."),
    ("/Products/$value", "'$value' needs a single value, not a collection of 'Shop.Product'."),
    ("/Products(1)/Name/$ref", "'$ref' needs an entity, not a value without properties."),
    ("/Products/$count/Name", "Nothing may stand behind '$count'."),
    ("/Products(1)/$metadata", "The segment '$metadata' cannot stand behind another one."),
    ("/Products(1)(2)", "'Products' has more than one key."),
    ("/Products()", "The key in 'Products()' does not fit: the key of 'Shop.Product' is 'ID'."),
    ("/Products(Id=1)", "The key in 'Products(Id=1)' does not fit: the key of 'Shop.Product' is 'ID'."),
    ("/Products(1,2)", "The key in 'Products(1,2)' does not fit: the key of 'Shop.Product' is 'ID'."),
    ("/Orders(1)", "The key in 'Orders(1)' does not fit: the key of 'Sales.Order' is 'Year', 'Number'."),
    (
      "/Orders(Year=1,Year=2)",
      "The key in 'Orders(Year=1,Year=2)' does not fit: the key of 'Sales.Order' is 'Year', 'Number'."
    ),
    ("/Best(1)", "'Best' takes no key: it is 'Shop.Bundle'."),
    ("/Products(1)/Tags(1)", "'Tags' takes no key: it is a collection of values."),
    ("/Products/Shop.Category", "'Shop.Category' is not derived from 'Shop.Product'."),
    ("/Products/Shop.Nothing", "There is no type, function or action 'Shop.Nothing'."),
    ("/Products/Shop.Similar(limit=1)", "'Shop.Similar' is not bound to a collection of 'Shop.Product'."),
    (
      "/Products(1)/Shop.Similar(count=1)",
      "'Shop.Similar' has other parameters than 'Shop.Similar(count=1)' gives it."
    ),
    ("/Tax()", "'Tax' has other parameters than 'Tax()' gives it."),
    ("/Tax(1)", "'Tax' has other parameters than 'Tax(1)' gives it."),
    ("/Reset/Name", "Nothing may stand behind 'Reset'."),
  ])
  func `a path that the model does not know is refused`(path: String, reason: String) throws {
    let found = try ShopModel.problems(ShopModel.text, path)
    #expect(found == [reason])
  }

  @Test(arguments: [
    ("$filter", "Price gt 10 and contains(Name,'x') or ID in (1,2)"), ("$filter", "Size/Width gt 1"),
    ("$filter", "Category/Code eq 'a' and Category/Dynamic eq 1"), ("$filter", "Tags/any(t:t eq 'a')"),
    ("$filter", "Boxes/any(b:b/Width gt 1 and b/Unit/Name eq $it/Name)"), ("$filter", "Boxes/all(b:Price gt b/Width)"),
    ("$filter", "isof(Shop.Bundle) and Shop.Bundle/Discount gt 1"), ("$filter", "cast(Price,Edm.Double) eq INF"),
    ("$filter", "Colour eq Shop.Colour'Red' and Colour ne null"), ("$filter", "Shop.Similar(limit=2)/$count gt 1"),
    ("$filter", "Self.Tax(price=Price) gt 1"), ("$filter", "Tags/$count gt 1 and More/Anything eq 1"),
    ("$filter", "Supplier/Anything/Below eq true"), ("$filter", "@p"), ("$filter", "Else.Func(a=1)"),
    ("$filter", "Shop.Bundle/Parts/any(p:p/Category/Products/any(q:q/Name eq p/Name))"),
    ("$orderby", "Price desc,Name asc,length(Name),Category/Code"),
    ("$select", "Name,Size/Width,*,Shop.*,Self.Reserve"),
    ("$select", "Shop.Bundle/Discount,Category,Size($select=Width)"), ("$expand", "*,Category,Photo,Supplier/$ref"),
    ("$expand", "Category($filter=Code eq 'a';$expand=Products($select=Name;$filter=Price gt $it/Price))"),
    ("$expand", "Shop.Bundle/Parts($orderby=Name),Size/Unit,*/$ref,Category($levels=max)"),
    ("$compute", "Price mul 2 as Double,Price add 1 as More"), ("$search", "anything"),
    ("$apply", "groupby((Category/Code),aggregate(Price with sum as Total))"),
    ("$apply", "filter(Price gt 1)/compute(Price mul 2 as Twice)/filter(Twice gt 3)/orderby(Twice desc)/top(3)"),
    (
      "$apply",
      "aggregate(Price with average from Category with sum as A,$count as B,Tags/$count as C,Forecast,Own as D)"
    ),
    (
      "$apply",
      "groupby((rollup($all,Name),Size/Width),concat(identity,aggregate(Price with NS.method as T)))/filter(T gt 1)"
    ),
    ("$apply", "aggregate(Boxes/(Width with sum as W))/compute(W add 1 as V)"),
    ("$apply", "topcount(2,Price)/Shop.Own(a=1)/filter(Anything eq 1)"), ("$apply", "search(red OR blue)/identity"),
    ("$apply", "join(Category as C,filter(C/Anything eq 1))/groupby((C/Code))"),
  ])
  func `names that the model knows are taken`(name: String, value: String) throws {
    let found = try ShopModel.problems(ShopModel.text, "/Products", [(name, value)])
    #expect(found == [])
  }

  @Test(arguments: [
    ("$filter", "Cost gt 10", "'Shop.Product' has no property 'Cost'"),
    ("$filter", "price gt 10", "'Shop.Product' has no property 'price'"),
    ("$filter", "Size/Depth gt 1", "'Shop.Size' has no property 'Depth'"),
    ("$filter", "Name/Length gt 1", "a value without properties has no property 'Length'"),
    ("$filter", "Boxes/any(b:b/Depth gt 1)", "'Shop.Size' has no property 'Depth'"),
    ("$filter", "Boxes/any(b:b/Width gt 1) and b/Width gt 1", "'Shop.Product' has no property 'b'"),
    ("$filter", "contians(Name,'x')", "the function 'contians' is not known"),
    ("$filter", "contains(Nme,'x')", "'Shop.Product' has no property 'Nme'"),
    ("$filter", "isof(Shop.Pack)", "the type 'Shop.Pack' is not known"),
    ("$filter", "Category/Shop.Bundle/Discount gt 1", "'Shop.Bundle' is not derived from 'Shop.Category'"),
    ("$filter", "Shop.Similar(count=2)/$count gt 1", "'Shop.Similar' has other parameters"),
    ("$filter", "Category/Shop.Similar(limit=2)/$count gt 1", "'Shop.Similar' is not bound to 'Shop.Category'"),
    ("$orderby", "Discount desc", "'Shop.Product' has no property 'Discount'"),
    ("$select", "Name,Nam", "'Shop.Product' has no property 'Nam'"),
    ("$select", "Shops.*", "the namespace 'Shops' is not known"),
    ("$select", "Size/Depth", "'Shop.Size' has no property 'Depth'"),
    ("$select", "Size($select=Depth)", "'Shop.Size' has no property 'Depth'"),
    ("$expand", "Name", "'Name' is no navigation property"), ("$expand", "Size", "'Size' is no navigation property"),
    ("$expand", "Products", "'Shop.Product' has no property 'Products'"),
    ("$expand", "Category($expand=Products($filter=Cost gt 1))", "'Shop.Product' has no property 'Cost'"),
    ("$compute", "Cost mul 2 as Double", "'Shop.Product' has no property 'Cost'"),
    ("$apply", "filter(Cost gt 1)", "'Shop.Product' has no property 'Cost'"),
    ("$apply", "filter(Price gt 1)/groupby((Category/Code,Nam))", "'Shop.Product' has no property 'Nam'"),
    ("$apply", "groupby((Name),aggregate(Cost with sum as Total))", "'Shop.Product' has no property 'Cost'"),
    (
      "$apply", "compute(Price mul 2 as Twice)/aggregate(Thrice with sum as T)",
      "'Shop.Product' has no property 'Thrice'"
    ),
    ("$apply", "concat(identity,orderby(Cost))", "'Shop.Product' has no property 'Cost'"),
    ("$apply", "bottomsum(10,Cost)/identity", "'Shop.Product' has no property 'Cost'"),
  ])
  func `names that the model does not know are refused`(name: String, value: String, reason: String) throws {
    let found = try ShopModel.problems(ShopModel.text, "/Products(1)/Category/Products", [(name, value)])
    #expect(found == ["The value of '\(name)' is not valid: \(reason)."])
  }

  @Test func `options are about what the path leads to`() throws {
    let text = ShopModel.text
    #expect(try ShopModel.problems(text, "/Products/$count", [("$filter", "Cost gt 1")]).count == 1)
    #expect(try ShopModel.problems(text, "/Products/$count", [("$filter", "Price gt 1")]) == [])
    #expect(try ShopModel.problems(text, "/Products/Shop.Bundle", [("$filter", "Discount gt 1")]) == [])
    #expect(try ShopModel.problems(text, "/Top(n=3)", [("$select", "Name")]) == [])
    #expect(try ShopModel.problems(text, "/Orders(Year=1,Number=1)/Items", [("$expand", "Product")]) == [])
    #expect(try ShopModel.problems(text, "/Products(1)/Tags", [("$filter", "$it eq 'a'")]) == [])
    #expect(try ShopModel.problems(text, "/Products(1)/Tags", [("$filter", "Name eq 'a'")]).count == 1)
    #expect(try ShopModel.problems(text, "/Strangers", [("$filter", "Anything/Below eq 1")]) == [])
    #expect(try ShopModel.problems(text, "/$crossjoin(Products,Orders)", [("$filter", "Products/ID eq 1")]) == [])
    // What stands in a path that is refused is not known; the syntax of its options still is.
    #expect(try ShopModel.problems(text, "/Nothing", [("$filter", "Cost gt 1"), ("$orderby", ",")]).count == 2)
  }

  @Test func `names that a request makes are known to its other options, wherever they stand`() throws {
    let text = ShopModel.text
    let compute = ("$compute", "Price mul 2 as Twice,Twice add 1 as Odd")
    let options = [("$filter", "Twice gt 1"), ("$orderby", "Odd"), ("$select", "Name,Twice")]
    #expect(try ShopModel.problems(text, "/Products", options + [compute]) == [])
    #expect(try ShopModel.problems(text, "/Products", options).count == 3)
    let apply = ("$apply", "groupby((Name),aggregate(Price with sum as Total,$count as Number))")
    #expect(try ShopModel.problems(text, "/Products", [apply, ("$orderby", "Total,Number,Name")]) == [])
    #expect(try ShopModel.problems(text, "/Products", [apply, ("$orderby", "Amount")]).count == 1)
    let expand = "Category($expand=Products($select=Twice;$compute=Price mul 2 as Twice;$filter=Twice gt 1))"
    #expect(try ShopModel.problems(text, "/Products", [("$expand", expand)]) == [])
    let outside = "Category($expand=Products($compute=Price mul 2 as Twice)),Supplier"
    #expect(try ShopModel.problems(text, "/Products", [("$expand", outside), ("$select", "Twice")]).count == 1)
  }

  @Test func `keys stand in segments of their own where the model says so`() throws {
    let annotation = "<Annotation Term='Org.OData.Capabilities.V1.KeyAsSegmentSupported'/>"
    let text = ShopModel.text.replacing(
      "<EntityContainer Name=\"Container\">", with: "<EntityContainer Name=\"Container\">\(annotation)")
    #expect(try ShopModel.problems(text, "/Products/1/Name") == [])
    #expect(try ShopModel.problems(text, "/Products/1/Nam").count == 1)
    let refused = text.replacing("KeyAsSegmentSupported'", with: "KeyAsSegmentSupported' Bool='false'")
    #expect(try ShopModel.problems(refused, "/Products/1/Name").count == 1)
  }

  @Test func `alternate keys are taken by their names`() throws {
    let annotations = """
      <Annotations Target="Shop.Category"><Annotation Term="Org.OData.Core.V1.AlternateKeys"/></Annotations>
      """
    let text = ShopModel.text.replacing("<Action Name=\"Reset\"/>", with: "<Action Name=\"Reset\"/>\(annotations)")
    #expect(try ShopModel.problems(text, "/Categories(Title='a')") == [])
    #expect(try ShopModel.problems(ShopModel.text, "/Categories(Title='a')").count == 1)
  }
}
