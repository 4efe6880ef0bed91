import HTTPWire
import JSONSchema

/// What callers and language models say to each other, in the forms of chat completions, completions, responses and messages.
enum ModelText {
  struct Message {
    var role: String
    var text: String

    var isSystem: Bool { role == "system" || role == "developer" }
  }

  /// The messages of a request; none for what is no request to a model.
  static func messages(of request: JSONValue) -> [Message] {
    var messages: [Message] = []
    for name in ["system", "instructions"] {
      if let value = request[name] { messages.append(Message(role: "system", text: text(of: value))) }
    }
    for name in ["messages", "input", "prompt"] {
      guard let value = request[name] else { continue }
      for element in value.elements ?? [value] {
        if element.object == nil {
          messages.append(Message(role: "user", text: text(of: element)))
        } else {
          messages.append(Message(role: element["role"]?.text ?? "user", text: text(of: element["content"] ?? element)))
        }
      }
    }
    return messages.filter { !$0.text.isEmpty }
  }

  /// A text, or parts of one.
  private static func text(of content: JSONValue) -> String {
    switch content {
    case .text(let text): text
    case .array(let parts): parts.map { text(of: $0) }.filter { !$0.isEmpty }.joined(separator: "\n")
    case .object(let part): part["text"].map { text(of: $0) } ?? part["content"].map { text(of: $0) } ?? ""
    default: ""
    }
  }

  /// Everything that a request says; of what is no request to a model, the whole body.
  static func prompt(_ body: [UInt8]) -> String {
    let messages = (try? JSONValue(body)).map { Self.messages(of: $0) } ?? []
    return messages.isEmpty
      ? String(decoding: body, as: UTF8.self) : messages.map(\.text).joined(separator: "\n")
  }

  /// Everything that a model's answer says, be it one document or a stream of events; of anything else, the whole body.
  static func completion(_ body: [UInt8]) -> String {
    if let answer = try? JSONValue(body) {
      let text = completion(of: answer)
      return text.isEmpty ? String(decoding: body, as: UTF8.self) : text
    }
    var text = ""
    for line in body.split(separator: 0x0a) where line.starts(with: "data:".utf8) {
      if let event = try? JSONValue(Array(line.dropFirst(5))) { text += completion(of: event) }
    }
    return text.isEmpty ? String(decoding: body, as: UTF8.self) : text
  }

  private static func completion(of answer: JSONValue) -> String {
    var texts: [String] = []
    for choice in answer["choices"]?.elements ?? [] {
      for part in [choice["message"], choice["delta"], choice] {
        if let content = part?["content"] ?? part?["text"] { texts.append(text(of: content)) }
      }
    }
    for item in answer["output"]?.elements ?? [] { texts.append(text(of: item)) }
    if let content = answer["content"] { texts.append(text(of: content)) }
    if let delta = answer["delta"] { texts.append(text(of: delta)) }
    return texts.filter { !$0.isEmpty }.joined(separator: answer["delta"] == nil ? "\n" : "")
  }
}
