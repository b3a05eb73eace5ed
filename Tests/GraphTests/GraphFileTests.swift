import Diagnostics
import Graph
import TestSupport
import Testing

@Suite struct GraphFileTests {
  static let micro = GIT.logits(
    .gitMicro(vocabularySize: 200),
    training: TrainingOptions(dropout: 0.1, smoothing: Smoothing(form: .kl, amount: 0.1)))

  @Test(arguments: OpSamples.all)
  func everyOpComesBackEqual(sample: OpSample) throws {
    let bytes = sample.graph.serialized
    #expect(try Graph(serialized: bytes, place: "test") == sample.graph)
    #expect(try Graph(serialized: bytes, place: "test").serialized == bytes)
  }

  @Test func modelsComeBackEqual() throws {
    for graph in [Self.micro, GIT.logits(.gitLarge)] {
      #expect(try Graph(serialized: graph.serialized, place: "test") == graph)
    }
  }

  @Test func fileOfAReleasedModelIsSmall() {
    #expect(GIT.logits(.gitBase).serialized.count < 100_000)
  }

  /// The version is the last field, so every cut is noticed.
  @Test func cutFilesAreRefused() {
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("B"), 197 * .symbol("F") + .symbol("T")]))
    graph.output("y", graph.scale(graph.softmax(x), by: 0.5))
    let bytes = graph.serialized
    for length in bytes.indices {
      #expect(throws: InputError.self, "cut to \(length)") {
        try Graph(serialized: Array(bytes[..<length]), place: "test")
      }
    }
  }

  /// One byte changed anywhere gives an error or a graph that keeps every rule.
  @Test(arguments: OpSamples.all)
  func changedBytesNeverTrap(sample: OpSample) throws {
    let bytes = sample.graph.serialized
    for index in bytes.indices {
      for change in [0x01, 0x02, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[index] ^= change
        if let graph = try? Graph(serialized: damaged, place: "test") { try graph.verify() }
      }
    }
  }

  /// An empty node is two bytes of a file and a hundred of memory.
  @Test func filesThatWouldFillTheMemoryAreRefused() {
    let bytes = (0..<16 << 20).map { $0 % 2 == 0 ? 3 << 3 | 2 : 0 as UInt8 }
    let error = #expect(throws: InputError.self) { try Graph(serialized: bytes, place: "test") }
    #expect(error?.expected.contains("268435456 bytes of memory") == true)
  }

  /// protobuf wire form by hand, for files that no writer of ours makes.
  static func field(_ number: UInt8, varint: UInt8) -> [UInt8] { [number << 3, varint] }
  static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }
  static func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  static let version = field(15, varint: 1)
  /// `x`: f32[2], id 0.
  static let x = field(
    1,
    text(1, "x") + field(2, varint: 0) + field(3, varint: 1)
      + field(4, field(1, field(1, varint: 4))))

  static func node(_ op: String, inputs: [UInt8], _ attributes: [UInt8] = []) -> [UInt8] {
    field(3, text(1, op) + field(2, inputs) + attributes)
  }

  static func output(_ name: String, _ id: UInt8) -> [UInt8] {
    field(4, text(1, name) + field(2, varint: id))
  }

  static func permutation(_ values: [UInt8]) -> [UInt8] {
    field(3, text(1, "permutation") + field(5, field(1, values)))
  }

  @Test func handWrittenFileIsRead() throws {
    let bytes =
      Self.x + Self.node("transpose", inputs: [0], Self.permutation([0])) + Self.output("y", 1)
      + Self.version
    let graph = try Graph(serialized: bytes, place: "test")
    #expect(
      graph.text == """
        input %x : f32[2]
        %0 = transpose %x {permutation = [0]} : f32[2]
        output y = %0

        """)
  }

  static let mistakes: [(field: String, says: String, bytes: [UInt8])] = [
    ("the graph", "one whole protobuf message", []),
    ("the graph", "one whole protobuf message", [0xFF, 0xFF]),
    ("version", "found 2", field(15, varint: 2)),
    ("graph", "field number 9", field(9, varint: 1) + version),
    ("inputs[1].name", "'x'", x + x.replacing(4, with: 1) + version),
    ("inputs[0].dtype", "found 7", x.replacing(6, with: 7) + version),
    ("inputs[0].id", "expected 0, found 3", x.replacing(4, with: 3) + version),
    ("nodes[0]", "unknown op 'halve'", x + node("halve", inputs: [0]) + version),
    ("nodes[0]", "not defined before its use", x + node("softmax", inputs: [1]) + version),
    ("nodes[0]", "expected 2 inputs", x + node("add", inputs: [0]) + version),
    ("nodes[0]", "attribute 'permutation'", x + node("transpose", inputs: [0]) + version),
    (
      "nodes[0]", "unknown attribute 'permutation'",
      x + node("softmax", inputs: [0], permutation([0])) + version
    ),
    (
      "nodes[0].attributes", "'permutation' again",
      x + node("transpose", inputs: [0], permutation([0]) + permutation([0])) + version
    ),
    (
      "nodes[0].attributes[0]", "found none",
      x + node("transpose", inputs: [0], field(3, text(1, "permutation"))) + version
    ),
    ("outputs[0].value", "an id below 1", x + output("y", 1) + version),
    ("outputs[1].name", "'y'", x + output("y", 0) + output("y", 0) + version),
    ("outputs[0].name", "printable", x + output("", 0) + version),
  ]

  @Test(arguments: mistakes.indices)
  func errorsNameTheField(index: Int) throws {
    let mistake = Self.mistakes[index]
    let error = try #require(throws: InputError.self) {
      try Graph(serialized: mistake.bytes, place: "m.ckpt")
    }
    #expect(error.place == "m.ckpt, field \(mistake.field)")
    #expect("\(error)".contains(mistake.says), "\(error)")
  }

  /// 2⁶⁰ elements per axis: shape inference would overflow if such a file were read.
  @Test func sizesBeyondTheLimitsAreRefused() throws {
    let huge: [UInt8] = [1 << 3] + [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]
    let axis = Self.field(4, Self.field(1, huge))
    let bytes =
      Self.field(
        1, Self.text(1, "x") + Self.field(2, varint: 0) + Self.field(3, varint: 1) + axis + axis)
      + Self.version
    let error = try #require(throws: InputError.self) {
      try Graph(serialized: bytes, place: "test")
    }
    #expect(error.place == "test, field inputs[0].shape[0].terms[0].coefficient")
  }
}

extension [UInt8] {
  /// With the payload byte at `index` behind a message's tag and length replaced.
  fileprivate func replacing(_ index: Int, with byte: UInt8) -> [UInt8] {
    var bytes = self
    bytes[index + 2] = byte
    return bytes
  }
}
