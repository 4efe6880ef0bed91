extension LibraryCatalog {
  static let foundationTypes: [LibraryType] = []
  static let arrayMembers = LibraryType("class System.ArrayOf<T>") { type in
  }
}
