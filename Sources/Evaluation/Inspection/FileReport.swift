import Checkpoint
package import Diagnostics
import Formats
import Graph
import ONNX

/// What is in a file of gitc's: what `gitc inspect` prints.
package enum FileReport: Encodable, Sendable {
  case checkpoint(CheckpointReport)
  case plan(PlanReport)
  case graph(GraphReport)

  /// Reads a checkpoint, a plan, an ONNX model as its graph, or a graph in its serialized or text
  /// form; the contents decide which, not the name.
  ///
  /// - Throws: `.noInput` or `.io` where the file cannot be read; `.badData` when it is none of
  ///   them, or a damaged one.
  package static func read(path: String) throws(InputError) -> FileReport {
    let file = try FileMapping(path: path)
    defer { extendLifetime(file) }
    let bytes = file.bytes
    // Safetensors: the header's length in 8 bytes, then the header, JSON.
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{") {
      let checkpoint = try Checkpoint.read(path: path)
      return .checkpoint(CheckpointReport(checkpoint, path: path, byteCount: bytes.count))
    }
    if ["input ", "parameter ", "//"].contains(where: { bytes.starts(with: $0.utf8) }) {
      let graph = try Graph(text: String(decoding: bytes, as: UTF8.self), place: path)
      return .graph(GraphReport(graph, path: path, byteCount: bytes.count))
    }
    if ImportedModel.isLikely(bytes) {
      let model = try ImportedModel.read(path: path)
      return .graph(GraphReport(model.graph, path: path, byteCount: bytes.count))
    }
    // Both messages have their version as field 1 and 15: a plan begins with it.
    if bytes.first == 1 << 3 {
      return .plan(try PlanReport(LoadedPlan(path: path), byteCount: bytes.count))
    }
    guard let graph = graph(bytes, path) else {
      throw InputError(
        .badData, "cannot tell what this file is",
        expected: "a checkpoint, a plan or a graph of gitc, or an ONNX model",
        found: "\(bytes.count) other bytes",
        in: path, advice: "check the path, or make the file again")
    }
    return .graph(GraphReport(graph, path: path, byteCount: bytes.count))
  }

  /// A serialized graph, nil for anything else.
  private static func graph(_ bytes: UnsafeRawBufferPointer, _ path: String) -> Graph? {
    do { return try Graph(serialized: Array(bytes), place: path) } catch { return nil }
  }

  /// The report itself, without a name around it.
  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .checkpoint(let report): try report.encode(to: encoder)
    case .plan(let report): try report.encode(to: encoder)
    case .graph(let report): try report.encode(to: encoder)
    }
  }

  /// For people.
  package var text: String {
    switch self {
    case .checkpoint(let report): report.text
    case .plan(let report): report.text
    case .graph(let report): report.text
    }
  }
}

/// A tensor of a file.
package struct TensorReport: Encodable, Sendable {
  package var name: String
  /// "f32".
  package var dtype: String
  /// Lengths, symbolic ones as polynomials: "197*F".
  package var shape: [String]
  /// Bytes in the file; nil for what is made while running.
  package var bytes: Int?

  /// "f32[N, 3, 96, 96]".
  var type: String { "\(dtype)[\(shape.joined(separator: ", "))]" }
}
