/// `docs/settings.md`, made from the catalogue.
public enum SettingsReference {
  public static var markdown: String {
    var text = """
      # Settings of the gateway

      Made by `postern settings`. Each setting stands as `name=value` in the file given with `--env-file`, or in the
      environment: under its own name, or in upper case with underscores (`config.service.endpoint` is also
      `CONFIG_SERVICE_ENDPOINT`). The environment wins over the file. Unknown names in the file are named in a warning.

      *Effect*: **yes**: does what it says. **no**: accepted, so that existing files work, but without effect, which
      a warning in the log says when one is set.


      """
    text += section("Settings of the official gateway", Setting.catalogue.filter { !$0.isAddition })
    text += "\n" + section("Additions of Postern", Setting.catalogue.filter(\.isAddition))
    return text
  }

  private static func section(_ title: String, _ settings: [Setting]) -> String {
    var text = "## \(title)\n\n| setting | value | default | meaning | effect |\n|---|---|---|---|---|\n"
    for setting in settings {
      let value = setting.defaultValue.map { "`\($0)`" } ?? "–"
      text +=
        "| `\(setting.name)` | \(setting.kind.label) | \(value) | \(setting.meaning) | \(setting.effect.label) |\n"
    }
    return text
  }
}

extension Setting.Kind {
  fileprivate var label: String {
    switch self {
    case .text: "text"
    case .boolean: "true or false"
    case .port: "port"
    case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .fraction: "0 to 1"
    case .duration: "duration"
    case .oneOf(let values): values.map { "`\($0)`" }.joined(separator: ", ")
    case .secret: "secret"
    }
  }
}

extension Setting.Effect {
  fileprivate var label: String {
    switch self {
    case .honoured: "**yes**"
    case .ignored(let reason): "no: \(reason)"
    }
  }
}
