import DotNet

/// A `TimeZoneInfo` or the `TimeZone` of this machine.
final class TimeZoneObject: RuntimeObject, Sendable {
  let zone: TimeZoneValue
  /// `TimeZoneInfo.Local`, which is UTC here but another object.
  private let isLocal: Bool
  private let typeName: String

  init(_ zone: TimeZoneValue, isLocal: Bool = false, typeName: String = "System.TimeZoneInfo") {
    self.zone = zone
    self.isLocal = isLocal || typeName == "System.TimeZone"
    self.typeName = typeName
  }

  /// The zone a date is in by its kind.
  static func own(_ date: DateTimeValue) -> TimeZoneObject { TimeZoneObject(.utc, isLocal: date.kind != .utc) }

  /// The kind of dates that are in this zone.
  private var kind: DateTimeValue.Kind { isLocal ? .local : zone.id == "UTC" ? .utc : .unspecified }

  /// What this zone's clocks show at a date; one of unspecified kind is what they show.
  func shown(_ date: DateTimeValue) -> Int64 {
    date.kind == .unspecified ? date.ticks : date.ticks + zone.observance(utc: date.ticks).offset
  }

  /// A moment as this zone's clocks show it; .NET keeps to the years that exist.
  func shown(_ moment: DateTimeOffsetObject) throws -> DateTimeOffsetObject {
    let utc = moment.utc.ticks
    let offset = zone.observance(utc: utc).offset
    let ticks = utc + offset
    guard (0...DateTimeValue.maximumTicks).contains(ticks) else {
      return DateTimeOffsetObject(
        try DateTimeValue(ticks: ticks < 0 ? 0 : DateTimeValue.maximumTicks, kind: .unspecified))
    }
    return try DateTimeOffsetObject(clock: DateTimeValue(ticks: ticks, kind: .unspecified), offset: offset)
  }

  func offset(of date: DateTimeValue) -> Int64 {
    date.kind == .unspecified ? zone.offset(local: date.ticks) : zone.observance(utc: date.ticks).offset
  }

  /// A date of this zone in another. ArgumentException when its kind says it is of another zone, and for a time that
  /// this zone's clocks skipped.
  func convert(_ date: DateTimeValue, to other: TimeZoneObject) throws -> DateTimeValue {
    if date.kind != .unspecified, date.kind != kind {
      throw Thrown.argument(
        "The conversion could not be completed because the supplied DateTime did not have the Kind property set "
          + "correctly. For example, when the Kind property is DateTimeKind.Local, the source time zone must be "
          + "TimeZoneInfo.Local. (Parameter 'sourceTimeZone')")
    }
    if zone.offsets(local: date.ticks).isEmpty {
      throw Thrown.argument(
        "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, any time "
          + "in the period that is skipped is invalid. (Parameter 'dateTime')")
    }
    let utc = date.ticks - zone.offset(local: date.ticks)
    let result = utc + other.zone.observance(utc: utc).offset
    // .NET keeps to the years that exist.
    return try DateTimeValue(ticks: min(max(result, 0), DateTimeValue.maximumTicks), kind: other.kind)
  }

  var runtimeType: TypeSymbol { .named(typeName) }
  func text(_ machine: Machine) throws -> String { typeName == "System.TimeZone" ? typeName : zone.displayName }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? TimeZoneObject { return other.zone == zone }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(zone) }
}

/// A `TimeZoneInfo.AdjustmentRule`.
final class AdjustmentRuleObject: RuntimeObject, Sendable {
  let rule: DaylightRule

  init(_ rule: DaylightRule) { self.rule = rule }

  var runtimeType: TypeSymbol { .named("System.TimeZoneInfo.AdjustmentRule") }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? AdjustmentRuleObject { return other.rule == rule }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(rule) }
}

/// A `TimeZoneInfo.TransitionTime`.
final class TransitionTimeObject: RuntimeObject, Sendable {
  let transition: DaylightTransition

  init(_ transition: DaylightTransition) { self.transition = transition }

  /// The first argument, a time without a date. ArgumentException for one with a date.
  static func time(_ call: Call) throws -> Int64 {
    let date = try LibraryCatalog.date(call[0])
    guard date.ticks < DateTimeValue.ticksPerDay, date.kind == .unspecified else {
      throw Thrown.argument(
        "The supplied DateTime must have the Year, Month, and Day properties set to 1.  The time cannot be specified "
          + "more precisely than whole milliseconds. (Parameter 'timeOfDay')")
    }
    return date.ticks
  }

  var runtimeType: TypeSymbol { .named("System.TimeZoneInfo.TransitionTime") }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? TransitionTimeObject {
      return other.transition == transition
    }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(transition) }
}
