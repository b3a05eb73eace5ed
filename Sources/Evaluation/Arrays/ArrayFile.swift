package import Diagnostics
import Formats
import Media
package import Runtime

/// Arrays of a function call as `.npy` files.
package enum ArrayFile {
  /// Reads float32, int32, or int64 that fits 32 bits.
  ///
  /// - Throws: `.noInput` or `.io` where the file cannot be read, `.badData` naming what is wrong.
  package static func read(path: String) throws(InputError) -> CallArray {
    let file = try FileMapping(path: path)
    defer { extendLifetime(file) }
    let array = try NPYArray(Array(file.bytes), place: path)
    switch array.values {
    case .floats(let values): return CallArray(shape: array.shape, values: .floats(values))
    case .integers(let values): return CallArray(shape: array.shape, values: .integers(values))
    }
  }

  /// Writes a file that appears whole or not at all.
  ///
  /// - Throws: `.io` from the system.
  package static func write(_ array: CallArray, to path: String) throws(InputError) {
    let values: NPYArray.Values =
      switch array.values {
      case .floats(let values): .floats(values)
      case .integers(let values): .integers(values)
      }
    let bytes = NPYArray(shape: array.shape, values: values).bytes
    try AtomicFile.write(to: path) { file throws(InputError) in try file.write(bytes) }
  }
}
