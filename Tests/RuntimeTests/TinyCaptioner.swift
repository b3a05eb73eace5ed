import Checkpoint
import Compiler
import Diagnostics
import FoundationEssentials
import Formats
import Graph
import Kernels
import Reference
import Runtime

/// A random GIT, as a compiled plan and as the graph it came from.
struct TinyCaptioner {
  static let vocabulary =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "circle", "##s", "moves", "left", "?"]
    + ["what", "is", "it", "."]
  static let (start, end) = (2, 3)

  let configuration: GITConfiguration
  let graph: Graph
  let parameters: [String: Tensor]
  let model: CaptionModel

  static let vision = GITConfiguration.Vision(
    imageSize: 8, patchSize: 4, width: 16, layers: 2, heads: 2, mlpWidth: 20)

  /// Makes and compiles one; `frames` is 0 for a model of images, else the most frames of a clip.
  init(
    seed: UInt64, frames: Int = 0, precision: Precision = .fp32, maximumTextLength: Int = 8,
    sizes: GIT.ImageSizes = .one, geometry: Preprocessing.Geometry = .centerCrop(.halfEven),
    reduction: GIT.TokenReduction = .none, vision: GITConfiguration.Vision = vision,
    textWidth: Int = 24,
    textMLPWidth: Int = 20
  ) throws {
    configuration = GITConfiguration(
      vision: vision,
      text: .init(
        width: textWidth, layers: 2, heads: 2, mlpWidth: textMLPWidth,
        vocabularySize: Self.vocabulary.count, maximumTextLength: maximumTextLength),
      frames: frames)
    graph = GIT.logits(configuration, sizes: sizes, reduction: reduction)
    var parameters: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      let shape = graph.shape(named.value).values([:]) ?? []
      // As binary32 holds them, so that the reference and the plan have the same weights.
      let random = Tensor.random(shape, seed: seed &* 1000 + UInt64(index), in: -0.6...0.6)
      parameters[named.name] = .f32(shape, random.values.map { Double(Float($0)) })
    }
    self.parameters = parameters
    let checkpoint = Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: Preprocessing(
        imageSize: vision.imageSize, geometry: geometry, mean: [0.5, 0.5, 0.5],
        standardDeviation: [0.25, 0.25, 0.25]),
      vocabulary: Self.vocabulary,
      parameters: parameters.mapValues { tensor in
        WeightTensor(shape: tensor.shape, values: tensor.values.map { Float($0) })
      })
    let compiled = try Compiler.compile(checkpoint, precision: precision, place: "tiny.ckpt")
    let path = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID()).plan").path
    try compiled.write(to: path)
    // The mapping outlives the name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    model = try CaptionModel(path: path)
  }

  func session(threads: Int = 2, isa: ISA = .best) throws -> CaptionSession {
    CaptionSession(model, kernels: try KernelSet(isa: isa), threads: threads)
  }

  static let square = PixelSize(height: 8, width: 8)

  /// Pixels f32[images · frames, 3, height, width].
  static func pixels(
    images: Int = 1, frames: Int = 1, size: PixelSize = square, seed: UInt64
  ) -> [Float] {
    Tensor.random([images * frames, 3, size.height, size.width], seed: seed).values
      .map { Float($0) }
  }

  /// The graph's logits f32[B, T, V] for equally long texts.
  func logits(
    _ pixels: [Float], size: PixelSize = square, images: Int, frames: Int, tokens: [[Int]]
  ) throws -> Tensor {
    let shape = [images, frames, 3, size.height, size.width]
    let given = [
      "pixels": Tensor.f32(shape, pixels.map(Double.init)),
      "tokens": Tensor.i32([images, tokens[0].count], tokens.flatMap { $0 }),
    ]
    let results = try Interpreter.run(graph, inputs: given, parameters: parameters)
    return results["logits"] ?? .filled([])
  }
}

extension CaptionSession {
  /// Encodes pixels of an array.
  func encode(
    _ pixels: [Float], size: PixelSize? = nil, images: Int = 1, frames: Int = 1
  ) throws -> ImageState {
    try encode(.normalised(pixels), size: size, images: images, frames: frames)
  }
}

/// The whole graph, run again for every row of a search: what a session must agree with.
final class ReferenceModel: StepModel {
  private let captioner: TinyCaptioner
  private let pixels: [Float]
  private let frames: Int
  private var perImage = 0
  private var rows: [(image: Int, tokens: [Int])] = []
  private var scores: [Float] = []
  private var memory: [UnsafeMutableBufferPointer<Float>] = []

  init(_ captioner: TinyCaptioner, _ pixels: [Float], frames: Int) {
    (self.captioner, self.pixels, self.frames) = (captioner, pixels, frames)
  }

  deinit { for scores in memory { scores.deallocate() } }

  var vocabularyCount: Int { TinyCaptioner.vocabulary.count }
  var capacity: Int { captioner.configuration.text.maximumTextLength }

  func begin(
    prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int, reading _: ScoresRead
  ) throws(InputError) {
    perImage = sequencesPerImage
    rows = (0..<images).map { ($0, prompt) }
  }

  func advance(parents: [Int], tokens: [Int]) {
    rows = parents.enumerated().map { row, parent in
      (row / perImage, rows[parent].tokens + [tokens[row]])
    }
  }

  func logits(_ row: Int) -> UnsafeBufferPointer<Float> {
    let (image, tokens) = rows[row]
    let size = frames * 3 * 64
    let own = Array(pixels[image * size..<(image + 1) * size])
    let logits = try? captioner.logits(own, images: 1, frames: frames, tokens: [tokens])
    let scores = UnsafeMutableBufferPointer<Float>.allocate(capacity: vocabularyCount)
    _ = scores.initialize(from: (logits?.row(tokens.count - 1) ?? []).map { Float($0) })
    memory.append(scores)
    return UnsafeBufferPointer(scores)
  }
}
