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
    case (.s8, .packedN8K32):
      return fourBitFault(in: weight, bytes)
    case (.i32, _), (.u8, _), (.f16, _):
      return nil
    }
  }

  private func fourBitFault(
    in weight: PlanWeight, _ bytes: UnsafeRawBufferPointer
  ) -> (expected: String, found: String)? {
    guard let sumsOffset = weight.columnSumsOffset else { return nil }
    let (rows, groups) = (weight.shape[0], weight.shape[1] / PlanLimits.fourBitGroup)
    let stored = UnsafeRawBufferPointer(rebasing: bytes[sumsOffset...]).bindMemory(to: Int32.self)
    for row in 0..<((rows + 7) / 8 * 8) {
      var sum: Int32 = 0
      for group in 0..<groups {
        let start = (row / 8 * groups + group) * PlanWeight.fourBitGroupBytes
        let multiplier = Int32(bytes[start + row % 8])
        for byte in 0..<(PlanLimits.fourBitGroup / 2) {
          let both = bytes[start + 8 + byte / 4 * 32 + row % 8 * 4 + byte % 4]
          for half in [both & 15, both >> 4] {
            let value = (Int32(half) - 8) * multiplier
            if abs(value) > 127 { return ("values in -127 ... 127", "\(value)") }
            if value != 0 && row >= rows { return ("zero padding", "\(value)") }
            sum += value  // at most 4096 · 127
          }
        }
      }
      if row < rows, stored[row] != sum { return ("column sum \(sum)", "\(stored[row])") }
    }
    let padding = bytes[
      ((rows + 7) / 8 * groups * PlanWeight.fourBitGroupBytes)..<sumsOffset]
    return padding.allSatisfy { $0 == 0 } ? nil : ("zeros before the column sums", "other bytes")
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
