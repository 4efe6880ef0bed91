import Foundation

/// The mark of one written state of a resource: the revision at which it was written, shown as ARM does, a quoted base64
/// text such as `"AAAAAAADmoc="`. A deleted and recreated resource never repeats a mark.
public struct ETag: Sendable, Hashable, CustomStringConvertible {
  /// The revision of the store at which the resource was last written.
  public let revision: Int64

  public init(revision: Int64) {
    self.revision = revision
  }

  /// Reads the text of a header, weak mark and quotes optional; `nil` when it is no mark of this store, which then
  /// matches nothing.
  public init?(header: String) {
    var text = Substring(header.trimmingCharacters(in: .whitespaces))
    if text.hasPrefix("W/") { text = text.dropFirst(2) }
    if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 { text = text.dropFirst().dropLast() }
    guard let data = Data(base64Encoded: String(text)), data.count == 8 else { return nil }
    revision = data.reduce(Int64(0)) { $0 << 8 | Int64($1) }
  }

  /// The header text, with its quotes.
  public var text: String {
    let bytes = withUnsafeBytes(of: revision.bigEndian) { Data($0) }
    return "\"\(bytes.base64EncodedString())\""
  }

  public var description: String { text }
}
