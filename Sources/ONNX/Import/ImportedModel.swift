package import Diagnostics
package import Formats
package import Graph

/// An ONNX model as our own ops and weights.
package struct ImportedModel: Sendable {
  /// f32 and i32 inputs, outputs under their names; symbols are the model's named dimensions.
  package var graph: Graph
  /// The values of the graph's parameters.
  package var parameters: [String: WeightTensor]

  /// Reads an `.onnx` file, and the files beside it that hold its weights.
  ///
  /// What exporters compute from shapes, masks and position ids is worked out here; decomposed layer
  /// norms and GELUs become those ops again; everything else arrives as it is written, for the
  /// compiler's passes to recognise.
  /// - Throws: `.noInput` or `.io` where a file cannot be read; `.badData` naming the node for a model
  ///   that is damaged or uses what is not supported.
  package static func read(path: String) throws(InputError) -> ImportedModel {
    try ImportedModel(ONNXReader.read(path: path), place: path)
  }

  /// Reads a model in memory; `place` is where it came from, and where files that it names lie beside it.
  ///
  /// - Throws: as ``read(path:)``.
  package static func read(bytes: [UInt8], place: String) throws(InputError) -> ImportedModel {
    let model = try bytes.withUnsafeBufferPointer { (bytes) throws(InputError) in
      try ONNXReader(place: place).model(UnsafeRawBufferPointer(bytes))
    }
    return try ImportedModel(model, place: place)
  }

  private init(_ model: ONNXModel, place: String) throws(InputError) {
    var importer = ONNXImporter(place: place)
    try importer.run(model)
    (graph, parameters) = (importer.graph, importer.weights)
  }

  /// Whether the bytes begin like a protobuf message `onnx.ModelProto`: its version, small, is first.
  package static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 16 && bytes[0] == 1 << 3 && (3...64).contains(bytes[1])
      && [0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42].contains(bytes[2])
  }
}
