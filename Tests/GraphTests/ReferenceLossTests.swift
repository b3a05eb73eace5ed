import Graph
import Reference
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ReferenceLossTests {
  /// softmax is (¼, ¾) in every row; the middle one has no label.
  static let logits = matrix([0, log(3)], [9, 9], [5, 5 + log(3)])
  static let labels = Tensor.i32([3], [1, -100, 0])

  /// −(log ¾ + log ¼) / 2.
  @Test func withoutSmoothingTheLossIsTheMeanLogarithm() throws {
    for form in SmoothingForm.allCases {
      try expect(
        .crossEntropy(CrossEntropy(Smoothing(form: form, amount: 0))), [Self.logits, Self.labels],
        gives: [.f32([], [-(log(0.75) + log(0.25)) / 2])])
    }
  }

  /// q = (⅛, ⅞) for label 1 of two classes: ¼ of the probability is spread over both.
  @Test func uniformSmoothingSpreadsOverAllClasses() throws {
    let first = -(0.125 * log(0.25) + 0.875 * log(0.75))
    let last = -(0.875 * log(0.25) + 0.125 * log(0.75))
    try expect(
      .crossEntropy(CrossEntropy(Smoothing(form: .uniform, amount: 0.25))),
      [Self.logits, Self.labels], gives: [.f32([], [(first + last) / 2])])
  }

  /// For label 1, q = (¼, ¾): ¼ goes to the other class.
  ///
  /// KL of p to itself is 0; to (¾, ¼) it is ¾ log 3 + ¼ log ⅓.
  @Test func klSmoothingSpreadsOverTheOtherClasses() throws {
    try expect(
      .crossEntropy(CrossEntropy(Smoothing(form: .kl, amount: 0.25))),
      [Self.logits, Self.labels], gives: [.f32([], [(0.75 * log(3) - 0.25 * log(3)) / 2])])
  }

  @Test func lossOfNoLabelIsZero() throws {
    let smoothing = Smoothing(form: .kl, amount: 0.1)
    let inputs = [matrix([1, 2]), Tensor.i32([1], [-1])]
    try expect(.crossEntropy(CrossEntropy(smoothing)), inputs, gives: [.f32([], [0])])
    try expect(
      .crossEntropyGradient(CrossEntropyGradient(smoothing)), inputs + [.f32([], [1])],
      gives: [matrix([0, 0])])
  }

  @Test func labelBeyondTheClassesThrows() {
    #expect(throws: GraphError.self) {
      try evaluate(
        .crossEntropy(CrossEntropy(Smoothing(form: .kl, amount: 0))),
        [matrix([1, 2]), .i32([1], [2])])
    }
  }

  /// (p − q) · 4 / 2 with p = (¼, ¾) and q as above.
  @Test(arguments: [
    (Smoothing(form: .kl, amount: 0), [0.5, -0.5, 0, 0, -1.5, 1.5]),
    (Smoothing(form: .uniform, amount: 0.25), [0.25, -0.25, 0, 0, -1.25, 1.25]),
    (Smoothing(form: .kl, amount: 0.25), [0, 0, 0, 0, -1, 1]),
  ])
  func gradientIsProbabilityMinusTarget(smoothing: Smoothing, expected: [Double]) throws {
    try expect(
      .crossEntropyGradient(CrossEntropyGradient(smoothing)),
      [Self.logits, Self.labels, .f32([], [4])], gives: [.f32([3, 2], expected)])
  }
}
