import Foundation

/// `Math`.
extension LibraryCatalog {
  static let mathType = LibraryType("static class System.Math") { type in
    mathReal(&type)
    mathRounding(&type)
    mathIntegers(&type)
  }

  private static func mathIntegers(_ type: inout LibraryRegistration) {
    for (name, numeric) in [("int", TypeSymbol.int32), ("long", .int64)] {
      type.member("static \(name) DivRem(\(name) a, \(name) b, out \(name) result)") { call in
        let quotient = try Arithmetic.divide.apply(call[0], call[1], numeric, isChecked: true)
        call.set(2, try Arithmetic.remainder.apply(call[0], call[1], numeric, isChecked: true))
        return quotient
      }
    }
    type.member("static long BigMul(int a, int b)") { call in .int64(call.long(0) * call.long(1)) }
    type.member("static double IEEERemainder(double x, double y)") { call in
      .double(call.double(0).remainder(dividingBy: call.double(1)))
    }
  }

  private static func mathReal(_ type: inout LibraryRegistration) {
    type.constant("double PI", .double(.pi))
    type.constant("double E", .double(M_E))
    let functions: [(String, @Sendable (Double) -> Double)] = [
      ("Sqrt", { $0.squareRoot() }), ("Exp", { exp($0) }), ("Log", { log($0) }), ("Log10", { log10($0) }),
      ("Sin", { sin($0) }), ("Cos", { cos($0) }), ("Tan", { tan($0) }), ("Asin", { asin($0) }), ("Acos", { acos($0) }),
      ("Atan", { atan($0) }), ("Sinh", { sinh($0) }), ("Cosh", { cosh($0) }), ("Tanh", { tanh($0) }),
    ]
    for (name, function) in functions {
      type.member("static double \(name)(double d)") { call in .double(function(call.double(0))) }
    }
    type.member("static double Pow(double x, double y)") { call in .double(pow(call.double(0), call.double(1))) }
    type.member("static double Log(double a, double newBase)") { call in
      .double(log(call.double(0)) / log(call.double(1)))
    }
    type.member("static double Atan2(double y, double x)") { call in .double(atan2(call.double(0), call.double(1))) }
    for name in ["int", "long", "double", "decimal", "float", "short", "byte", "uint", "ulong", "sbyte", "ushort"] {
      for (function, sign) in [("Max", 1), ("Min", -1)] {
        type.member("static \(name) \(function)(\(name) val1, \(name) val2)") { call in
          if call.double(0).isNaN { return call[0] }
          if call.double(1).isNaN { return call[1] }
          return try Operation.compare(call[0], call[1]) * sign >= 0 ? call[0] : call[1]
        }
      }
      if name.hasPrefix("u") || name == "byte" { continue }
      let numeric = SignatureReader.type(name, in: [])
      type.member("static \(name) Abs(\(name) value)") { call in
        let zero = Value.defaultValue(of: numeric)
        if try Operation.compare(call[0], zero) >= 0 { return call[0] }
        do {
          return try Arithmetic.subtract.apply(zero, call[0], numeric, isChecked: true)
        } catch {
          throw Thrown.overflow("Negating the minimum value of a twos complement number is invalid.")
        }
      }
      type.member("static int Sign(\(name) value)") { call in
        if call.double(0).isNaN {
          throw Thrown("System.ArithmeticException", "Function does not accept floating point Not-a-Number values.")
        }
        return .int32(Int32(try Operation.compare(call[0], Value.defaultValue(of: numeric))))
      }
    }
  }

  private static func mathRounding(_ type: inout LibraryRegistration) {
    for name in ["Round", "Truncate", "Floor", "Ceiling"] {
      type.member("static double \(name)(double d)") { call in
        let value = call.double(0)
        switch name {
        case "Truncate": return .double(value.rounded(.towardZero))
        case "Floor": return .double(value.rounded(.down))
        case "Ceiling": return .double(value.rounded(.up))
        default: return .double(value.rounded(.toNearestOrEven))
        }
      }
      type.member("static decimal \(name)(decimal d)") { call in .decimal(rounded(name, try Operation.decimal(call[0])))
      }
    }
    type.member("static double Round(double value, int digits)") { call in try round(call, .toNearestOrEven, 1) }
    type.member("static double Round(double value, MidpointRounding mode)") { call in
      .double(call.double(0).rounded(call.int(1) == 1 ? .toNearestOrAwayFromZero : .toNearestOrEven))
    }
    type.member("static double Round(double value, int digits, MidpointRounding mode)") { call in
      try round(call, call.int(2) == 1 ? .toNearestOrAwayFromZero : .toNearestOrEven, 1)
    }
    for (parameters, digits, mode) in [
      ("int decimals", 1, nil), ("MidpointRounding mode", nil, 1), ("int decimals, MidpointRounding mode", 1, 2),
    ] as [(String, Int?, Int?)] {
      type.member("static decimal Round(decimal d, \(parameters))") { call in
        try roundedDecimal(call, digits: digits, mode: mode)
      }
    }
  }

  private static func round(_ call: Call, _ rule: FloatingPointRoundingRule, _ at: Int) throws -> Value {
    guard (0...15).contains(call.int(at)) else {
      throw Thrown.outOfRange("digits", "Rounding digits must be between 0 and 15, inclusive.")
    }
    let (value, power) = (call.double(0), pow(10, Double(call.int(at))))
    return .double(abs(value) < 1e16 ? (value * power).rounded(rule) / power : value)
  }
}
