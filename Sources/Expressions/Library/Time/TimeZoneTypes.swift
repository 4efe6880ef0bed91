import DotNet

/// `TimeZoneInfo` with its rules, and the older `TimeZone`. The local zone is UTC.
extension LibraryCatalog {
  static let timeZoneTypes: [LibraryType] = [
    LibraryType("class System.TimeZoneInfo") { type in
      zoneMaking(&type)
      zoneParts(&type)
      zoneTimes(&type)
      zoneConversions(&type)
    },
    LibraryType("class System.TimeZoneInfo.AdjustmentRule") { type in adjustmentRule(&type) },
    LibraryType("struct System.TimeZoneInfo.TransitionTime") { type in transitionTime(&type) },
    LibraryType("abstract class System.TimeZone") { type in
      type.member("static TimeZone CurrentTimeZone { get; }") { _ in
        .object(TimeZoneObject(.utc, typeName: "System.TimeZone"))
      }
      for name in ["StandardName", "DaylightName"] {
        type.member("string \(name) { get; }") { call in
          let zone = try call.receiver(TimeZoneObject.self).zone
          return .string(name == "StandardName" ? zone.standardName : zone.daylightName)
        }
      }
      type.member("TimeSpan GetUtcOffset(DateTime time)") { call in
        value(span: try call.receiver(TimeZoneObject.self).offset(of: try date(call[0])))
      }
      type.member("bool IsDaylightSavingTime(DateTime time)") { call in
        let zone = try call.receiver(TimeZoneObject.self)
        return .bool(zone.zone.observance(utc: try date(call[0]).ticks - zone.offset(of: try date(call[0]))).isDaylight)
      }
      for (name, kind) in [("ToLocalTime", DateTimeValue.Kind.local), ("ToUniversalTime", .utc)] {
        type.member("DateTime \(name)(DateTime time)") { call in value(try date(call[0]).with(kind)) }
      }
    },
  ]

  private static func zoneMaking(_ type: inout LibraryRegistration) {
    for name in ["Utc", "Local"] {
      type.member("static TimeZoneInfo \(name) { get; }") { _ in .object(TimeZoneObject(.utc, isLocal: name == "Local"))
      }
    }
    type.member("static TimeZoneInfo FindSystemTimeZoneById(string id)") { call in
      .object(TimeZoneObject(try TimeZoneDatabase.shared.zone(try call.string(0))))
    }
    type.member("static IReadOnlyList<TimeZoneInfo> GetSystemTimeZones()") { call in
      try call.machine.process(bytes: 1 << 18)
      let zones = TimeZoneDatabase.shared.all().map { Value.object(TimeZoneObject($0)) }
      return .object(ArrayObject(of: .named("System.TimeZoneInfo"), zones))
    }
    type.member(
      "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)"
    ) { call in
      .object(
        TimeZoneObject(
          try TimeZoneValue(
            id: try call.string(0), offset: try span(call[1]), displayName: call.stringOrNull(2) ?? "",
            standardName: call.stringOrNull(3) ?? "", daylightName: call.stringOrNull(3) ?? "")))
    }
    for more in ["", ", bool disableDaylightSavingTime"] {
      type.member(
        "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, AdjustmentRule[] adjustmentRules\(more))"
      ) { call in
        var rules: [DaylightRule] = []
        if !call[5].isNull, !call.bool(6) {
          for case .object(let object) in try call.array(5) {
            if let rule = object as? AdjustmentRuleObject { rules.append(rule.rule) }
          }
        }
        return .object(
          TimeZoneObject(
            try TimeZoneValue(
              id: try call.string(0), offset: try span(call[1]), displayName: call.stringOrNull(2) ?? "",
              standardName: call.stringOrNull(3) ?? "", daylightName: call.stringOrNull(4) ?? "", rules: rules)))
      }
    }
    type.member("static void ClearCachedData()") { _ in .null }
  }

