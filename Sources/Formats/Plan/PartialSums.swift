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
    typealias Lanes = SIMD16<Int16>
    let (panels, blocks) = ((rows + 7) / 8, (columns + 3) / 4)
    precondition(packed.count >= panels * blocks * 32, "\(packed.count) bytes of packed weights")
    let longest = 1 << (runLengths - 1)
    // At most 16 blocks of 254: far within int16.
    var most = [Lanes](repeating: .zero, count: runLengths)
    var waiting = [(positive: Lanes, negative: Lanes)](
      repeating: (.zero, .zero), count: runLengths)
    for panel in 0..<panels {
      for block in 0..<((blocks + longest - 1) / longest * longest) {
        let bytes =
          block < blocks
          ? packed.loadUnaligned(
            fromByteOffset: (panel * blocks + block) * 32, as: Lanes.self) : .zero
        let (first, second) = ((bytes &<< 8) &>> 8, bytes &>> 8)
        var positive = pointwiseMax(first, .zero) &+ pointwiseMax(second, .zero)
        var negative = positive &- first &- second
        for length in 0..<runLengths {
          most[length] = pointwiseMax(most[length], pointwiseMax(positive, negative))
          // The first half of the next longer run waits for the second.
          if block >> length & 1 == 0 {
            waiting[length] = (positive, negative)
            break
          }
          positive &+= waiting[length].positive
          negative &+= waiting[length].negative
        }
      }
    }
    return most.map { Int($0.max()) }
  }

  /// How many blocks in a row, a power of two, may be added in int16 when inputs are 0...levels:
  /// 0 where not even the products of one block are sure to fit.
  package static func groups(_ sums: [Int], levels: Int) -> Int {
    let length = sums.lastIndex { levels * $0 <= Int(Int16.max) }
    return length.map { 1 << $0 } ?? 0
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
