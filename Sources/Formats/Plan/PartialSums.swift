/// How far products of 8-bit rows and weights can be added up in 16 bits.
///
/// AVX2's `vpmaddubsw` multiplies the four inputs of a block (k, k+1, k+2, k+3) by a channel's
/// weights and adds the first two products and the last two: two int16 lanes per channel. Lanes of
/// several blocks in a row may be added in int16 before they are widened, as long as no sum can leave
/// it. With inputs of 0...levels no sum, in whatever order, is beyond levels · s, where s is the
/// larger of Σ w over w > 0 and Σ -w over w < 0 of the lane: a property of the weights alone.
package enum PartialSums {
  /// Runs of 2⁰, 2¹ … blocks are looked at, this many lengths.
  package static let runLengths = 5
  /// What holds for all weights of magnitude 127 at most.
  package static let ofAnyWeights = [254]

  /// The largest s of any lane over any run of 1, 2, 4 … blocks.
  ///
  /// - Parameters:
  ///   - packed: layout `packedN8K4`, at least ⌈N/8⌉·8 · ⌈K/4⌉·4 bytes.
  ///   - rows: N, the output channels.
  ///   - columns: K, the inputs.
  /// - Returns: entry i is over runs of 2^i blocks of four inputs that start at a multiple of 2^i
  ///   blocks; a run is cut short where the weight ends.
  package static func of(packed: UnsafeRawBufferPointer, rows: Int, columns: Int) -> [Int] {
    let (panels, blocks) = ((rows + 7) / 8, (columns + 3) / 4)
    precondition(packed.count >= panels * blocks * 32, "\(packed.count) bytes of packed weights")
    guard let base = packed.baseAddress else { return [Int](repeating: 0, count: runLengths) }
    var largest = LargestSums()
    let whole = blocks / 16 * 16
    // The blocks after the last sixteen, and zeros.
    var rest = [UInt8](repeating: 0, count: 16 * 32)
    for panel in 0..<panels {
      let start = base + panel * blocks * 32
      for block in stride(from: 0, to: whole, by: 16) { largest.sixteen(start + block * 32) }
      if whole == blocks { continue }
      rest.withUnsafeMutableBytes { rest in
        rest.copyMemory(
          from: UnsafeRawBufferPointer(start: start + whole * 32, count: (blocks - whole) * 32))
        if let rest = rest.baseAddress { largest.sixteen(rest) }
      }
    }
    return largest.sums
  }

  /// How many blocks in a row, a power of two, may be added in int16 when inputs are 0...levels:
  /// 0 where not even the products of one block are sure to fit.
  package static func groups(_ sums: [Int], levels: Int) -> Int {
    let length = sums.lastIndex { levels * $0 <= Int(Int16.max) }
    return length.map { 1 << $0 } ?? 0
  }
}

/// The largest sums met so far, for runs of 1, 2, 4, 8 and 16 blocks.
///
/// One block after the other, in vectors: a first run of an int8 plan with AVX2 does it for all weights.
private struct LargestSums {
  typealias Lanes = SIMD16<Int16>

  /// The sums of a run by sign; at most 16 blocks of 256, far within int16.
  struct Run {
    var positive: Lanes
    var negative: Lanes

    @inline(__always) static func + (a: Run, b: Run) -> Run {
      Run(positive: a.positive &+ b.positive, negative: a.negative &+ b.negative)
    }
  }

  private var of1 = Lanes.zero
  private var of2 = Lanes.zero
  private var of4 = Lanes.zero
  private var of8 = Lanes.zero
  private var of16 = Lanes.zero

  /// From one block to sixteen.
  var sums: [Int] { [of1, of2, of4, of8, of16].map { Int($0.max()) } }

  @inline(__always) private static func larger(_ a: Lanes, _ b: Lanes) -> Lanes {
    a.replacing(with: b, where: b .> a)
  }

  @inline(__always) private static func met(_ run: Run, _ largest: inout Lanes) -> Run {
    largest = larger(largest, larger(run.positive, run.negative))
    return run
  }

  @inline(__always) private mutating func one(_ block: UnsafeRawPointer) -> Run {
    let bytes = block.loadUnaligned(as: Lanes.self)
    let (first, second) = ((bytes &<< 8) &>> 8, bytes &>> 8)
    let positive = Self.larger(first, .zero) &+ Self.larger(second, .zero)
    return Self.met(Run(positive: positive, negative: positive &- first &- second), &of1)
  }

  @inline(__always) private mutating func two(_ blocks: UnsafeRawPointer) -> Run {
    Self.met(one(blocks) + one(blocks + 32), &of2)
  }

  @inline(__always) private mutating func four(_ blocks: UnsafeRawPointer) -> Run {
    Self.met(two(blocks) + two(blocks + 64), &of4)
  }

  @inline(__always) private mutating func eight(_ blocks: UnsafeRawPointer) -> Run {
    Self.met(four(blocks) + four(blocks + 128), &of8)
  }

  /// Looks at sixteen neighbouring blocks, the first at a multiple of sixteen.
  @inline(__always) mutating func sixteen(_ blocks: UnsafeRawPointer) {
    _ = Self.met(eight(blocks) + eight(blocks + 256), &of16)
  }
}

extension PlanWeight {
  /// The first of the stated partial sums that the weight's bytes exceed, nil when all hold.
  func partialSumFault(_ bytes: UnsafeRawBufferPointer) -> (expected: String, found: String)? {
    if partialSums.isEmpty { return nil }
    let found = PartialSums.of(packed: bytes, rows: shape[0], columns: shape[1])
    guard let index = partialSums.indices.first(where: { partialSums[$0] < found[$0] }) else {
      return nil
    }
    return (
      "sums of at most \(partialSums[index]) over \(1 << index) blocks, as partial_sums says",
      "\(found[index])"
    )
  }
}