  private static func zoneParts(_ type: inout LibraryRegistration) {
    let texts: [(String, @Sendable (TimeZoneValue) -> String)] = [
      ("Id", { $0.id }), ("DisplayName", { $0.displayName }), ("StandardName", { $0.standardName }),
      ("DaylightName", { $0.daylightName }),
    ]
    for (name, text) in texts {
      type.member("string \(name) { get; }") { call in .string(text(try call.receiver(TimeZoneObject.self).zone)) }
    }
    type.member("TimeSpan BaseUtcOffset { get; }") { call in
      value(span: try call.receiver(TimeZoneObject.self).zone.baseOffset)
    }
    type.member("bool SupportsDaylightSavingTime { get; }") { call in
      .bool(try call.receiver(TimeZoneObject.self).zone.hasDaylight)
    }
    type.member("AdjustmentRule[] GetAdjustmentRules()") { call in
      let rules = try call.receiver(TimeZoneObject.self).zone.rules.map { Value.object(AdjustmentRuleObject($0)) }
      return .object(ArrayObject(of: .named("System.TimeZoneInfo.AdjustmentRule"), rules))
    }
    type.member("bool HasSameRules(TimeZoneInfo other)") { call in
      .bool(
        try call.receiver(TimeZoneObject.self).zone.hasSameRules(as: try call.object(0, as: TimeZoneObject.self).zone))
    }
    type.member("bool Equals(TimeZoneInfo other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
  }

  private static func moment(_ call: Call) throws -> DateTimeOffsetObject { try call.object(0) }

  private static func zoneTimes(_ type: inout LibraryRegistration) {
    type.member("TimeSpan GetUtcOffset(DateTime dateTime)") { call in
      value(span: try call.receiver(TimeZoneObject.self).offset(of: try date(call[0])))
    }
    type.member("bool IsDaylightSavingTime(DateTime dateTime)") { call in
      let (zone, date) = (try call.receiver(TimeZoneObject.self), try date(call[0]))
      return .bool(zone.zone.observance(utc: date.ticks - zone.offset(of: date)).isDaylight)
    }
    type.member("TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)") { call in
      let zone = try call.receiver(TimeZoneObject.self).zone
      return value(span: zone.observance(utc: try moment(call).utc.ticks).offset)
    }
    type.member("bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)") { call in
      let zone = try call.receiver(TimeZoneObject.self).zone
      return .bool(zone.observance(utc: try moment(call).utc.ticks).isDaylight)
    }
    type.member("bool IsAmbiguousTime(DateTimeOffset dateTimeOffset)") { call in
      let zone = try call.receiver(TimeZoneObject.self)
      return .bool(zone.zone.offsets(local: try zone.shown(try moment(call)).clock.ticks).count == 2)
    }
    for (name, count) in [("IsInvalidTime", 0), ("IsAmbiguousTime", 2)] {
      type.member("bool \(name)(DateTime dateTime)") { call in
        let (zone, date) = (try call.receiver(TimeZoneObject.self), try date(call[0]))
        if date.kind == .utc, count == 0 { return .bool(false) }
        return .bool(zone.zone.offsets(local: zone.shown(date)).count == count)
      }
    }
    type.member("TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)") { call in
      let zone = try call.receiver(TimeZoneObject.self)
      let offsets = zone.zone.offsets(local: zone.shown(try date(call[0])))
      guard offsets.count == 2 else {
        throw Thrown.argument("The supplied DateTime is not in an ambiguous time range. (Parameter 'dateTime')")
      }
      return .object(ArrayObject(of: .timeSpan, offsets.sorted().map { value(span: $0) }))
    }
  }

  private static func zoneConversions(_ type: inout LibraryRegistration) {
    type.member("static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)") { call in
      let date = try date(call[0])
      return value(try TimeZoneObject.own(date).convert(date, to: try call.object(1)))
    }
    type.member(
      "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)"
    ) { call in
      let source: TimeZoneObject = try call.object(1)
      return value(try source.convert(try date(call[0]), to: try call.object(2)))
    }
    type.member(
      "static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)"
    ) { call in
      .object(try call.object(1, as: TimeZoneObject.self).shown(try moment(call)))
    }
    type.member(
      "static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)"
    ) { call in
      let zone = TimeZoneObject(try TimeZoneDatabase.shared.zone(try call.string(1)))
      return .object(try zone.shown(try moment(call)))
    }
    type.member("static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)") { call in
      value(try TimeZoneObject(.utc).convert(try date(call[0]), to: try call.object(1)))
    }
    type.member("static DateTime ConvertTimeToUtc(DateTime dateTime)") { call in value(try date(call[0]).with(.utc)) }
    type.member("static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)") { call in
      value(try call.object(1, as: TimeZoneObject.self).convert(try date(call[0]), to: TimeZoneObject(.utc)))
    }
    type.member("static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)") {
      call in
      let date = try date(call[0])
      let zone = TimeZoneObject(try TimeZoneDatabase.shared.zone(try call.string(1)))
      return value(try TimeZoneObject.own(date).convert(date, to: zone))
    }
    type.member(
      "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)"
    ) { call in
      let date = try date(call[0])
      let zones = try (1...2).map { TimeZoneObject(try TimeZoneDatabase.shared.zone(try call.string($0))) }
      return value(try zones[0].convert(date, to: zones[1]))
    }
  }

  private static func adjustmentRule(_ type: inout LibraryRegistration) {
    type.member(
      "static AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TransitionTime daylightTransitionStart, TransitionTime daylightTransitionEnd)"
    ) { call in
      .object(
        AdjustmentRuleObject(
          try DaylightRule(
            from: try date(call[0]).ticks, to: try date(call[1]).ticks, delta: try span(call[2]),
            daylightStart: try call.object(3, as: TransitionTimeObject.self).transition,
            daylightEnd: try call.object(4, as: TransitionTimeObject.self).transition)))
    }
    for (name, isStart) in [("DateStart", true), ("DateEnd", false)] {
      type.member("DateTime \(name) { get; }") { call in
        let rule = try call.receiver(AdjustmentRuleObject.self).rule
        return value(try DateTimeValue(ticks: isStart ? rule.start : rule.end))
      }
      type.member("TransitionTime DaylightTransition\(isStart ? "Start" : "End") { get; }") { call in
        let rule = try call.receiver(AdjustmentRuleObject.self).rule
        return .object(TransitionTimeObject(isStart ? rule.daylightStart : rule.daylightEnd))
      }
    }
    type.member("TimeSpan DaylightDelta { get; }") { call in
      value(span: try call.receiver(AdjustmentRuleObject.self).rule.delta)
    }
    type.member("bool Equals(AdjustmentRule other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
  }

  private static func transitionTime(_ type: inout LibraryRegistration) {
    type.member("static TransitionTime CreateFixedDateRule(DateTime timeOfDay, int month, int day)") { call in
      .object(
        TransitionTimeObject(
          try DaylightTransition(fixed: try TransitionTimeObject.time(call), month: call.int(1), day: call.int(2))))
    }
    type.member(
      "static TransitionTime CreateFloatingDateRule(DateTime timeOfDay, int month, int week, DayOfWeek dayOfWeek)"
    ) { call in
      .object(
        TransitionTimeObject(
          try DaylightTransition(
            floating: try TransitionTimeObject.time(call), month: call.int(1), week: call.int(2),
            dayOfWeek: call.int(3))))
    }
    let numbers: [(String, @Sendable (DaylightTransition) -> Int)] = [
      ("Month", { $0.month }), ("Week", { $0.week }), ("Day", { $0.day }),
    ]
    for (name, number) in numbers {
      type.member("int \(name) { get; }") { call in
        .int32(Int32(number(try call.receiver(TransitionTimeObject.self).transition)))
      }
    }
    type.member("DateTime TimeOfDay { get; }") { call in
      value(try DateTimeValue(ticks: try call.receiver(TransitionTimeObject.self).transition.timeOfDay))
    }
    type.member("DayOfWeek DayOfWeek { get; }") { call in
      .enumeration(
        Int32(try call.receiver(TransitionTimeObject.self).transition.dayOfWeek), .named("System.DayOfWeek"))
    }
    type.member("bool IsFixedDateRule { get; }") { call in
      .bool(try call.receiver(TransitionTimeObject.self).transition.isFixedDate)
    }
    type.member("bool Equals(TransitionTime other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    equality(&type, "TransitionTime")
  }
}
