import Checkpoint
import Compiler
import Diagnostics
import Formats
import Foundation
import Graph
import Kernels
import Reference
import Runtime

/// A random GIT as a checkpoint, small enough for the interpreter.
struct RandomModel {
  let checkpoint: Checkpoint
  private let parameters: [String: Tensor]

  /// 16-pixel images in 5 tokens.
  static let vit = GITConfiguration.Vision(
    imageSize: 16, patchSize: 8, width: 48, layers: 2, heads: 3, mlpWidth: 96)
  /// 16-pixel images in 16 tokens; windows of 4 on maps of 8 and 4 tokens a side.
  static let coswin = GITConfiguration.Vision.coswin(
    CoSwin(
      imageSize: 16, stem: .init(size: 3, stride: 2, padding: 1), width: 24, depths: [2, 1],
      heads: [3, 3], window: 4, mlpRatio: 2))

  init(seed: UInt64, frames: Int, vision: GITConfiguration.Vision = vit) throws {
    let configuration = GITConfiguration(
      vision: vision,
      text: .init(
        width: 32, layers: 2, heads: 2, mlpWidth: 64, vocabularySize: 37, maximumTextLength: 12),
      frames: frames)
    let graph = GIT.logits(configuration)
    var parameters: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      guard let shape = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      // Xavier's range keeps activations near 1; norms stay near the identity.
      let fan = Double(shape.dropFirst().reduce(1, *) + shape[0]) / 2
      let isGamma = named.name.contains("norm") || named.name.contains("LayerNorm")
      var tensor = Tensor.random(
        shape, seed: seed &* 4096 + UInt64(index),
        in: isGamma ? -0.2...0.2 : -(3 / fan).squareRoot()...(3 / fan).squareRoot())
      if isGamma, named.name.hasSuffix("weight") {
        tensor.values = tensor.values.map { Double(Float($0 + 1)) }
      }
      parameters[named.name] = tensor
    }
    self.parameters = parameters
    checkpoint = Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: Preprocessing(
        imageSize: 16, mean: [0.5, 0.5, 0.5],
        standardDeviation: [0.5, 0.5, 0.5]),
      vocabulary: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (4..<37).map { "word\($0)" },
      parameters: parameters.mapValues {
        WeightTensor(shape: $0.shape, values: $0.values.map { Float($0) })
      })
  }

  /// f32[1, T, V] of the one graph, by the interpreter.
  func logits(_ pixels: Tensor, _ tokens: [Int]) throws -> Tensor {
    let results = try Interpreter.run(
      checkpoint.graph, inputs: ["pixels": pixels, "tokens": .i32([1, tokens.count], tokens)],
      parameters: parameters)
    guard let logits = results["logits"] else { preconditionFailure("the graph has logits") }
    return logits
  }

  /// log p of each token from position `start` on, given the ones before it.
  func logProbabilities(
    _ pixels: Tensor, _ tokens: [Int], from start: Int
  ) throws -> [Double] {
    let logits = try logits(pixels, tokens)
    return (start..<tokens.count).map { position in
      let row = Array(logits.row(position - 1))
      let largest = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - largest) }
      return row[tokens[position]] - largest - log(sum)
    }
  }

  /// The compiled plan, through the bytes of a file.
  func plan(
    _ precision: Precision, quantization: QuantizationOptions = QuantizationOptions()
  ) throws -> PlanBytes {
    let path = temporaryPath("random-model.plan")
    defer { removeFile(path) }
    try Compiler.compile(
      checkpoint, precision: precision, place: "test", quantization: quantization
    ).write(to: path)
    return PlanBytes(model: try CaptionModel(LoadedPlan(path: path)))
  }
}

/// A plan that is open.
struct PlanBytes {
  let model: CaptionModel

  func session(_ isa: ISA, threads: Int) throws -> TestSession {
    TestSession(
      session: CaptionSession(model, kernels: try KernelSet(isa: isa), threads: threads))
  }
}

/// A session fed with tensors.
struct TestSession {
  let session: CaptionSession

  /// Encodes one input; `pixels` is f32[1, F, 3, S, S].
  func encode(pixels: Tensor) throws -> ImageState {
    try session.encode(
      .normalised(pixels.values.map { Float($0) }), frames: pixels.shape[1])
  }

  func logProbabilities(_ pixels: Tensor, _ tokens: [Int], prompt: Int) throws -> [Float] {
    try session.score(
      encode(pixels: pixels), prompt: Array(tokens.prefix(prompt)),
      continuation: Array(tokens.dropFirst(prompt)))
  }
}

/// A path of its own in the temporary folder.
private func temporaryPath(_ name: String) -> String {
  FileManager.default.temporaryDirectory
    .appendingPathComponent("\(UUID().uuidString)-\(name)").path
}

/// Removes a file that may be there.
private func removeFile(_ path: String) { unlink(path) }
