import DotNet

/// Bodies between XML and JSON, for the policies that convert them.
public enum BodyConversion {
  /// A document of XML as a text of JSON.
  ///
  /// - Parameter context: whose limits bound the work.
  /// - Throws: EvaluationError with the exception that .NET would throw.
  public static func json(
    fromXML bytes: [UInt8], _ options: XmlToJsonOptions, in context: any ContextModel
  ) throws(EvaluationError) -> [UInt8] {
    try converting(context) { machine in
      try machine.process(bytes: bytes.count * 4)
      let document = try XmlParser.document(text(bytes))
      let token = try XmlToJson.token(document, options, machine)
      return Array(try JsonWriter.text(token, isIndented: false, machine).utf8)
    }
  }

  /// A text of JSON as a document of XML.
  public static func xml(
    fromJSON bytes: [UInt8], _ options: JsonToXmlOptions, in context: any ContextModel
  ) throws(EvaluationError) -> [UInt8] {
    try converting(context) { machine in
      let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes[3...]) : bytes
      let token = try JsonReader.parse(body, machine, readsDates: options.readsDates)
      let document = try JsonToXml.document(token, options, machine)
      let text = try XmlWriter.text(document)
      try machine.process(bytes: text.utf8.count)
      return Array(((document.declaration.map { "\($0)\r\n" } ?? "") + text).utf8)
    }
  }

  /// A body without its byte order mark.
  private static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...], as: UTF8.self)
  }

  /// Runs a conversion under the limits of an evaluation, with steps enough for the largest body.
  private static func converting(
    _ context: any ContextModel, _ body: (Machine) throws -> [UInt8]
  ) throws(EvaluationError) -> [UInt8] {
    var limits = EvaluationLimits()
    limits.steps = 20_000_000
    limits.memory = 512 * 1024 * 1024
    let machine = Machine()
    machine.begin(context, limits, slots: 0, calls: false)
    defer { machine.end() }
    do {
      return try body(machine)
    } catch let thrown as Thrown {
      throw failure(thrown.exception.typeName, thrown.exception.message)
    } catch let exception as DotNetException {
      throw failure(exception.type, exception.message)
    } catch let exceeded as LimitExceeded {
      throw failure(EvaluationError.limitExceeded, exceeded.message)
    } catch {
      throw failure("System.Exception", "\(error)")
    }
  }

  private static func failure(_ type: String, _ message: String) -> EvaluationError {
    EvaluationError(exceptionType: type, message: message, position: .start)
  }
}
