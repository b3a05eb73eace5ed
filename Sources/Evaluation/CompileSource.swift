package import Checkpoint
package import Diagnostics
package import Formats
package import ONNX

/// A file that can be compiled.
package enum CompileSource: Sendable {
  /// A captioner.
  case checkpoint(Checkpoint)
  /// A graph that some other program made.
  case program(ImportedModel)

  /// Reads a checkpoint or an ONNX model; the contents decide which, not the name.
  ///
  /// - Throws: what reading either throws.
  package static func read(path: String) throws(InputError) -> CompileSource {
    let file = try FileMapping(path: path)
    defer { extendLifetime(file) }
    return ImportedModel.isLikely(file.bytes)
      ? .program(try ImportedModel.read(path: path)) : .checkpoint(try Checkpoint.read(path: path))
  }

  /// The values of the graph's parameters.
  package var parameters: [String: WeightTensor] {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.parameters
    case .program(let model): model.parameters
    }
  }
}
