import Foundation

/// A file or folder that cannot be used.
public struct FileProblem: Error, CustomStringConvertible, Equatable {
  public var description: String

  init(_ description: String) { self.description = description }
}

/// Policy documents and fragments on disk.
public enum PolicyFiles {
  /// The files that arguments stand for: a folder stands for every file in it and below it with that ending, in order of
  /// path.
  public static func list(_ arguments: [String], ending: String = ".xml") throws(FileProblem) -> [String] {
    var files: [String] = []
    for argument in arguments {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
        throw FileProblem("cannot read \(argument): there is no such file")
      }
      files += isFolder.boolValue ? try below(argument, ending: ending) : [argument]
    }
    return files
  }

  /// Every file below a folder whose name ends that way; a folder without one is a mistake.
  static func below(_ folder: String, ending: String) throws(FileProblem) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let found = names.filter { $0.hasSuffix(ending) }.sorted()
    guard !found.isEmpty else { throw FileProblem("there is no \(ending) file in \(folder)") }
    return found.map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
  }

  /// The text of a file in UTF-8.
  public static func read(_ path: String) throws(FileProblem) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw FileProblem("cannot read \(path): \(reason(error))")
    }
    guard let text = String(validating: data, as: UTF8.self) else { throw FileProblem("\(path) is not UTF-8") }
    return text
  }

  /// Replaces a file at once.
  public static func write(_ text: String, to path: String) throws(FileProblem) {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw FileProblem("cannot write \(path): \(reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile?, .fileNoSuchFile?: "there is no such file"
    case .fileReadNoPermission?, .fileWriteNoPermission?: "permission denied"
    default: "\((error as? CocoaError)?.underlying.map { "\($0)" } ?? "\(error)")"
    }
  }
}
