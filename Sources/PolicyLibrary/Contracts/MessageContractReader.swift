public import GatewayConfiguration
import GraphQL
import JSONSchema
import OData

/// Reads an operation's contract and compiles what it refers to.
struct MessageContractReader {
  let api: API
  let schemas: SchemaStore

  private var owner: String { "\(api.id);\(api.revision)" }

  func contract(of operation: GatewayConfiguration.Operation) -> MessageContract {
    let graphQL = api.graphQL.map { schemas.graphQL($0.schema, owner: owner) }
    let odata = api.odata?.metadata.map { schemas.odata($0, owner: owner) }
    guard let json = operation.contract?.json, let document = try? JSONValue(Array(json.utf8)) else {
      return graphQL == nil && odata == nil ? .empty : MessageContract(graphQL: graphQL, odata: odata)
    }
    let request = document["request"]
    return MessageContract(
      path: parameters(document["templateParameters"]), query: parameters(request?["queryParameters"]),
      headers: parameters(request?["headers"]), representations: representations(request?["representations"]),
      responses: (document["responses"]?.elements ?? []).compactMap { response in
        response["statusCode"]?.count.map {
          MessageContract.Response(
            status: $0, headers: parameters(response["headers"]),
            representations: representations(response["representations"]))
        }
      }, graphQL: graphQL, odata: odata)
  }

  // MARK: - Parameters

  private func parameters(_ list: JSONValue?) -> [MessageContract.Parameter] {
    (list?.elements ?? []).compactMap { parameter in
      guard let name = parameter["name"]?.text else { return nil }
      return MessageContract.Parameter(
        name: name, isRequired: parameter["required"]?.flag ?? false,
        definition: parameter["typeName"]?.text ?? name, schema: schema(of: parameter))
    }
  }

  private func schema(of parameter: JSONValue) -> Result<JSONSchema, SchemaFault> {
    guard let id = Self.schemaID(parameter) else { return Self.ownSchema(of: parameter) }
    return schemas.schema(Self.selection(parameter), of: id, among: api.schemas, owner: owner).flatMap { schema in
      guard case .json(let schema) = schema else { return .failure(.undefined) }
      return .success(schema)
    }
  }

  /// Of a parameter that refers to no schema: its `type`, and its `values`.
  private static func ownSchema(of parameter: JSONValue) -> Result<JSONSchema, SchemaFault> {
    let known: Set<String> = ["string", "integer", "number", "boolean", "array", "object"]
    let type = parameter["type"]?.text?.lowercased() ?? ""
    let values = parameter["values"]?.elements ?? []
    var members: [String] = []
    if known.contains(type) { members.append("\"type\":\(JSONText.quoted(type))") }
    if !values.isEmpty, type != "array", type != "object" {
      let allowed = values.compactMap(\.text).map {
        type == "string" || !known.contains(type) ? JSONText.quoted($0) : $0
      }
      members.append("\"enum\":[\(allowed.joined(separator: ","))]")
    }
    do {
      return .success(try JSONSchema(try JSONValue(Array("{\(members.joined(separator: ","))}".utf8))))
    } catch let error as JSONSchemaError {
      return .failure(.unusable(error.message))
    } catch {
      return .failure(.unusable("the values are none of the type '\(type)'"))
    }
  }

  // MARK: - Representations

  private func representations(_ list: JSONValue?) -> [MessageContract.Representation] {
    (list?.elements ?? []).compactMap { representation in
      guard let type = representation["contentType"]?.text else { return nil }
      let id = Self.schemaID(representation)
      let selection = Self.selection(representation)
      var examples = Self.examples(representation)
      if examples.isEmpty, let id, MediaType.isJSON(type),
        let sample = schemas.sample(selection, of: id, among: api.schemas, owner: owner)
      {
        examples = [sample.bytes]
      }
      return MessageContract.Representation(
        contentType: type, definition: representation["typeName"]?.text ?? id ?? "",
        schema: id.map { schemas.schema(selection, of: $0, among: api.schemas, owner: owner) }, examples: examples)
    }
  }

  /// `examples` with their names, or the one `sample` of older versions of the API. A text stands for itself.
  private static func examples(_ representation: JSONValue) -> [[UInt8]] {
    let values = representation["examples"]?.object?.members.compactMap { $0.value["value"] } ?? []
    let sample = representation["sample"].flatMap { $0.text?.isEmpty == true ? nil : $0 }
    return (values.isEmpty ? sample.map { [$0] } ?? [] : values).map { value in
      value.text.map { Array($0.utf8) } ?? value.bytes
    }
  }

  /// The last name of `schemaId`, which may be a whole path.
  private static func schemaID(_ value: JSONValue) -> String? {
    value["schemaId"]?.text?.split(separator: "/").last.map(String.init)
  }

  private static func selection(_ value: JSONValue) -> SchemaStore.Selection {
    guard let name = value["typeName"]?.text, !name.isEmpty else { return .whole }
    return .definition(name)
  }
}

/// What is wrong with contracts and schemas before they are saved.
public enum ContractCheck {
  /// Every complaint about what an operation says of its messages, with the member it is about.
  public static func complaints(about contract: OperationContract) -> [(target: String, message: String)] {
    let document: JSONValue
    do { document = try JSONValue(Array(contract.json.utf8)) } catch { return [("request", error.message)] }
    var complaints: [(target: String, message: String)] = []
    func check(_ list: JSONValue?, _ target: String, needs member: String) {
      for (index, element) in (list?.elements ?? []).enumerated() where element[member]?.text?.isEmpty ?? true {
        complaints.append((target, "'\(target)[\(index)].\(member)' is required."))
      }
    }
    check(document["templateParameters"], "templateParameters", needs: "name")
    let request = document["request"]
    check(request?["queryParameters"], "request.queryParameters", needs: "name")
    check(request?["headers"], "request.headers", needs: "name")
    check(request?["representations"], "request.representations", needs: "contentType")
    for (index, response) in (document["responses"]?.elements ?? []).enumerated() {
      let target = "responses[\(index)]"
      if let status = response["statusCode"]?.count, (100...999).contains(status) {
        check(response["headers"], target + ".headers", needs: "name")
        check(response["representations"], target + ".representations", needs: "contentType")
      } else {
        complaints.append((target, "'\(target).statusCode' must be a status, 100 to 999."))
      }
    }
    return complaints
  }

  /// What keeps a schema of GraphQL from being used; nil when nothing does.
  public static func complaint(aboutGraphQL text: String) -> String? {
    do {
      _ = try GraphQLSchema(text)
      return nil
    } catch {
      let place = error.locations.first.map { "line \($0.line), column \($0.column): " } ?? ""
      return place + error.message
    }
  }

  /// What keeps a metadata document of OData from being used; nil when nothing does.
  public static func complaint(aboutOData text: String) -> String? {
    do {
      _ = try ODataModel(text)
      return nil
    } catch {
      return error.message
    }
  }

  /// Every complaint about a schema.
  ///
  /// - Parameter scope: what it may refer to.
  public static func complaints(about schema: SchemaDocument, in scope: SchemaScope) -> [String] {
    SchemaStore(service: scope.service).complaints(about: schema, among: scope.own, owner: scope.owner)
  }
}
