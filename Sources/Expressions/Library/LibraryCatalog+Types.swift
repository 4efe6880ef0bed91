import DotNet

extension LibraryCatalog {
  /// All registrations, by area. A new file of registrations adds its list here.
  static let allTypes: [LibraryType] = [
    foundationTypes,
    exceptionTypes,
    formattingTypes,
    numberTypes,
    delegateTypes,
    collectionTypes,
    linqTypes,
    stringTypes,
    timeTypes,
    timeZoneTypes,
    bitConverterTypes,
    randomTypes,
    hashTypes,
    cipherTypes,
    rsaTypes,
    oidTypes,
    certificateTypes,
    webTypes,
    uriTypes,
    addressTypes,
    credentialTypes,
    regexTypes,
    contextTypes,
    jsonTypes,
    textStreamTypes,
    xmlNameTypes,
    xmlObjectTypes,
    xmlContainerTypes,
    xmlLeafTypes,
    xmlExtensionTypes,
    xmlReaderTypes,
  ].flatMap { $0 }

  /// `default(T)` of structures that live in objects.
  static let structureDefaults: [String: @Sendable () -> Value] = [
    "System.Guid": { .object(GuidObject("00000000-0000-0000-0000-000000000000")) },
    "System.TimeSpan": { value(span: 0) },
    "System.DateTimeOffset": { (try? DateTimeValue(ticks: 0)).map { .object(DateTimeOffsetObject($0)) } ?? .null },
    "System.Security.Cryptography.HashAlgorithmName": { .object(HashNameObject(nil)) },
    "System.Security.Cryptography.RSAParameters": { .object(RSAParametersObject(RSAParameters())) },
    "System.DateTime": { (try? DateTimeValue(ticks: 0)).map { value($0) } ?? .null },
  ]
}
