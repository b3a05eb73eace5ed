package import Diagnostics

extension LoadedPlan {
  /// Checks the weights themselves, which loading does not touch.
  ///
  /// Every s8 weight is at least -127; in packed ones the column sums are those of the weights, the
  /// partial sums hold, and all padding is zero; every f32 weight is finite; the bytes between weights are zero. A plan
  /// that fails this runs without harm, to wrong results.
  ///
  /// - Throws: `.badData` naming the first weight that is wrong.
  /// - Complexity: reads the whole segment once.
  package func verifyWeights() throws(InputError) {
    let error = PlanError(place: place)
    let offsets = plan.weights.indices.sorted { plan.weights[$0].offset < plan.weights[$1].offset }
    var end = 0
    for index in offsets {
      let weight = plan.weights[index]
      let field = FieldPath("weight_table", index)
      guard let fault = fault(in: weight, bytes(ofWeight: index), gap: weights[end..<weight.offset])
      else {
        end = weight.offset + weight.byteCount
        continue
      }
      throw error(
        field, "has damaged bytes", expected: fault.expected,
        found: "\(fault.found) in weight '\(weight.name)'")
    }
    guard weights[end...].allSatisfy({ $0 == 0 }) else {
      throw error(
        FieldPath("weights"), "goes on after the last weight", expected: "zeros", found: "others")
    }
  }

  private func fault(
    in weight: PlanWeight, _ bytes: UnsafeRawBufferPointer, gap: Slice<UnsafeRawBufferPointer>
  ) -> (expected: String, found: String)? {
    guard gap.allSatisfy({ $0 == 0 }) else { return ("zeros before it", "other bytes") }
    switch (weight.dtype, weight.layout) {
    case (.f32, _):
      let values = bytes.bindMemory(to: Float.self)
      return values.allSatisfy(\.isFinite) ? nil : ("finite values", "infinity or NaN")
    case (.s8, .dense):
      return bytes.contains(0x80) ? ("s8 of at least -127", "-128") : nil
    case (.s8, .packedN8K4):
      return packedFault(in: weight, bytes)
    case (.i32, _), (.u8, _):
      return nil
    }
  }

  private func packedFault(
    in weight: PlanWeight, _ bytes: UnsafeRawBufferPointer
  ) -> (expected: String, found: String)? {
    guard let sumsOffset = weight.columnSumsOffset else { return nil }
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    let blocks = (columns + 3) / 4
    let packed = bytes.bindMemory(to: Int8.self)
    let stored = UnsafeRawBufferPointer(rebasing: bytes[sumsOffset...]).bindMemory(to: Int32.self)
    var sums = [Int32](repeating: 0, count: 8)
    for panel in 0..<((rows + 7) / 8) {
      for lane in sums.indices { sums[lane] = 0 }
      for block in 0..<blocks {
        for lane in 0..<8 {
          for k in 0..<4 {
            let value = packed[((panel * blocks + block) * 8 + lane) * 4 + k]
            if value == -128 { return ("s8 of at least -127", "-128") }
            if value != 0 && (panel * 8 + lane >= rows || block * 4 + k >= columns) {
              return ("zero padding", "\(value)")
            }
            sums[lane] += Int32(value)  // at most 66000 · 127
          }
        }
      }
      for lane in 0..<min(8, rows - panel * 8) where stored[panel * 8 + lane] != sums[lane] {
        return ("column sum \(sums[lane])", "\(stored[panel * 8 + lane])")
      }
    }
    let padding = bytes[((rows + 7) / 8 * blocks * 32)..<sumsOffset]
    guard padding.allSatisfy({ $0 == 0 }) else {
      return ("zeros before the column sums", "other bytes")
    }
    return weight.partialSumFault(bytes)
  }
}
