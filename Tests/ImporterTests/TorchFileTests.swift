import Diagnostics
import Formats
import Foundation
import Testing

/// What a file of `torch.save` can hold, and what it cannot do.
@Suite struct TorchFileTests {
  /// A file of this pickle and storages, read.
  private func read(
    _ pickle: [UInt8], _ storages: [(key: String, values: [Float])] = [],
    _ edit: (inout ZipBuilder) -> Void = { _ in }
  ) throws -> TorchFile {
    var zip = ZipBuilder(entries: [.init(name: "archive/data.pkl", bytes: pickle)])
    for (key, values) in storages {
      let bytes = values.withUnsafeBytes { Array($0) }
      zip.entries.append(.init(name: "archive/data/\(key)", bytes: bytes))
    }
    edit(&zip)
    return try read(file: zip.bytes)
  }

  private func read(file: [UInt8]) throws -> TorchFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID()).pt").path
    try Data(file).write(to: URL(filePath: path))
    // The mapping outlives the name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try TorchFile(path: path, key: "model")
  }

  private func expectError(
    _ pickle: [UInt8], _ found: String, storages: [(key: String, values: [Float])] = [],
    _ edit: (inout ZipBuilder) -> Void = { _ in }, at location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: InputError.self, sourceLocation: location) {
      try self.read(pickle, storages, edit)
    }
    #expect(error?.kind == .badData, sourceLocation: location)
    #expect(
      error?.description.contains(found) == true, "\(error?.description ?? "")",
      sourceLocation: location)
  }

  private static let matrix: [Float] = [1, 2, 3, 4, 5, 6]
  private static let plain = Pickle.file([
    ("w", Pickle.tensor("0", count: 6, shape: [2, 3], strides: [3, 1]))
  ])

  @Test(arguments: [false, true])
  func tensorsAreViewsOfStorages(_ isLarge: Bool) throws {
    let pickle = Pickle.file([
      ("w", Pickle.tensor("0", count: 6, shape: [2, 3], strides: [3, 1])),
      ("turned", Pickle.tensor("0", count: 6, shape: [3, 2], strides: [1, 3])),
      ("part", Pickle.tensor("0", count: 6, offset: 4, shape: [2], strides: [1])),
      ("scalar", Pickle.tensor("0", count: 6, offset: 5, shape: [], strides: [])),
      (
        "half",
        Pickle.tensor("1", count: 4, offset: 1, shape: [2], strides: [1], type: "HalfStorage")
      ),
    ])
    let halves = Float(bitPattern: 0x3c00_0000)  // 0 and 1 in binary16
    let file = try read(pickle, [("0", Self.matrix), ("1", [halves, halves])]) {
      $0.isLarge = isLarge
      $0.comment = Array("made by a test".utf8)
    }
    #expect(file.names == ["w", "turned", "part", "scalar", "half"])
    #expect(file.floats("w").floats == Self.matrix)
    #expect(file.floats("turned").floats == [1, 4, 2, 5, 3, 6])
    #expect(file.floats("turned").shape == [3, 2])
    #expect(file.floats("part").floats == [5, 6])
    #expect(file.floats("scalar").floats == [6])
    #expect(file.floats("half").floats == [1, 0])
    #expect(file.floats("w").rows(1..<2).floats == [4, 5, 6])
  }

  @Test func theStateOfAnOrderedDictIsPassedOver() throws {
    let dict =
      Pickle.global("collections", "OrderedDict") + Array(")R(".utf8) + Pickle.text("w")
      + Pickle.tensor("0", count: 6, shape: [6], strides: [1]) + Array("u}(".utf8)
      + Pickle.text("_metadata") + Array("}ub".utf8)
    let root = [0x80, 2] + Array("}".utf8) + Pickle.text("model") + dict + Array("s.".utf8)
    #expect(try read(root, [("0", Self.matrix)]).names == ["w"])
  }

  // MARK: What runs code elsewhere

  @Test func namesThatCouldRunSomethingAreRefused() {
    let call = Pickle.global("os", "system") + Pickle.tuple(Pickle.text("true")) + Array("R.".utf8)
    expectError([0x80, 2] + call, "the name os.system")
    expectError(Pickle.file([("w", Pickle.global("builtins", "eval"))]), "builtins.eval")
    expectError(
      Pickle.text("posix") + Pickle.text("system") + [0x93], "the name posix.system")
    expectError(
      Pickle.global("torch", "FloatStorage") + Array(")R.".utf8), "a call of torch.FloatStorage")
    expectError(Pickle.text("a") + Array(")R.".utf8), "a call of a string")
    expectError(
      Pickle.global("collections", "OrderedDict") + Pickle.tuple(Pickle.integer(1))
        + Array("R.".utf8), "1 arguments")
  }

  @Test func otherOpcodesAreNamed() {
    expectError(Array("(ios\nsystem\n.".utf8), "opcode INST at byte 1")
    expectError([0x80, 2, 0x81], "opcode NEWOBJ at byte 2")
    expectError([0x80, 4, 0x92], "opcode NEWOBJ_EX")
    expectError([0x82, 1], "opcode EXT1")
    expectError([0xff], "opcode 0xff at byte 0")
    expectError(Pickle.text("a") + Pickle.text("b") + Array("b.".utf8), "opcode BUILD on a dict")
  }

  // MARK: What exhausts a reader

  @Test func aMillionNestedTuplesAreNoTensors() {
    expectError(
      [UInt8](repeating: UInt8(ascii: ")"), count: 1)
        + [UInt8](
          repeating: 0x85, count: 1_000_000) + Array(".".utf8), "an object")
  }

  @Test func aListThatHoldsItselfIsNoTensor() {
    let cycle = Array("]q".utf8) + [0] + Array("h".utf8) + [0] + Array("a".utf8)
    expectError(Pickle.file([("w", cycle)]), "an object as 'w'")
  }

  @Test func lengthsBeyondTheFileAreNotAllocated() {
    expectError([0x58, 0xff, 0xff, 0xff, 0x7f, 0x61], "a string of 2147483647 bytes")
    expectError([0x8a, 0xff], "at most 8 bytes")
    expectError(Array("j".utf8) + [0xff, 0xff, 0xff, 0xff], "remembered as 4294967295")
    for (shape, strides) in [
      ([1 << 62, 4], [1, 1]), ([7], [1]), ([2], [6]), ([6, 6], [0, 0]), ([2], [-1]), ([-1], [1]),
      ([2], [Int.max]), ([2, 3], [3]), ([0, 1 << 62, 1 << 62], [0, 0, 0]),
    ] {
      expectError(
        Pickle.file([("w", Pickle.tensor("0", count: 6, shape: shape, strides: strides))]),
        "tensor 'w' does not fit its storage", storages: [("0", Self.matrix)])
    }
    // Each tensor copies its shape, which a few bytes can name again.
    let axes = [Int](repeating: 1, count: 9)
    expectError(
      Pickle.file([("w", Pickle.tensor("0", count: 6, shape: axes, strides: axes))]),
      "at most 8 axes, found 9", storages: [("0", Self.matrix)])
    expectError(
      Pickle.file([
        ("w", Pickle.tensor("0", count: 6, offset: .max, shape: [1], strides: [1]))
      ]), "does not fit its storage", storages: [("0", Self.matrix)])
    expectError(
      Pickle.file([("w", Pickle.tensor("0", count: 7, shape: [7], strides: [1]))]),
      "24 bytes", storages: [("0", Self.matrix)])
    expectError(Self.plain, "none, in", storages: [("1", Self.matrix)])
  }

  @Test func stacksThatRunEmpty() {
    for pickle in ["", "s.", "R.", "t.", "(.", "Na.", "]u.", "}(Nu.", "h", "Q.", "c", "N"] {
      expectError(Array(pickle.utf8), "expected")
    }
  }

  @Test func everyPrefixIsAnError() {
    for length in 0..<Self.plain.count {
      expectError(
        Array(Self.plain.prefix(length)), "pickle", storages: [("0", Self.matrix)])
    }
  }

  @Test func dictsOfOtherThings() {
    expectError(Pickle.file([("w", Pickle.integer(3))]), "an int as 'w'")
    expectError([0x80, 2] + Array("}.".utf8), "one without it")
    expectError([0x80, 2] + Array("N.".utf8), "None")
    let tensor = Pickle.tensor("0", count: 6, shape: [6], strides: [1])
    expectError(
      Pickle.file([("w", tensor), ("w", tensor)]), "'w' again", storages: [("0", Self.matrix)])
    expectError(
      Pickle.file([
        ("w", Pickle.tensor("0", count: 6, shape: [6], strides: [1], type: "DoubleStorage"))
      ]), "torch.DoubleStorage")
  }

  // MARK: Archives

  @Test func archivesOfOtherForms() {
    let storages: [(key: String, values: [Float])] = [("0", Self.matrix)]
    expectError(Self.plain, "compressed by method 8", storages: storages) {
      $0.entries[1].method = 8
    }
    expectError(Self.plain, "encrypted", storages: storages) { $0.entries[1].flags = 1 }
    expectError(Self.plain, "entries that do not overlap", storages: storages) {
      // The storage is said to begin in the pickle's own entry.
      $0.entries[1].name = $0.entries[0].name + "2"
      $0.entries[1].offset = 0
    }
    expectError(Self.plain, "other bytes at 5", storages: storages) { $0.entries[1].offset = 5 }
    for isLarge in [false, true] {
      expectError(Self.plain, "in", storages: storages) {
        $0.isLarge = isLarge
        $0.entries[1].size = 1 << 30
      }
    }
    expectError(Self.plain, "sizes and offsets within the file", storages: storages) {
      $0.isLarge = true
      $0.entries[1].size = -1
    }
    expectError(Self.plain, "it again", storages: storages) {
      $0.entries[1].name = $0.entries[0].name
    }
    expectError(Self.plain, "0 among 2", storages: storages) {
      $0.entries[0].name = "archive/other.pkl"
    }
    expectError(Self.plain, "'big'", storages: storages) {
      $0.entries.append(.init(name: "archive/byteorder", bytes: Array("big".utf8)))
    }
  }

  @Test func everyPrefixOfAnArchiveIsAnError() throws {
    let zip = ZipBuilder(
      entries: [
        .init(name: "a/data.pkl", bytes: Self.plain),
        .init(name: "a/data/0", bytes: Self.matrix.withUnsafeBytes { Array($0) }),
      ], isLarge: true
    ).bytes
    #expect(try read(file: zip).floats("w").floats == Self.matrix)
    for length in stride(from: 0, to: zip.count, by: 3) {
      #expect(throws: InputError.self) { try read(file: Array(zip.prefix(length))) }
    }
    // Damage gives an error or other floats, never a crash.
    for place in zip.indices {
      var damaged = zip
      damaged[place] ^= 0xff
      do {
        let file = try read(file: damaged)
        for name in file.names where file.tensors[name]?.dtype.isFloat == true {
          _ = file.floats(name).floats
        }
      } catch let error as InputError { #expect(error.kind == .badData) }
    }
  }

  @Test func theOlderFormSaysWhatToDo() {
    let error = #expect(throws: InputError.self) { try read(file: Self.plain) }
    #expect(error?.advice.contains("save it again") == true)
  }
}
