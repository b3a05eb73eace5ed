import Testing

@testable import Trainer

@Suite("The learning rate") struct LearningRateTests {
  private func optimizer(warmup: Int, final: Float = 0) -> Recipe.Optimizer {
    Recipe.Optimizer(
      learningRate: 0.5, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
      warmupSteps: warmup, finalRatio: final, clipNorm: 0)
  }

  /// A product and a sum in f32, and a cosine rounded to it: three half units of 0.5 and below.
  private static let tolerance: Float = 3 * 0x1p-24

  @Test("rises in equal steps to its peak at the end of the warm-up")
  func warmUp() {
    let optimizer = optimizer(warmup: 10)
    for step in 1...10 {
      #expect(abs(optimizer.rate(step: step, of: 100) - 0.05 * Float(step)) <= Self.tolerance)
    }
    #expect(optimizer.rate(step: 10, of: 100) == 0.5)
    #expect(optimizer.rate(step: 11, of: 100) < 0.5)
  }

  @Test("falls along half a cosine to its share at the last step", arguments: [0, 0.2] as [Float])
  func cosine(_ final: Float) {
    let optimizer = optimizer(warmup: 20, final: final)
    func share(_ step: Int) -> Float { optimizer.rate(step: step, of: 110) / 0.5 }
    // (1 + cos)/2 of 60, 90, 120 and 180 degrees.
    for (step, height) in [(50, 0.75), (65, 0.5), (80, 0.25), (110, 0)] as [(Int, Float)] {
      #expect(abs(share(step) - (final + (1 - final) * height)) <= 2 * Self.tolerance)
    }
    for step in 21...110 { #expect(share(step) < share(step - 1)) }
  }

  @Test("starts near its peak without a warm-up")
  func noWarmUp() {
    let optimizer = optimizer(warmup: 0)
    // 1 − cos(π/200) is 1.2e-4, halved.
    #expect(optimizer.rate(step: 1, of: 200) < 0.5)
    #expect(optimizer.rate(step: 1, of: 200) > 0.5 * (1 - 1e-4))
    #expect(optimizer.rate(step: 200, of: 200) == 0)
  }

  @Test("is still rising where the warm-up is longer than the run")
  func onlyWarmUp() {
    #expect(optimizer(warmup: 40).rate(step: 10, of: 10) == 0.125)
    #expect(optimizer(warmup: 10).rate(step: 10, of: 10) == 0.5)
  }
}
