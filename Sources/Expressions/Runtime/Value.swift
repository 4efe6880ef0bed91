/// A .NET value as expressions and `context.Variables` hold it.
///
/// Not `Sendable`: objects such as `JObject` or `List<T>` are mutable and belong to one evaluation and its request.
public enum Value {
  case null
  case bool(Bool)
  /// A UTF-16 code unit.
  case char(UInt16)
  case int8(Int8)
  case uint8(UInt8)
  case int16(Int16)
  case uint16(UInt16)
  case int32(Int32)
  case uint32(UInt32)
  case int64(Int64)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case string(String)
  /// An instance of a reference type, or of a value type too large to stand inline.
  case object(AnyObject)
}
