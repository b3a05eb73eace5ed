import CMedia
import Diagnostics

/// A NumPy `.npy` file of normalised pixels: float32 `[3, H, W]` or `[frames, 3, H, W]`.
struct PixelArray {
  /// `[frames, 3, height, width]`, row-major.
  var values: [Float]
  var frames: Int
  var height: Int
  var width: Int

  /// Parses a whole file, version 1, 2 or 3 of the format; only little-endian C order is accepted.
  ///
  /// - Throws: `InputError` of kind `.badData` that names the part of the header that is wrong.
  static func parse(_ bytes: [UInt8], place: String) throws(InputError) -> PixelArray {
    let (fields, dataStart) = try NPYHeader.read(bytes, place: place)
    guard fields.type == "<f4" else {
      throw failure(
        "the array has the wrong type", "float32, little endian ('<f4')", "'\(fields.type)'",
        "\(place), header field descr", "save it with .astype('<f4')")
    }
    guard !fields.fortranOrder else {
      throw failure(
        "the array has the wrong order", "C order (fortran_order False)", "Fortran order",
        "\(place), header field fortran_order", "save it with numpy.ascontiguousarray")
    }
    let shape = fields.shape.count == 3 ? [1] + fields.shape : fields.shape
    guard shape.count == 4, shape[1] == 3, shape.allSatisfy({ $0 >= 1 }) else {
      throw failure(
        "the array has the wrong shape", "[3, height, width] or [frames, 3, height, width]",
        "\(fields.shape)", "\(place), header field shape",
        "transpose it to planes of red, green, blue")
    }
    let size = fields.byteCount(elementBytes: MemoryLayout<Float>.size)
    guard size == bytes.count - dataStart else {
      throw failure(
        "the array's data has the wrong length",
        size == .max ? "a size that can be addressed" : "\(size) bytes for shape \(fields.shape)",
        "\(bytes.count - dataStart) bytes", place, "save the array again")
    }
    let count = size / MemoryLayout<Float>.size
    let values = [Float](unsafeUninitializedCapacity: count) { target, initialized in
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[dataStart...]))
      }
      initialized = count
    }
    let wrong = cm_first_not_finite(values, count)
    if wrong < count {
      throw failure(
        "the array has a value that is not finite", "finite numbers", "\(values[wrong])",
        "\(place), value \(wrong)", "check how the pixels were made")
    }
    return PixelArray(values: values, frames: shape[0], height: shape[2], width: shape[3])
  }

  /// The frames at `indexes`, in that order.
  func selecting(_ indexes: [Int]) -> PixelArray {
    if indexes.count == frames { return self }
    let size = 3 * height * width
    var result = PixelArray(values: [], frames: indexes.count, height: height, width: width)
    result.values.reserveCapacity(indexes.count * size)
    for index in indexes { result.values += values[index * size..<(index + 1) * size] }
    return result
  }

  private static func failure(
    _ what: String, _ expected: String, _ found: String, _ place: String, _ advice: String
  ) -> InputError {
    InputError(
      .badData, what, expected: expected, found: found, in: place, advice: advice)
  }
}
