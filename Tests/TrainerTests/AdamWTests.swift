import Formats
import Kernels
import Randomness
import Reference
import Testing

@testable import Trainer

@Suite("AdamW") struct AdamWTests {
  /// Two matrices, one of them of the encoder, a vector, and a vector in a matrix's clothes.
  private static let shapes: [(name: String, shape: [Int])] = [
    ("git.image_encoder.matrix", [7, 13]), ("git.image_encoder.vector", [33]), ("matrix", [5, 3]),
    ("row", [1, 9]), ("table", [2, 1, 40]), ("relative_position_bias_table", [9, 2]),
  ]

  private static func buffers() -> ParameterBuffers {
    var table = shapes.map {
      PlanWeight(
        name: $0.name, dtype: .f32, shape: $0.shape, layout: .dense, offset: 0, byteCount: 0)
    }
    _ = table.placeInOrder()
    return ParameterBuffers(table: table)
  }

  private static func options(clipNorm: Float = 0) -> Recipe.Optimizer {
    Recipe.Optimizer(
      learningRate: 0, groups: [.init(.encoder, rate: 0.25)], weightDecay: 0.3, beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-3, warmupSteps: 0, finalRatio: 0, clipNorm: clipNorm)
  }

  /// The formula of AdamW's documentation for one number.
  private struct Expected {
    var parameter: Double
    var m = 0.0
    var v = 0.0

    mutating func update(
      gradient: Double, step: Int, rate: Double, decay: Double, _ options: Recipe.Optimizer
    ) {
      let (beta1, beta2) = (Double(options.beta1), Double(options.beta2))
      m = beta1 * m + (1 - beta1) * gradient
      v = beta2 * v + (1 - beta2) * gradient * gradient
      func power(_ base: Double) -> Double { (0..<step).reduce(1) { product, _ in product * base } }
      let (mean, square) = (m / (1 - power(beta1)), v / (1 - power(beta2)))
      parameter -=
        rate * (mean / (square.squareRoot() + Double(options.epsilon)) + decay * parameter)
    }
  }

  @Test(
    "moves every parameter as its formula says, in f32",
    arguments: ISA.allCases.filter(\.isSupported), [0, 0.75] as [Float])
  func formula(_ isa: ISA, _ clipNorm: Float) throws {
    let options = Self.options(clipNorm: clipNorm)
    let buffers = Self.buffers()
    let optimizer = AdamW(buffers, options, kernels: try KernelSet(isa: isa), threads: 3)
    var random = SeededRandom(seed: 5)
    var expected: [[Expected]] = []
    for weight in buffers.table {
      let values = buffers.slice(buffers.values, weight)
      for index in values.indices { values[index] = Float(2 * random.unit() - 1) }
      expected.append(values.map { Expected(parameter: Double($0)) })
    }

    let (steps, rate) = (12, Float(0.05))
    for step in 1...steps {
      var squares = 0.0
      for weight in buffers.table {
        let gradients = buffers.slice(buffers.gradients, weight)
        // Away from 0, so that the mean never is much smaller than what it is the mean of.
        for index in gradients.indices {
          let size = Float(0.5 + random.unit() / 2)
          gradients[index] = random.unit() < 0.3 ? -size : size
          squares += Double(gradients[index]) * Double(gradients[index])
        }
      }
      let norm = optimizer.gradientNorm()
      // The kernel sums in Double; one rounding to Float is 2⁻²⁴ of the norm.
      #expect(abs(Double(norm) - squares.squareRoot()) <= 0x1p-23 * squares.squareRoot())
      optimizer.update(step: step, rate: rate, norm: norm)

      let scale = clipNorm > 0 ? Double(clipNorm) / squares.squareRoot() : 1
      for (index, weight) in buffers.table.enumerated() {
        let isEncoder = weight.name.hasPrefix("git.image_encoder")
        let isMatrix = ["git.image_encoder.matrix", "matrix", "table"].contains(weight.name)
        let gradients = buffers.slice(buffers.gradients, weight)
        for element in gradients.indices {
          expected[index][element].update(
            gradient: Double(gradients[element]) * scale, step: step,
            rate: Double(rate) * (isEncoder ? 0.25 : 1),
            decay: isMatrix ? Double(options.weightDecay) : 0, options)
        }
      }
    }

    // Per step the parameter, at most 2, is rounded twice, and the update, at most 2 rates, is the
    // result of some 20 roundings, each 2⁻²⁴ of it; the mean's own error grows by one a step.
    let tolerance = Double(steps) * 0x1p-24 * (2 * 2 + Double(20 + steps) * 2 * Double(rate))
    for (index, weight) in buffers.table.enumerated() {
      let values = buffers.slice(buffers.values, weight)
      for element in values.indices {
        let difference = abs(Double(values[element]) - expected[index][element].parameter)
        #expect(difference <= tolerance, "\(weight.name)[\(element)]")
      }
    }
  }

  @Test("leaves gradients below the clipping norm as they are")
  func clipping() throws {
    func values(clipNorm: Float) throws -> [Float] {
      let buffers = Self.buffers()
      let optimizer = AdamW(
        buffers, Self.options(clipNorm: clipNorm), kernels: try KernelSet(), threads: 1)
      for weight in buffers.table {
        let gradients = buffers.slice(buffers.gradients, weight)
        for index in gradients.indices { gradients[index] = 1e-3 * Float(index + 1) }
      }
      optimizer.update(step: 1, rate: 0.1, norm: optimizer.gradientNorm())
      return Array(UnsafeBufferPointer(start: buffers.values, count: buffers.count))
    }
    #expect(try values(clipNorm: 100) == values(clipNorm: 0))
    // AdamW divides a gradient's scale away, but for ε.
    #expect(try values(clipNorm: 1e-3) != values(clipNorm: 0))
  }

  @Test("keeps the gaps between parameters 0")
  func gaps() throws {
    let buffers = Self.buffers()
    let optimizer = AdamW(
      buffers, Self.options(), kernels: try KernelSet(), threads: 2)
    for weight in buffers.table {
      buffers.slice(buffers.gradients, weight).update(repeating: 1)
    }
    optimizer.update(step: 1, rate: 0.1, norm: 1)
    var isGap = [Bool](repeating: true, count: buffers.count)
    for weight in buffers.table {
      for index in 0..<weight.byteCount / 4 { isGap[weight.offset / 4 + index] = false }
    }
    #expect(isGap.contains(true))
    for index in isGap.indices { #expect((buffers.values[index] == 0) == isGap[index]) }
  }
}
