import Foundation

/// An address (`IUrl`): one of the request's, or one given as text.
final class URLObject: RuntimeObject {
  private enum Source {
    case context(ContextURL)
    case text(URLComponents)
  }

  private let source: Source

  init(_ url: ContextURL) { source = .context(url) }

  /// nil when the text is no address.
  init?(_ text: String) {
    guard let components = URLComponents(string: text) else { return nil }
    source = .text(components)
  }

  var runtimeType: TypeSymbol { .named("Apim.IUrl") }

  /// Scheme, host, path and query string, by place.
  func part(_ place: Int, _ context: any ContextModel) -> String? {
    switch source {
    case .context(let url): context.text(Self.members(url)[place])
    case .text(let components):
      [
        components.scheme, components.host, components.percentEncodedPath,
        components.percentEncodedQuery.map { "?" + $0 } ?? "",
      ][place]
    }
  }

  func port(_ context: any ContextModel) -> Int64 {
    switch source {
    case .context(.current): context.number(.urlPort) ?? 0
    case .context(.original): context.number(.originalUrlPort) ?? 0
    case .context(.service): context.number(.serviceUrlPort) ?? 0
    case .text(let components): Int64(components.port ?? (components.scheme == "http" ? 80 : 443))
    }
  }

  /// The whole address; a port that the scheme implies is left out.
  func text(_ machine: Machine) throws -> String {
    let (parts, port) = ((0..<4).map { part($0, machine.context) ?? "" }, port(machine.context))
    let isDefault = port == 0 || (parts[0] == "https" && port == 443) || (parts[0] == "http" && port == 80)
    return parts[0] + "://" + parts[1] + (isDefault ? "" : ":\(port)") + parts[2] + parts[3]
  }

  /// Where its query parameters come from.
  var query: ContextDictionary.Source {
    switch source {
    case .context(let url): return .query(url)
    case .text(let components):
      var list: [(name: String, values: [String])] = []
      for item in components.queryItems ?? [] {
        if let place = list.firstIndex(where: { $0.name == item.name }) {
          list[place].values.append(item.value ?? "")
        } else {
          list.append((item.name, [item.value ?? ""]))
        }
      }
      return .parameters(list)
    }
  }

  private static func members(_ url: ContextURL) -> [ContextText] {
    switch url {
    case .current: [.urlScheme, .urlHost, .urlPath, .urlQueryString]
    case .original: [.originalUrlScheme, .originalUrlHost, .originalUrlPath, .originalUrlQueryString]
    case .service: [.serviceUrlScheme, .serviceUrlHost, .serviceUrlPath, .serviceUrlQueryString]
    }
  }
}
