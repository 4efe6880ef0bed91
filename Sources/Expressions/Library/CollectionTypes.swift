/// The collections of `System.Collections.Generic`.
extension LibraryCatalog {
  static let collectionTypes: [LibraryType] =
    [
      LibraryType("interface System.Collections.Generic.IEnumerable<out T> : IEnumerable") { type in
        type.member("IEnumerator<T> GetEnumerator()") { call in
          .object(EnumeratorObject(call.this.runtimeType, try call.this.makeIterator()))
        }
      },
      LibraryType("interface System.Collections.Generic.IEnumerator<out T> : IDisposable") { type in
        type.member("bool MoveNext()") { call in .bool(try call.receiver(EnumeratorObject.self).advance(call.machine)) }
        type.member("T Current { get; }") { call in try call.receiver(EnumeratorObject.self).current }
        type.member("void Reset()") { _ in throw Thrown.notSupported() }
      },
      LibraryType("interface System.Linq.IOrderedEnumerable<out T> : IEnumerable<T>", listed: false),
      LibraryType("interface System.Linq.IGrouping<out TKey, out TElement> : IEnumerable<TElement>") { type in
        type.member("TKey Key { get; }") { call in try call.receiver(GroupingObject.self).key }
      },
      LibraryType("interface System.Collections.Generic.IReadOnlyCollection<out T> : IEnumerable<T>") { type in
        count(&type)
      },
      LibraryType("interface System.Collections.Generic.IReadOnlyList<out T> : IReadOnlyCollection<T>") { type in
        type.direct("T this[int index] { get; }") { _, list, index in try listElement(list, index) }
      },
      LibraryType("interface System.Collections.Generic.ICollection<T> : IEnumerable<T>") { type in
        count(&type)
        type.member("bool Contains(T item)") { call in
          .bool(try call.this.elements(call.machine).contains { Operation.areEqual($0, call[0]) })
        }
        listMembers(&type)
      },
      LibraryType("interface System.Collections.Generic.IList<T> : ICollection<T>") { type in
        type.property(
          "T this[int index] { get; set; }", direct: { _, list, index in try listElement(list, index) },
          set: { call in try setListElement(call) })
      },
      LibraryType("interface System.Collections.Generic.ISet<T> : ICollection<T>"),
      lookupType,
      listType,
      setType,
      LibraryType("class System.Collections.Generic.Queue<T> : IReadOnlyCollection<T>") { type in
        sequence(&type, "Queue")
        type.member("void Enqueue(T item)") { call in
          try call.machine.allocate(bytes: 24)
          try call.receiver(ListObject.self).elements.append(call[0])
          return .null
        }
        for (name, removes) in [("Dequeue", true), ("Peek", false)] {
          type.member("T \(name)()") { call in
            let queue = try call.receiver(ListObject.self)
            guard let first = queue.elements.first else { throw Thrown.invalidOperation("Queue empty.") }
            if removes {
              try call.machine.charge(steps: queue.elements.count / 64)
              queue.elements.removeFirst()
            }
            return first
          }
        }
      },
      LibraryType("class System.Collections.Generic.Stack<T> : IReadOnlyCollection<T>") { type in
        sequence(&type, "Stack")
        // The newest element comes first.
        type.member("void Push(T item)") { call in
          try call.machine.allocate(bytes: 24)
          let stack = try call.receiver(ListObject.self)
          try call.machine.charge(steps: stack.elements.count / 64)
          stack.elements.insert(call[0], at: 0)
          return .null
        }
        for (name, removes) in [("Pop", true), ("Peek", false)] {
          type.member("T \(name)()") { call in
            let stack = try call.receiver(ListObject.self)
            guard let first = stack.elements.first else { throw Thrown.invalidOperation("Stack empty.") }
            if removes {
              try call.machine.charge(steps: stack.elements.count / 64)
              stack.elements.removeFirst()
            }
            return first
          }
        }
      },
      LibraryType("struct System.Collections.Generic.KeyValuePair<TKey, TValue>") { type in
        type.member("KeyValuePair(TKey key, TValue value)") { call in
          .object(try TupleObject.made(.keyValuePair(call.types[0], call.types[1]), [call[0], call[1]]))
        }
        type.member("TKey Key { get; }") { call in try call.receiver(TupleObject.self).values[0] }
        type.member("TValue Value { get; }") { call in try call.receiver(TupleObject.self).values[1] }
      },
    ] + dictionaryTypes

  static func count(_ type: inout LibraryRegistration) {
    type.number("int Count { get; }") { machine, receiver in
      guard case .object(let object) = receiver else { throw Thrown.nullReference() }
      switch object {
      case let list as ListObject: return list.elements.count
      case let array as ArrayObject: return array.count
      case let set as SetObject: return set.count
      case let dictionary as DictionaryObject: return dictionary.count
      default: return try receiver.elements(machine).count
      }
    }
  }

  static func listElement(_ receiver: Value, _ index: Value) throws -> Value {
    guard case .object(let object) = receiver else { throw Thrown.nullReference() }
    if let array = object as? ArrayObject { return try array.checked(index.int) }
    let list: ListObject = try receiver.instance()
    return list.elements[try list.checked(index.int)]
  }

  static func setListElement(_ call: Call) throws -> Value {
    if case .object(let object) = call.this, let array = object as? ArrayObject {
      try array.store(call[1], at: call.int(0))
      return .null
    }
    let list = try call.receiver(ListObject.self)
    list.elements[try list.checked(call.int(0))] = call[1]
    list.version += 1
    return .null
  }

  private static func sequence(_ type: inout LibraryRegistration, _ name: String) {
    let isStack = name == "Stack"
    @Sendable func make(_ call: Call, _ elements: [Value]) -> Value {
      let definition = LibraryCatalog.shared.required("System.Collections.Generic.\(name)", arity: 1)
      return .object(ListObject(TypeSymbol(definition, call.types), isStack ? elements.reversed() : elements))
    }
    type.member("\(name)()") { call in make(call, []) }
    type.member("\(name)(int capacity)") { call in make(call, []) }
    type.member("void TrimExcess()") { _ in .null }
    type.member("\(name)(IEnumerable<T> collection)") { call in make(call, try call.elements(0)) }
    count(&type)
    type.member("bool Contains(T item)") { call in
      .bool(try call.receiver(ListObject.self).elements.contains { Operation.areEqual($0, call[0]) })
    }
    type.member("void Clear()") { call in
      try call.receiver(ListObject.self).elements = []
      return .null
    }
    type.member("T[] ToArray()") { call in
      let list = try call.receiver(ListObject.self)
      return .object(ArrayObject(of: list.runtimeType.arguments[0], list.elements))
    }
  }
}

/// `IEnumerator<T>`: a pass over a sequence, step by step.
final class EnumeratorObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private let iterator: any ValueIterator
  private(set) var current = Value.null

  /// - Parameter source: the type that is enumerated.
  init(_ source: TypeSymbol, _ iterator: any ValueIterator) {
    let element =
      source.elementType
      ?? ([source] + source.allInterfaces).first { $0.definition === TypeDefinition.enumerable }?.arguments[0]
      ?? .object
    let definition = LibraryCatalog.shared.required("System.Collections.Generic.IEnumerator", arity: 1)
    runtimeType = TypeSymbol(definition, [element])
    self.iterator = iterator
  }

  func advance(_ machine: Machine) throws -> Bool {
    try machine.charge()
    let next = try iterator.next(machine)
    current = next ?? .null
    return next != nil
  }
}
