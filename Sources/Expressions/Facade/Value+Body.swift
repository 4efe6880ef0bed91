extension Value {
  /// The bytes of a `byte[]`; nil for every other value.
  public var byteArray: [UInt8]? {
    guard case .object(let object) = self, let array = object as? ArrayObject, array.runtimeType == .byteArray else {
      return nil
    }
    return array.bytes
  }
}
