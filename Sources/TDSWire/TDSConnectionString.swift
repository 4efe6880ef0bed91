/// The grammar and the keys of ADO.NET's connection strings.
enum TDSConnectionString {
  enum Name: Sendable {
    case server, database, user, password, encrypt, trust, certificateHost, connectTimeout, commandTimeout, application
    case workstation, language, packetSize, mars, authentication, integrated, intent, pooling, mostConnections
    /// Of no effect here.
    case ignored
    /// How the server is reached.
    case library
    /// Refused, unless it is switched off.
    case impossible
  }

  /// What a key is about, whatever its case and however many spaces it has; nil where nobody knows.
  static func name(of key: String) -> Name? { names[key.lowercased().filter { $0 != " " }] }

  private static let names: [String: Name] = {
    var names: [String: Name] = [:]
    func add(_ name: Name, _ keys: String...) { for key in keys { names[key] = name } }
    add(.server, "server", "datasource", "addr", "address", "networkaddress")
    add(.database, "database", "initialcatalog")
    add(.user, "userid", "uid", "user")
    add(.password, "password", "pwd")
    add(.encrypt, "encrypt")
    add(.trust, "trustservercertificate")
    add(.certificateHost, "hostnameincertificate")
    add(.connectTimeout, "connecttimeout", "connectiontimeout", "timeout")
    add(.commandTimeout, "commandtimeout")
    add(.application, "applicationname", "app")
    add(.workstation, "workstationid", "wsid")
    add(.language, "currentlanguage", "language")
    add(.packetSize, "packetsize")
    add(.mars, "multipleactiveresultsets")
    add(.authentication, "authentication")
    add(.integrated, "integratedsecurity", "trusted_connection")
    add(.intent, "applicationintent")
    add(.pooling, "pooling")
    add(.mostConnections, "maxpoolsize")
    add(
      .ignored, "persistsecurityinfo", "minpoolsize", "multisubnetfailover", "connectretrycount",
      "connectretryinterval", "connectionlifetime", "loadbalancetimeout", "connectionreset", "enlist", "replication",
      "poolblockingperiod", "transactionbinding", "typesystemversion", "asynchronousprocessing", "async",
      "transparentnetworkipresolution", "ipaddresspreference", "serverspn", "failoverpartnerspn")
    add(.library, "networklibrary", "net", "network")
    add(
      .impossible, "attachdbfilename", "extendedproperties", "initialfilename", "userinstance", "contextconnection",
      "failoverpartner", "columnencryptionsetting", "attestationprotocol", "enclaveattestationurl", "servercertificate")
    return names
  }()

  /// Keys and values in their order. A value in quotation marks ends with the same mark, which stands twice for itself; `==`
  /// in a key is `=`.
  static func pairs(_ text: String) throws(TDSConnectionStringError) -> [(key: String, value: String)] {
    var pairs: [(key: String, value: String)] = []
    let characters = Array(text)
    var index = 0
    while true {
      while index < characters.count, characters[index].isWhitespace || characters[index] == ";" { index += 1 }
      guard index < characters.count else { return pairs }
      var key = ""
      while index < characters.count {
        if characters[index] == "=" {
          guard index + 1 < characters.count, characters[index + 1] == "=" else { break }
          index += 1
        } else if characters[index] == ";" {
          break
        }
        key.append(characters[index])
        index += 1
      }
      guard index < characters.count, characters[index] == "=" else {
        throw TDSConnectionStringError(message: "The connection string has a part without '='.")
      }
      index += 1
      pairs.append((trimmed(key), try value(characters, &index)))
    }
  }

  private static func value(_ characters: [Character], _ index: inout Int) throws(TDSConnectionStringError) -> String {
    while index < characters.count, characters[index].isWhitespace { index += 1 }
    guard index < characters.count else { return "" }
    let mark = characters[index]
    var value = ""
    guard mark == "\"" || mark == "'" else {
      while index < characters.count, characters[index] != ";" {
        value.append(characters[index])
        index += 1
      }
      return trimmed(value)
    }
    index += 1
    while index < characters.count {
      if characters[index] == mark {
        guard index + 1 < characters.count, characters[index + 1] == mark else { break }
        index += 1
      }
      value.append(characters[index])
      index += 1
    }
    guard index < characters.count else {
      throw TDSConnectionStringError(message: "The connection string has a quotation mark that is not closed.")
    }
    index += 1
    while index < characters.count, characters[index].isWhitespace { index += 1 }
    guard index == characters.count || characters[index] == ";" else {
      throw TDSConnectionStringError(message: "The connection string has a text behind a value in quotation marks.")
    }
    return value
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.first?.isWhitespace ?? false { text = text.dropFirst() }
    while text.last?.isWhitespace ?? false { text = text.dropLast() }
    return String(text)
  }
}
