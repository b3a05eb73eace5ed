import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The next-token distribution of one row of logits.
///
/// Exponentials are computed here rather than by the C library, whose result may depend on the CPU:
/// the same logits give the same choice everywhere.
struct Distribution {
  /// One per token; finding them may take a while.
  private let findLogits: () -> UnsafeBufferPointer<Float>
  private let candidates: Candidates?
  /// log Σ exp(logits).
  let logSum: Double

  /// - Parameter logits: one per token; used only while this value is.
  init(_ logits: UnsafeBufferPointer<Float>) {
    (findLogits, candidates) = ({ logits }, nil)
    let (maximum, sum) = Self.exponentialSum(logits)
    logSum = Double(maximum) + log(sum)
  }

  /// - Parameters:
  ///   - candidates: the likeliest tokens, used only while this value is.
  ///   - logits: finds the logit of every token, for what they do not answer.
  init(_ candidates: Candidates, logits: @escaping () -> UnsafeBufferPointer<Float>) {
    (findLogits, self.candidates) = (logits, candidates)
    logSum = Double(candidates.maximum) + log(candidates.sum)
  }

  private var logits: UnsafeBufferPointer<Float> { findLogits() }

  private func logit(_ token: Int) -> Float {
    guard let candidates, let index = candidates.tokens.firstIndex(of: Int32(token)) else {
      return logits[token]
    }
    return candidates.logits[index]
  }

  /// Whether the row says anything: false where a logit is NaN or all are infinite.
  var isUsable: Bool { logSum.isFinite }

  /// The natural logarithm of a token's probability.
  func logProb(_ token: Int) -> Double { Double(logit(token)) - logSum }

  /// The natural logarithm of a token's probability among tokens whose ``logSum(of:)`` is given.
  func logProb(_ token: Int, among sum: Double) -> Double { Double(logit(token)) - sum }

  /// log Σ exp of the logits of the tokens that may come, where only some may; else ``logSum``.
  func logSum(of next: NextTokens) -> Double {
    guard case .only(let tokens) = next, !tokens.isEmpty else { return logSum }
    let logits = logits
    let maximum = tokens.lazy.map { logits[$0] }.max() ?? 0
    let sum = weights(of: tokens, temperature: 1).reduce(0, +)
    return Double(maximum) + log(sum)
  }

  /// The tokens that may and can come, in order of id.
  func tokens(of next: NextTokens) -> [Int] {
    let logits = logits
    return switch next {
    case .any(let banned): logits.indices.filter { logits[$0] > -.infinity && !banned.contains($0) }
    case .only(let tokens): tokens.filter { logits[$0] > -.infinity }
    }
  }

  /// exp((logit − greatest of `tokens`) / temperature) of each token, each to about 1e-7.
  func weights(of tokens: [Int], temperature: Float) -> [Double] {
    let logits = logits
    let maximum = tokens.lazy.map { logits[$0] }.max() ?? 0
    var weights: [Double] = []
    weights.reserveCapacity(tokens.count + 7)
    for start in stride(from: 0, to: tokens.count, by: 8) {
      var x = SIMD8<Float>(repeating: -.infinity)
      for index in start..<min(start + 8, tokens.count) {
        x[index - start] = (logits[tokens[index]] - maximum) / temperature
      }
      let terms = Self.exponential(x)
      for lane in 0..<min(8, tokens.count - start) { weights.append(Double(terms[lane])) }
    }
    return weights
  }

  /// The `count` likeliest tokens of those that may come, likeliest first, lower ids first among
  /// equals; fewer where there are not so many that can come.
  func best(_ count: Int, of next: NextTokens) -> [Int] {
    switch next {
    case .any(let banned):
      bestCandidates(count, except: banned) ?? best(count, of: logits.indices, except: banned)
    case .only(let tokens): best(count, of: tokens, except: [])
    }
  }

  /// The answer of the candidates alone; nil where others could belong to it.
  private func bestCandidates(_ count: Int, except banned: Set<Int>) -> [Int]? {
    guard let candidates else { return nil }
    let possible = candidates.tokens.prefix { $0 >= 0 }
    let best = possible.lazy.map { Int($0) }.filter { !banned.contains($0) }.prefix(count)
    let isAll = best.count == count || possible.count < candidates.tokens.count
    return isAll ? Array(best) : nil
  }

  @inline(__always)
  private func best(
    _ count: Int, of tokens: some Sequence<Int>, except banned: Set<Int>
  ) -> [Int] {
    let logits = logits
    var best: [Int] = []
    best.reserveCapacity(count + 1)
    var threshold = -Float.infinity
    for token in tokens {
      let logit = logits[token]
      // Less than no probability is no choice either.
      if !(logit > threshold) { continue }
      if !banned.isEmpty && banned.contains(token) { continue }
      let position = best.firstIndex { logits[$0] < logit } ?? best.count
      best.insert(token, at: position)
      if best.count > count { best.removeLast() }
      if best.count == count { threshold = logits[best[count - 1]] }
    }
    return best
  }

  /// The greatest logit, and Σ exp(logit − greatest); any NaN makes the sum NaN.
  ///
  /// All variants of the kernel give the same bits, so the best that this CPU runs does.
  private static func exponentialSum(
    _ logits: UnsafeBufferPointer<Float>
  ) -> (maximum: Float, sum: Double) {
    guard let first = logits.baseAddress else { return (-.infinity, .nan) }
    var (maximum, sum) = (Float(0), 0.0)
    withUnsafeMutablePointer(to: &maximum) { maxima in
      withUnsafeMutablePointer(to: &sum) { sums in
        withUnsafePointer(
          to: ck_exponential_sum_f32_args(
            rows: 1, n: logits.count, x: first, maxima: maxima, sums: sums)
        ) { kernel($0, 0, 1) }
      }
    }
    return (maximum, sum)
  }

  private static let kernel = ck_kernel_for(CK_EXPONENTIAL_SUM_F32, ck_best_isa())

  /// exp(x) for x ≤ 0; 0 below −87, where exp(x) is less than the smallest normal number; NaN for NaN.
  ///
  /// x = n ln 2 + r with |r| ≤ ln 2 / 2; exp(r) by its series to r⁷/7!, whose rest is below 6e-9.
  @inline(__always)
  private static func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let isTiny = x .< -87
    let y = x.replacing(with: 0, where: isTiny)
    // Adding 1.5 · 2²³ leaves the nearest whole number in the low bits.
    let shifter = SIMD8<Float>(repeating: 12_582_912)
    let shifted = y * 1.442_695_04 + shifter
    let n = shifted - shifter
    // ln 2 in two parts, the first short enough that n times it is exact.
    let r = (y - n * 0.693_359_375) - n * -2.121_944_4e-4
    var p = r * (1 / 5040) + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let integers =
      unsafeBitCast(shifted, to: SIMD8<Int32>.self)
      &- unsafeBitCast(shifter, to: SIMD8<Int32>.self)
    let power = unsafeBitCast((integers &+ 127) &<< 23, to: SIMD8<Float>.self)
    return (p * power).replacing(with: 0, where: isTiny)
  }
}

/// base ^ exponent.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// e ^ exponent.
func exponential(_ exponent: Double) -> Double { exp(exponent) }
