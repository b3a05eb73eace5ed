import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// GELU as the graph defines it, in double.
func gelu(_ x: Double, _ form: ck_activation) -> Double {
  if form == CK_ACTIVATION_NONE { return x }
  if x == -.infinity { return 0 }
  return x * geluGate(x, form)
}

private func geluGate(_ x: Double, _ form: ck_activation) -> Double {
  switch form {
  case CK_ACTIVATION_GELU_ERF: 0.5 * erfc(-x / 2.0.squareRoot())
  case CK_ACTIVATION_GELU_TANH: 1 / (1 + exp(-2 * geluTanhArgument(x)))
  default: 1 / (1 + exp(-1.702 * x))
  }
}

private func geluTanhArgument(_ x: Double) -> Double {
  (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
}

/// d GELU / dx in double.
func geluSlope(_ x: Double, _ form: ck_activation) -> Double {
  if x.isInfinite { return x > 0 ? 1 : 0 }
  let gate = geluGate(x, form)
  switch form {
  case CK_ACTIVATION_GELU_ERF:
    return gate + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  case CK_ACTIVATION_GELU_TANH:
    let slope = 2 * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
    return gate + x * gate * (1 - gate) * slope
  default:
    return gate + x * 1.702 * gate * (1 - gate)
  }
}

/// How far a float GELU may be from the exact one: 1 ulp of the result for the last operations, and an
/// error of 2⁻²³ in the gate, whose polynomial is fitted to 4e-8 and rounded a few times.
func geluBound(_ x: Double, _ form: ck_activation) -> Double {
  form == CK_ACTIVATION_NONE ? 0 : epsilon * (abs(gelu(x, form)) + abs(x))
}

/// The derivative of GELU never exceeds 1.13 in size, so an error of its argument grows by no more.
let steepestGelu = 1.13

/// What surrounds a matrix product; see `ck_epilogue`.
struct EpilogueCase {
  var hasBias = true
  /// nil: none; 0: one row per row of the result, which it shares memory with.
  var residualRows: Int? = nil
  var activation = CK_ACTIVATION_NONE
  /// Columns of each result; empty for one of all.
  var splits: [Int] = []

  static let all: [EpilogueCase] = [
    EpilogueCase(hasBias: false),
    EpilogueCase(residualRows: 2, activation: CK_ACTIVATION_GELU_ERF),
    EpilogueCase(activation: CK_ACTIVATION_GELU_TANH),
    EpilogueCase(hasBias: false, activation: CK_ACTIVATION_GELU_QUICK),
    EpilogueCase(residualRows: 0),
    EpilogueCase(residualRows: 0, activation: CK_ACTIVATION_GELU_QUICK),
  ]

  /// Divisions of `n` columns at and off vector boundaries.
  static func divisions(_ n: Int) -> [EpilogueCase] {
    [[8, n - 8], [1, 5, n - 6], [n - 9, 2, 3, 4]].filter { $0.allSatisfy { $0 > 0 } }.map {
      EpilogueCase(activation: CK_ACTIVATION_GELU_ERF, splits: $0)
    }
  }
}

/// One product's surroundings with data, and what they make of exact sums.
struct EpilogueData {
  let form: EpilogueCase
  let m: Int
  let n: Int
  let bias: [Float]
  let residual: [Float]

  init(_ form: EpilogueCase, m: Int, n: Int, _ random: inout Random) {
    self.form = form
    self.m = m
    self.n = n
    bias = random.floats(n)
    let rows = form.residualRows == 0 ? m : form.residualRows ?? 0
    residual = random.floats(rows * n)
  }

  /// The results in the order of the whole product, and how to read them after the run.
  func make(in run: Run) -> (epilogue: ck_epilogue, read: () -> [Float]) {
    let splits = form.splits.isEmpty ? [n] : form.splits
    let inPlace = form.residualRows == 0
    let results: [UnsafeMutablePointer<Float>] =
      inPlace
      ? [run.inout_(residual)] : splits.map { run.output(Float.self, m * $0) }
    var epilogue = ck_epilogue()
    epilogue.bias = form.hasBias ? UnsafePointer(run.input(bias)) : nil
    epilogue.residual =
      inPlace
      ? UnsafePointer(results[0])
      : form.residualRows == nil ? nil : UnsafePointer(run.input(residual))
    epilogue.residual_rows = inPlace ? m : form.residualRows ?? 0
    epilogue.activation = form.activation
    epilogue.split_count = splits.count
    withUnsafeMutableBytes(of: &epilogue.split_columns) {
      $0.withMemoryRebound(to: Int.self) { for i in splits.indices { $0[i] = splits[i] } }
    }
    withUnsafeMutableBytes(of: &epilogue.results) {
      $0.withMemoryRebound(to: Optional<UnsafeMutablePointer<Float>>.self) {
        for i in results.indices { $0[i] = results[i] }
      }
    }
    return (
      epilogue,
      { [m, n] in
        var whole = [Float](repeating: 0, count: m * n)
        var start = 0
        for (columns, result) in zip(splits, results) {
          for row in 0..<m {
            for column in 0..<columns {
              whole[row * n + start + column] = result[row * columns + column]
            }
          }
          start += columns
        }
        return whole
      }
    )
  }

  private func addends(_ index: Int) -> (bias: Double, residual: Double) {
    let bias = form.hasBias ? Double(bias[index % n]) : 0
    let residual = residual.isEmpty ? 0 : Double(residual[index % residual.count])
    return (bias, residual)
  }

  /// What the exact sum of one element becomes.
  func value(_ sum: Double, _ index: Int) -> Double {
    let (bias, residual) = addends(index)
    return gelu(sum + bias, form.activation) + residual
  }

  /// The bound of that element, given the bound of its sum: the addition of bias and residual round
  /// by half an ulp each, the activation adds its own error.
  func bound(_ sum: Double, _ sumBound: Double, _ index: Int) -> Double {
    let (bias, residual) = addends(index)
    let steepness = form.activation == CK_ACTIVATION_NONE ? 1 : steepestGelu
    let before = sumBound + epsilon * (abs(sum) + abs(bias))
    return steepness * before + geluBound(sum + bias, form.activation)
      + epsilon * (abs(value(sum, index)) + abs(residual))
  }
}

/// The number that 16 bits of IEEE binary16 stand for.
func half(_ bits: UInt16) -> Float {
  let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
  let magnitude: Float =
    switch exponent {
    case 0: fraction * 0x1p-24
    case 31: fraction == 0 ? .infinity : .nan
    default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
    }
  return bits & 0x8000 == 0 ? magnitude : -magnitude
}
