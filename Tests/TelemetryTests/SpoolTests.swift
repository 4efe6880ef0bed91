import Foundation
import Testing

@testable import Telemetry

@Suite struct SpoolTests {
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = NSTemporaryDirectory() + "spool-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
  }

  private func lines(_ range: ClosedRange<Int>) -> [UInt8] {
    Array(range.map { "{\"n\":\($0)}\n" }.joined().utf8)
  }

  @Test func `records come out in order, once, and are numbered from one`() throws {
    try withDirectory { directory in
      let spool = try Spool(directory: directory, newID: "a")
      try spool.append(lines(1...5), count: 5)
      let batch = try #require(try spool.nextBatch(maximumRecords: 3, maximumBytes: 1 << 20))
      #expect(batch.firstSequence == 1 && batch.count == 3)
      #expect(String(decoding: batch.records, as: UTF8.self) == #"{"n":1},{"n":2},{"n":3}"#)
      try spool.acknowledge(through: batch.lastSequence)
      let rest = try #require(try spool.nextBatch(maximumRecords: 10, maximumBytes: 1 << 20))
      #expect(rest.firstSequence == 4 && rest.count == 2)
      try spool.acknowledge(through: 5)
      #expect(try spool.nextBatch(maximumRecords: 10, maximumBytes: 1 << 20) == nil)
      #expect(spool.pending == 0 && spool.nextSequence == 6)
    }
  }

  @Test func `what was not confirmed is still there after a restart, under the same numbers and id`() throws {
    try withDirectory { directory in
      do {
        let spool = try Spool(directory: directory, newID: "first")
        try spool.append(lines(1...4), count: 4)
        try spool.acknowledge(through: 2)
      }
      let spool = try Spool(directory: directory, newID: "second")
      #expect(spool.id == "first" && spool.acknowledged == 2 && spool.pending == 2)
      let batch = try #require(try spool.nextBatch(maximumRecords: 10, maximumBytes: 1 << 20))
      #expect(batch.firstSequence == 3 && batch.count == 2)
      try spool.append(lines(5...5), count: 1)
      #expect(spool.nextSequence == 6)
    }
  }

  @Test func `a line cut off by a crash is dropped and its number given to the next record`() throws {
    try withDirectory { directory in
      do {
        let spool = try Spool(directory: directory, newID: "a")
        try spool.append(lines(1...2), count: 2)
      }
      let path = directory + "/00000000000000000001.records"
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"n":3"#.utf8))
      try handle.close()
      let spool = try Spool(directory: directory, newID: "b")
      #expect(spool.nextSequence == 3)
      try spool.append(lines(3...3), count: 1)
      var records: [String] = []
      while let batch = try spool.nextBatch(maximumRecords: 10, maximumBytes: 1 << 20) {
        records.append(String(decoding: batch.records, as: UTF8.self))
        try spool.acknowledge(through: batch.lastSequence)
      }
      #expect(records == [#"{"n":1},{"n":2}"#, #"{"n":3}"#])
    }
  }

  @Test func `segments turn over, confirmed ones are removed, and numbers never repeat`() throws {
    try withDirectory { directory in
      var bounds = Spool.Bounds()
      bounds.segmentBytes = 64
      let spool = try Spool(directory: directory, newID: "a", bounds: bounds)
      for n in 1...100 { try spool.append(lines(n...n), count: 1) }
      var expected: UInt64 = 1
      while let batch = try spool.nextBatch(maximumRecords: 7, maximumBytes: 1 << 20) {
        #expect(batch.firstSequence == expected)
        expected = batch.lastSequence + 1
        try spool.acknowledge(through: batch.lastSequence)
      }
      #expect(expected == 101)
      let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".records") }
      #expect(files.count == 1)
      let reopened = try Spool(directory: directory, newID: "b", bounds: bounds)
      #expect(reopened.nextSequence == 101)
    }
  }

  @Test func `a full spool drops the oldest records and counts them`() throws {
    try withDirectory { directory in
      var bounds = Spool.Bounds()
      bounds.segmentBytes = 64
      bounds.maximumBytes = 256
      let spool = try Spool(directory: directory, newID: "a", bounds: bounds)
      for n in 1...100 { try spool.append(lines(n...n), count: 1) }
      #expect(spool.lost > 0 && spool.lost + spool.pending == 100)
      let batch = try #require(try spool.nextBatch(maximumRecords: 1, maximumBytes: 1))
      #expect(batch.firstSequence == spool.lost + 1)
    }
  }
}
