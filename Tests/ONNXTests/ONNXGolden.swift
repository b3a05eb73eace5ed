import FoundationEssentials
import Formats
import Graph
import ONNX
import Reference
import Testing

/// A tiny model as PyTorch exports it, with inputs and what onnxruntime gives for them; written by
/// Tools/goldens/onnx-models.py.
struct ONNXGolden: Sendable, CustomTestStringConvertible {
  /// The model: "vit", "block-tanh".
  let model: String
  /// "traced" for the TorchScript exporter, "dynamo" for the newer one.
  let exporter: String

  var testDescription: String { "\(model) by \(exporter)" }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens/onnx").path

  static let all = ["vit", "bert", "git", "block-quick", "block-tanh", "causal"].flatMap { model in
    ["traced", "dynamo"].map { ONNXGolden(model: model, exporter: $0) }
  }

  private var path: String { "\(Self.folder)/\(model)-\(exporter)" }

  func imported() throws -> ImportedModel { try ImportedModel.read(path: "\(path).onnx") }

  /// The inputs by name, with the result `y`.
  func tensors(_ graph: Graph) throws -> [String: Tensor] {
    let file = try SafetensorsFile(path: "\(path).safetensors")
    var tensors: [String: Tensor] = [:]
    for name in file.names {
      let weights = try file.floats(name)
      let isInteger = graph.inputs.contains {
        $0.name == name && graph.type($0.value).dtype == .i32
      }
      tensors[name] = Tensor(
        isInteger ? .i32 : .f32, weights.shape, weights.floats.map(Double.init))
    }
    return tensors
  }
}

extension ImportedModel {
  /// The parameters as the interpreter sees them.
  var tensors: [String: Tensor] {
    parameters.mapValues { Tensor(.f32, $0.shape, $0.floats.map(Double.init)) }
  }
}

/// How far results may be from onnxruntime's.
///
/// It computes in floats: a few dozen roundings in a row, each of half a unit in 2²⁴ of values up to
/// the largest, some amplified by a layer norm's division. A wrong constant (an ε, a GELU's form, a
/// scale) shows at 1e-3 and more.
func tolerance(_ expected: Tensor) -> Double {
  3e-5 * max(1, expected.values.map(abs).max() ?? 0)
}
