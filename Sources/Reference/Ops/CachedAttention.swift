import Graph

extension CachedAttention: Evaluable {
  var changedInputs: [Int] { [5, 6] }

  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (q, k, v, prefixK, prefixV) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    let (source, slots, positions) = (
      inputs[7].integers, inputs[8].integers, inputs[9].integers
    )
    let length = inputs[5].shape[1]
    try check(
      source: source, slots: slots, positions: positions, images: prefixK.shape[0],
      sequences: q.shape[0], length: length)

    for sequence in 0..<q.shape[0] {
      for (row, position) in positions.enumerated() {
        inputs[5].copyRow(from: k, sequence, row, to: sequence, position)
        inputs[6].copyRow(from: v, sequence, row, to: sequence, position)
      }
    }
    let (textK, textV) = (inputs[5], inputs[6])

    // Per query, the rows it sees, put one after the other: attention without a mask.
    var y: [Double] = []
    for sequence in 0..<q.shape[0] {
      for (row, position) in positions.enumerated() {
        let past = (0...position).map { (slots[sequence * length + $0], $0) }
        let keys = past.reduce(prefixK.matrix(source[sequence])) { $0 + textK.row3($1.0, $1.1) }
        let values = past.reduce(prefixV.matrix(source[sequence])) { $0 + textV.row3($1.0, $1.1) }
        let shape = [1, prefixK.shape[1] + past.count, q.width]
        var rows = [
          Tensor.f32([1, 1, q.width], Array(q.row3(sequence, row))), .f32(shape, Array(keys)),
          .f32(shape, Array(values)),
        ]
        let form = AttentionForm(heads: form.heads, scale: form.scale)
        y += try Attention(form).evaluate(&rows, [:])[0].values
      }
    }
    return [.f32(q.shape, y)]
  }

  private func check(
    source: [Int], slots: [Int], positions: [Int], images: Int, sequences: Int, length: Int
  ) throws(GraphError) {
    for image in source { try checkIndex(image, below: images, "cached_attention: source") }
    for position in positions {
      try checkIndex(position, below: length, "cached_attention: position")
    }
    for (row, position) in positions.enumerated() where position != positions[0] + row {
      throw GraphError("cached_attention: positions \(positions) are not consecutive")
    }
    guard let last = positions.last else { return }
    for sequence in 0..<sequences {
      for position in 0...last {
        let slot = slots[sequence * length + position]
        try checkIndex(slot, below: sequences, "cached_attention: slot")
        guard !positions.contains(position) || slot == sequence else {
          throw GraphError(
            "cached_attention: slot of new row \(position) of sequence \(sequence) is \(slot)")
        }
      }
    }
  }
}

extension Tensor {
  /// Row (i, j) of a tensor of rank 3.
  fileprivate func row3(_ i: Int, _ j: Int) -> ArraySlice<Double> { row(i * shape[1] + j) }

  /// Matrix i of a tensor of rank 3.
  fileprivate func matrix(_ i: Int) -> ArraySlice<Double> {
    let size = shape[1] * width
    return values[i * size..<(i + 1) * size]
  }

  fileprivate mutating func copyRow(
    from other: Tensor, _ i: Int, _ j: Int, to k: Int, _ l: Int
  ) {
    let start = (k * shape[1] + l) * width
    values.replaceSubrange(start..<start + width, with: other.row3(i, j))
  }
}
