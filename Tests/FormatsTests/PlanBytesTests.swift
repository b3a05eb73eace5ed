import Diagnostics
import Formats
import Randomness
import Testing

/// Protobuf by hand, for messages our encoder cannot make.
enum Proto {
  static func varint(_ value: UInt64) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
  }

  static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
    varint(field << 3) + varint(value)
  }

  static func bytes(_ field: UInt64, _ value: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(UInt64(value.count)) + value
  }
}

@Suite("Damaged plan bytes")
struct PlanBytesTests {
  private let sample = SamplePlan()

  private func error(_ bytes: [UInt8]) -> InputError? {
    let error = #expect(throws: InputError.self) { try LoadedPlan(bytes: bytes, place: "x.plan") }
    #expect(error?.kind == .badData)
    return error
  }

  @Test("another version is refused, and the message says what to do")
  func version() {
    let newer = error(PlanEncoder.head(of: sample.plan) + Proto.number(1, 3))
    #expect(newer?.place == "x.plan, field version")
    #expect(newer?.expected == "1 to 2")
    #expect(newer?.found == "3")
    #expect(newer?.advice.contains("release") == true)
    #expect(error(Proto.bytes(2, [65]))?.place == "x.plan, field version")
  }

  private static let unknown: [(bytes: [UInt8], field: String)] = [
    (Proto.number(7, 1), "head"),
    (Proto.bytes(5, Proto.number(9, 1)), "model"),
    (Proto.bytes(5, Proto.bytes(1, Proto.number(9, 1))), "model.preprocessing"),
    (Proto.bytes(4, Proto.number(9, 1)), "weight_table[0]"),
    (Proto.bytes(3, Proto.bytes(1, [65]) + Proto.number(9, 1)), "functions[0]"),
    (
      Proto.bytes(3, Proto.bytes(1, [65]) + Proto.bytes(3, Proto.number(9, 1))),
      "functions[0].tensors[0]"
    ),
    (
      Proto.bytes(3, Proto.bytes(1, [65]) + Proto.bytes(4, Proto.number(19, 1))),
      "functions[0].steps[0]"
    ),
    (
      Proto.bytes(3, Proto.bytes(1, [65]) + Proto.bytes(5, Proto.number(9, 1))),
      "functions[0].inputs[0]"
    ),
  ]

  @Test("fields this release does not know are refused wherever they stand", arguments: unknown)
  func unknownFields(_ bytes: [UInt8], _ field: String) {
    let error = error(Proto.number(1, 1) + bytes)
    #expect(error?.place == "x.plan, field \(field)", "\(error?.description ?? "")")
    #expect(error?.what.contains("does not know") == true)
  }

  private static let weightDamage: [(bytes: [UInt8], field: String)] = [
    ([], "name"), (Proto.bytes(1, [65]), "dtype"),
    (Proto.bytes(1, [65]) + Proto.number(2, 5), "dtype"),
    (Proto.bytes(1, [65]) + Proto.number(2, 1), "layout"),
    (Proto.bytes(1, [65]) + Proto.number(2, 1) + Proto.number(4, 3), "layout"),
    (Proto.bytes(1, [65]) + Proto.number(2, 1) + Proto.number(4, 1), "offset"),
    (
      Proto.bytes(1, [65]) + Proto.number(2, 1) + Proto.number(4, 1) + Proto.number(5, 0),
      "byte_count"
    ),
    (
      Proto.bytes(1, [65]) + Proto.number(2, 1) + Proto.number(4, 1) + Proto.number(5, .max)
        + Proto.number(6, 0), "offset"
    ),
    (Proto.bytes(1, [65]) + Proto.bytes(3, Proto.varint(1 << 63)), "shape[0]"),
    (Proto.bytes(1, [0xff]), "name"),
  ]

  @Test("missing fields and unknown values are named", arguments: weightDamage)
  func weightFields(_ bytes: [UInt8], _ field: String) {
    // Presence is looked at in the order of use, so offset and byte_count come first.
    let head = Proto.number(1, 1) + Proto.bytes(4, bytes)
    let error = error(head)
    #expect(error?.place.hasPrefix("x.plan, field weight_table[0].") == true)
    if field != "name", field != "dtype", field != "layout" {
      #expect(error?.place == "x.plan, field weight_table[0].\(field)")
    }
  }

  private static let stepDamage: [(bytes: [UInt8], field: String)] = [
    ([], "opcode"), (Proto.number(1, 0), "opcode"), (Proto.number(1, 1000), "opcode"),
    (Proto.number(1, UInt64(bitPattern: -1)), "opcode"),
    (Proto.number(1, 10), ""),  // GELU without activation
    (Proto.number(1, 1) + Proto.number(4, 4), "activation"),
    (
      Proto.number(1, 24) + Proto.number(18, 2) + Proto.varint(9 << 3 | 5) + [0, 0, 0, 0],
      "smoothing"
    ),
  ]

  @Test("steps need a known opcode and its attributes", arguments: stepDamage)
  func stepFields(_ bytes: [UInt8], _ field: String) {
    let function = Proto.bytes(1, [65]) + Proto.bytes(4, bytes)
    let error = error(Proto.number(1, 1) + Proto.bytes(3, function))
    let suffix = field.isEmpty ? "" : "." + field
    #expect(error?.place == "x.plan, field functions[0].steps[0]\(suffix)")
  }

