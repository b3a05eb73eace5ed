import Diagnostics
import Formats
import Testing

@Suite("Partial sums of packed weights")
struct PartialSumsTests {
  /// A weight [rows, columns] with its values.
  struct Case: Sendable, CustomTestStringConvertible {
    var rows: Int
    var columns: Int
    var values: @Sendable (Int, Int) -> Int8
    var testDescription: String { "[\(rows), \(columns)]" }

    /// As the definition says it, one run after the other.
    var expected: [Int] {
      (0..<PartialSums.runLengths).map { length in
        var most = 0
        let run = 4 << length
        for n in 0..<rows {
          for start in stride(from: 0, to: columns, by: run) {
            for pair in [0, 2] {
              let weights = (start..<min(start + run, columns)).filter { $0 & 2 == pair }
                .map { Int(values(n, $0)) }
              let positive = weights.filter { $0 > 0 }.reduce(0, +)
              let negative = weights.filter { $0 < 0 }.reduce(0, +)
              most = max(most, positive, -negative)
            }
          }
        }
        return most
      }
    }
  }

  private static func mixed(_ seed: Int) -> @Sendable (Int, Int) -> Int8 {
    { n, k in Int8(truncatingIfNeeded: (n * 71 + k * 37 + n * k * seed) % 255 - 127) }
  }

  static let cases: [Case] =
    [(1, 1), (8, 4), (9, 5), (3, 67), (17, 130), (8, 64), (24, 68)].enumerated().map {
      Case(rows: $1.0, columns: $1.1, values: mixed($0 + 3))
    }
    + [127, -127, 0].map { value in Case(rows: 9, columns: 66) { _, _ in value } }
    + [
      // Signs that cancel in every order but one, and the one large weight at the very end.
      Case(rows: 2, columns: 64) { _, k in k.isMultiple(of: 2) ? 127 : -127 },
      Case(rows: 16, columns: 63) { n, k in n == 15 && k == 62 ? -100 : 1 },
    ]

  @Test("are those of the definition", arguments: cases)
  func definition(_ test: Case) {
    let packed = SamplePlan.packed(test.rows, test.columns, test.values)
    let found = packed.withUnsafeBytes {
      PartialSums.of(packed: $0, rows: test.rows, columns: test.columns)
    }
    #expect(found == test.expected)
  }

  @Test("say how many blocks fit an int16")
  func groups() {
    #expect(PartialSums.groups(PartialSums.ofAnyWeights, levels: 127) == 1)
    #expect(PartialSums.groups(PartialSums.ofAnyWeights, levels: 255) == 0)
    #expect(PartialSums.groups([128, 128], levels: 255) == 2)
    #expect(PartialSums.groups([129, 129], levels: 255) == 0)
    #expect(PartialSums.groups([254, 258, 259, 300, 400], levels: 127) == 2)
    #expect(PartialSums.groups([20, 40, 80, 160, 258], levels: 127) == 16)
  }

  /// The sample with what its packed weight, the third, is said to add up to.
  private func loaded(_ sums: [Int]) throws -> LoadedPlan {
    var sample = SamplePlan()
    sample.plan.weights[2].partialSums = sums
    return try LoadedPlan(bytes: sample.bytes, place: "x.plan")
  }

  @Test("are believed only where the weights keep them")
  func proof() throws {
    let silent = try loaded([])
    let sums = PartialSums.of(packed: silent.bytes(ofWeight: 2), rows: 18, columns: 6)
    #expect(try silent.partialSums(ofWeight: 2) == [254])
    let cautious = sums.enumerated().map { min(254 << $0, $1 + 1) }
    for claim in [sums, Array(sums.prefix(2)), cautious] {
      let plan = try loaded(claim)
      #expect(try plan.partialSums(ofWeight: 2) == claim)
      #expect(try plan.partialSums(ofWeight: 2) == claim)
      try plan.verifyWeights()
    }
    for index in [0, sums.count - 1] {
      var claim = sums
      for shorter in 0...index { claim[shorter] = min(claim[shorter], sums[index] - 1) }
      let plan = try loaded(claim)
      let error = #expect(throws: InputError.self) { try plan.partialSums(ofWeight: 2) }
      #expect(error?.place == "x.plan, field weight_table[2]")
      #expect(error?.found.contains("in weight 'qkv'") == true)
      #expect(throws: InputError.self) { try plan.verifyWeights() }
    }
  }
}
