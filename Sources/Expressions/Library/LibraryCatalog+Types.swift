extension LibraryCatalog {
  /// All registrations, by area. A new file of registrations adds its list here.
  static let allTypes: [LibraryType] = [
    foundationTypes,
    stringTypes,
    contextTypes,
    jsonTypes,
  ].flatMap { $0 }
}
