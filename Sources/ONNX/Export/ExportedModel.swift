package import Diagnostics
package import Graph

/// A float graph as an ONNX model.
package enum ExportedModel {
  /// Writes one function of a compiled fp32 program as an `.onnx` file in operators of version 17.
  ///
  /// - Parameters:
  ///   - graph: inference ops on floats. Its inputs, outputs and symbols are the model's; i32 becomes
  ///     int64; a symbol that is no axis of an input by itself is an input int64[1]; an input X that
  ///     is changed in place has an output `new_X`.
  ///   - name: the graph's name in the file.
  ///   - metadata: free text for whoever reads the file.
  ///   - path: the file to make or replace.
  ///   - parameters: the elements of a parameter, by name.
  /// - Throws: `.badData` for an op without a form in ONNX, or a model of 2 GiB or more; `.io` from
  ///   the system.
  package static func write(
    _ graph: Graph, name: String, metadata: [String: String] = [:], to path: String,
    parameters: (String) -> [Float]
  ) throws(InputError) {
    let exported: ONNXGraph
    do throws(GraphError) { exported = try ONNXExporter.export(graph, name: name) } catch {
      throw InputError(
        .badData, "the graph cannot be exported", expected: "inference ops on floats",
        found: error.message, in: path, advice: "compile it, which gitc runs")
    }
    let weights = graph.parameters.map { parameter in
      guard let shape = graph.shape(parameter.value).values([:]) else {
        preconditionFailure("parameter '\(parameter.name)' has a symbolic shape")
      }
      return ONNXWeight(name: parameter.name, shape: shape)
    }
    try ONNXWriter.write(
      ONNXModel(opset: ONNXExporter.opset, graph: exported), metadata: metadata, weights: weights,
      to: path
    ) { parameters($0.name) }
  }
}
