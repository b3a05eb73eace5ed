import Checkpoint
import Diagnostics
import Formats
import Foundation
import Graph
import Randomness
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  private let configuration = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 8, layers: 1, heads: 2, mlpWidth: 16),
    text: .init(
      width: 8, layers: 1, heads: 2, mlpWidth: 16, vocabularySize: 5, maximumTextLength: 6),
    frames: 2)

  private func sample(training: Bool = false) -> Checkpoint {
    let graph = GIT.logits(configuration)
    var parameters: [String: WeightTensor] = [:]
    var random = SeededRandom(seed: 5)
    for parameter in graph.parameters {
      let shape = graph.shape(parameter.value).map { $0.constant ?? 0 }
      parameters[parameter.name] = WeightTensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float(random.unit() - 0.5) })
    }
    return Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: Preprocessing(
        imageSize: 8, mean: [0.48145466, 0.4578275, 0.40821073],
        standardDeviation: [0.26862954, 0.26130258, 0.27577711]),
      vocabulary: ["[PAD]", "[CLS]", "[SEP]", "\"é\\/\u{1F600}", "##a"], parameters: parameters,
      trainingState: training
        ? .init(
          tensors: ["m.x": WeightTensor(shape: [2], values: [1, 2])], json: #"{"step": 7}"#)
        : nil)
  }

  private func expectEqual(_ a: Checkpoint, _ b: Checkpoint) {
    #expect(a.graph == b.graph)
    #expect(a.configuration == b.configuration)
    #expect(a.preprocessing == b.preprocessing)
    #expect(a.vocabulary == b.vocabulary)
    #expect(a.parameters.mapValues(\.shape) == b.parameters.mapValues(\.shape))
    #expect(a.parameters.mapValues(\.floats) == b.parameters.mapValues(\.floats))
    #expect(a.trainingState?.json == b.trainingState?.json)
    #expect(
      a.trainingState?.tensors.mapValues(\.floats) == b.trainingState?.tensors.mapValues(\.floats))
  }

  @Test("a checkpoint of 16-bit weights is half as large and reads as the rounded ones")
  func halfPrecision() throws {
    let folder = try TemporaryFolder()
    var checkpoint = sample()
    try checkpoint.write(to: folder.path("whole"))
    try checkpoint.write(to: folder.path("half"), isHalf: true)
    let weights = checkpoint.parameters.values.reduce(0) { $0 + $1.elementCount }
    #expect(try folder.read("whole").count - folder.read("half").count >= weights * 2 - 63)
    let read = try Checkpoint.read(path: folder.path("half"))
    for (name, tensor) in checkpoint.parameters {
      let rounded = try #require(read.parameters[name]).floats
      for (a, b) in zip(tensor.floats, rounded) {
        #expect(abs(a - b) <= max(abs(a), 0x1p-14) / 2048)
      }
      checkpoint.parameters[name] = read.parameters[name]
    }
    expectEqual(read, checkpoint)

    let name = try #require(checkpoint.parameters.keys.min())
    let shape = try #require(checkpoint.parameters[name]).shape
    checkpoint.parameters[name] = WeightTensor(
      shape: shape, values: [Float](repeating: 65520, count: shape.reduce(1, *)))
    let error = try #require(
      throws: InputError.self
    ) { try checkpoint.write(to: folder.path("half"), isHalf: true) }
    #expect(error.found.contains(name))
    expectEqual(try Checkpoint.read(path: folder.path("half")), read)
  }

  @Test("a checkpoint reads as it was written", arguments: [false, true])
  func roundTrip(_ training: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.ckpt")
    let checkpoint = sample(training: training)
    try checkpoint.write(to: path)
    let read = try Checkpoint.read(path: path)
    expectEqual(read, checkpoint)
    // Over the very file its tensors are mapped from.
    try read.write(to: path)
    expectEqual(try Checkpoint.read(path: path), checkpoint)
    expectEqual(read, checkpoint)
    try checkpoint.write(to: folder.path("again.ckpt"))
    #expect(try folder.read("again.ckpt") == folder.read("model.ckpt"), "equal files")
  }

  @Test("every difference between tensors and graph is in one error")
  func differences() throws {
    let folder = try TemporaryFolder()
    let checkpoint = sample()
    try checkpoint.write(to: folder.path("a"))
    let file = try SafetensorsFile(path: folder.path("a"))
    let names = checkpoint.graph.parameters.map(\.name)
    let changed: [(name: String, tensor: WeightTensor)] =
      try names.dropFirst().map { (name: $0, tensor: try file.floats($0)) }
      + [(name: "stranger", tensor: WeightTensor(shape: [1], values: [0]))]
    var tensors = changed
    tensors[0].tensor = WeightTensor(shape: [3], values: [0, 0, 0])
    try SafetensorsWriter.write(tensors, metadata: file.metadata, to: folder.path("b"))
    let error = #expect(throws: InputError.self) { try Checkpoint.read(path: folder.path("b")) }
    #expect(error?.kind == .badData)
    #expect(error?.found.hasPrefix("3 differences") == true)
    #expect(error?.found.contains("'\(names[0])' [") == true)
    #expect(error?.found.contains("'\(names[1])' has shape [3] instead of") == true)
    #expect(error?.found.contains("'stranger' is no parameter") == true)
    // The writer keeps the same rule.
    var broken = checkpoint
    broken.parameters[names[0]] = nil
    #expect(throws: InputError.self) { try broken.write(to: folder.path("a")) }
    expectEqual(try Checkpoint.read(path: folder.path("a")), checkpoint)
  }

  private static let damages: [(key: String, value: String?, found: String)] = [
    ("gitc.version", nil, "none"), ("gitc.version", "2", "'2'"),
    ("gitc.graph", nil, "none"), ("gitc.graph", "!", "other text"), ("gitc.graph", "AAAA", ""),
    ("gitc.configuration", nil, "none"), ("gitc.configuration", "", "not known"),
    ("gitc.configuration", "{}", "no 'vision'"), ("gitc.configuration", "[1]", "another type"),
    ("gitc.preprocessing", nil, "none"),
    (
      "gitc.preprocessing",
      #"{"imageSize":9,"mean":[0,0,0],"resample":"bicubic","standardDeviation":[1,1,1]}"#, "9"
    ),
    (
      "gitc.preprocessing",
      #"{"imageSize":8,"mean":[0,0,0],"resample":"nearest","standardDeviation":[1,1,1]}"#,
      "at resample"
    ),
    (
      "gitc.preprocessing",
      #"{"imageSize":8,"mean":[0,0],"resample":"bicubic","standardDeviation":[1,1,1]}"#, "[0.0"
    ),
    (
      "gitc.preprocessing",
      #"{"imageSize":8,"mean":[0,0,0],"resample":"bicubic","standardDeviation":[1,0,1]}"#, "[1.0"
    ),
    (
      "gitc.preprocessing",
      #"{"imageSize":8,"mean":[0,0,0],"resample":"bicubic","standardDeviation":[1,1,1],"geometry":"squash"}"#,
      "at geometry"
    ),
    (
      "gitc.preprocessing",
      #"{"imageSize":8,"mean":[0,0,0],"resample":"bicubic","standardDeviation":[1,1,1],"geometry":"keep-aspect"}"#,
      "no 'maximumSide'"
    ),
    ("gitc.vocabulary", nil, "none"), ("gitc.vocabulary", #"["a","b","c","d"]"#, "4"),
    ("gitc.vocabulary", #"["a","b","c","d",""]"#, "1 of them empty"),
    ("gitc.vocabulary", #"["a","b","c","d",null]"#, "null"),
    ("gitc.training", nil, "none"),
  ]

  @Test("damaged metadata is named", arguments: damages)
  func metadata(_ key: String, _ value: String?, _ found: String) throws {
    let folder = try TemporaryFolder()
    try sample(training: true).write(to: folder.path("a"))
    let file = try SafetensorsFile(path: folder.path("a"))
    var metadata = file.metadata
    metadata[key] = value
    let tensors = try file.names.map { (name: $0, tensor: try file.floats($0)) }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("b"))
    let error = #expect(throws: InputError.self) { try Checkpoint.read(path: folder.path("b")) }
    #expect(error?.kind == .badData)
    #expect(error?.place.contains("field \(key)") == true, "\(error?.description ?? "")")
    #expect(found.isEmpty || error?.found.contains(found) == true, "\(error?.found ?? "")")
  }

  @Test("whole images need a graph that takes any size")
  func keepAspect() throws {
    let folder = try TemporaryFolder()
    var checkpoint = sample()
    checkpoint.preprocessing.geometry = .keepAspect(maximumSide: 12)
    let error = #expect(throws: InputError.self) { try checkpoint.write(to: folder.path("a")) }
    #expect(error?.place.hasSuffix("gitc.preprocessing.geometry") == true)
    #expect(error?.found == "keep-aspect")
    checkpoint.graph = GIT.logits(checkpoint.configuration, sizes: .any)
    try checkpoint.write(to: folder.path("a"))
    expectEqual(try Checkpoint.read(path: folder.path("a")), checkpoint)
  }

  @Test("a configuration beyond its limits is refused")
  func configurationLimits() throws {
    let folder = try TemporaryFolder()
    var checkpoint = sample()
    checkpoint.configuration.text.heads = 3
    let error = #expect(throws: InputError.self) { try checkpoint.write(to: folder.path("a")) }
    #expect(error?.place.contains("field text.heads") == true)
    #expect(try folder.names() == [])
  }

  @Test("a safetensors file of another program is no checkpoint, and the error says what to do")
  func otherFile() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(
      [(name: "w", tensor: WeightTensor(shape: [1], values: [1]))], to: folder.path("a"))
    let error = #expect(throws: InputError.self) { try Checkpoint.read(path: folder.path("a")) }
    #expect(error?.advice.contains("gitc import") == true)
  }

  @Test("flipped bits give an error or a checkpoint, never a crash")
  func bitFlips() throws {
    let folder = try TemporaryFolder()
    try sample(training: true).write(to: folder.path("a"))
    let bytes = try folder.read("a")
    let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var random = SeededRandom(seed: 77)
    for _ in 0..<200 {
      var damaged = bytes
      let place = Int.random(in: 8..<(8 + header), using: &random)
      damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try folder.write(damaged, to: "b")
      do {
        let checkpoint = try Checkpoint.read(path: folder.path("b"))
        #expect(checkpoint.parameters.count == checkpoint.graph.parameters.count)
      } catch { #expect(error.kind == .badData) }
    }
  }
}