  private static let foreign: [[UInt8]] = [
    [0], [0xff], [UInt8](repeating: 0xff, count: 11), Proto.number(0, 1), Proto.number(16, 1),
    Proto.number(14, 1), Proto.number(15, 1),
    Proto.bytes(15, []) + Proto.bytes(15, []), Proto.bytes(14, []) + Proto.bytes(14, []),
    [1 << 3 | 3], [1 << 3 | 4], [1 << 3 | 6], [1 << 3 | 7],
    [2 << 3 | 2, 1], [3 << 3 | 5, 0, 0, 0], [3 << 3 | 1, 0, 0, 0],
    [15 << 3 | 2] + Proto.varint(.max), [3 << 3 | 2, 2, 0x0a, 0xff],
    Array("#!/usr/bin/env python".utf8), Array("PK\u{3}\u{4}".utf8),
  ]

  @Test("what is not protobuf, or not this message, is refused", arguments: foreign)
  func notAPlan(_ bytes: [UInt8]) {
    let error = error(bytes)
    #expect(error?.what == "not a readable plan" || error?.place.contains("field") == true)
  }

  @Test("few bytes cannot ask for much memory")
  func memoryLimit() {
    // 8 million steps of no bytes would take 2.5 GB once unpacked.
    let steps = [[UInt8]](repeating: [4 << 3 | 2, 0], count: 1 << 20).flatMap { $0 }
    let function = Proto.bytes(3, steps)
    let error = error(Proto.number(1, 1) + function)
    #expect(error?.expected.contains("memory") == true, "\(error?.description ?? "")")
  }

  @Test("a head beyond its limit is refused")
  func headLimit() {
    let name = Proto.bytes(2, [UInt8](repeating: 65, count: 16 << 20))
    #expect(error(name)?.expected.contains("head of at most") == true)
  }

  @Test("a plan cut short anywhere is refused")
  func truncation() {
    let bytes = sample.bytes
    let payload = bytes.count - sample.weights.count
    let head = PlanEncoder.head(of: sample.plan).count
    // The padding and the weights are all alike: a few places in them stand for all.
    for end in Array(0..<(head + 8)) + Array((payload - 8)..<(payload + 70)) + [bytes.count - 1] {
      if (try? LoadedPlan(bytes: Array(bytes[..<end]), place: "x")) != nil {
        Issue.record("\(end) of \(bytes.count) bytes were read as a plan")
      }
    }
  }

  @Test("flipped bits give an error or a valid plan, never a crash")
  func bitFlips() throws {
    let bytes = sample.bytes
    let head = PlanEncoder.head(of: sample.plan).count
    var random = SeededRandom(seed: 20_231)
    var survivors = 0
    for round in 0..<2000 {
      var damaged = bytes
      for _ in 0...(round % 3) {
        let range = round % 8 == 0 ? 0..<bytes.count : 0..<head
        damaged[Int.random(in: range, using: &random)] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      do {
        let loaded = try LoadedPlan(bytes: damaged, place: "x.plan")
        survivors += 1
        // Whatever is accepted is what the file says: written again, it reads the same.
        let again = PlanFile.bytes(of: loaded.plan, weights: loaded.weightBytes)
        #expect(try LoadedPlan(bytes: again, place: "again").plan == loaded.plan)
      } catch {
        #expect(error.kind == .badData)
        #expect(!error.expected.isEmpty && !error.found.isEmpty)
      }
    }
    // Names, producer and numbers without a rule can change; structure hardly ever.
    #expect(survivors < 1000, "\(survivors) of 2000 were accepted")
  }

  @Test(
    "weights that were damaged are found when asked for",
    arguments: [
      (0, 0xff), (2, 0x80), (2, 1), (3, 0xff), (1, 0xff),
    ] as [(Int, UInt8)])
  func verification(_ index: Int, _ value: UInt8) throws {
    var sample = sample
    let weight = sample.plan.weights[index]
    // All ones is NaN; in the packed weight: -128, or a value that breaks a sum.
    let count = weight.dtype == .f32 ? 4 : 1
    for byte in 0..<count { sample.weights[weight.offset + byte] = value }
    let loaded = try LoadedPlan(bytes: sample.bytes, place: "x.plan")
    let error = #expect(throws: InputError.self) { try loaded.verifyWeights() }
    #expect(error?.place == "x.plan, field weight_table[\(index)]")
  }

  @Test("padding that is not zero is found when asked for")
  func verificationOfPadding() throws {
    let weights = sample.plan.weights
    let packed = weights[2]
    // Between weights; in the packed rows beyond N, the columns beyond K, and before the sums.
    let places = [
      (weights[1].offset + weights[1].byteCount, 2), (packed.offset + 2 * 64 + 2 * 4, 2),
      (packed.offset + 32 + 2, 2),
    ]
    for (place, index) in places {
      var sample = sample
      sample.weights[place] = 1
      let loaded = try LoadedPlan(bytes: sample.bytes, place: "x.plan")
      let error = #expect(throws: InputError.self) { try loaded.verifyWeights() }
      #expect(error?.place == "x.plan, field weight_table[\(index)]", "byte \(place)")
    }
  }
}
