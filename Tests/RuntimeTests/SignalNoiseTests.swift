import Evaluation
import Testing

@Suite("Signal to noise")
struct SignalNoiseTests {
  @Test("is ten times the logarithm of the quotient of energies, over all pieces")
  func value() throws {
    var noise = SignalNoise()
    noise.add([3], [3])
    noise.add([4, 0], [4, 0.5])
    // 25 / 0.25 = 100
    #expect(try #require(noise.decibels) == 20)
  }

  @Test("is not a number where there is no noise, or no signal")
  func none() {
    var noise = SignalNoise()
    noise.add([1, 2], [1, 2])
    #expect(noise.decibels == nil)
    var silence = SignalNoise()
    silence.add([0], [1])
    #expect(silence.decibels == nil)
  }

  @Test(
    "numbers are rounded to decimals, half away from zero",
    arguments: [
      (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-2.5, 0, "-3"), (0.049, 1, "0.0"),
      (-0.04, 1, "0.0"), (12.3456, 3, "12.346"), (1e300, 2, "1e+300"),
    ])
  func decimals(value: Double, places: Int, text: String) {
    #expect(rounded(value, places) == text)
  }
}
