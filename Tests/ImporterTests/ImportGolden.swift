import Checkpoint
import Compiler
import Diagnostics
import Formats
import Foundation
import Importer
import Kernels
import Runtime

/// A folder as public weights come, and what its model says; Tools/goldens/imports.py wrote both.
struct ImportGolden {
  /// One image or clip, a prompt, and what follows it.
  struct Case: Decodable {
    struct Beams: Decodable {
      /// Prompt and tokens, best first.
      var texts: [[Int]]
      var scores: [Double]
    }

    /// Which of the pixels.
    var pixels: Int
    var prompt: [Int]
    /// The most tokens after the prompt.
    var limit: Int
    /// Prompt and tokens.
    var greedy: [Int]
    /// By the number of beams.
    var beams: [String: Beams]
  }

  static let names = ["hf-image", "hf-video", "hf-vqa", "original-image", "original-video"]
  /// The id of [SEP] in all vocabularies.
  static let endID = 3

  let folder: String
  let cases: [Case]
  private let file: SafetensorsFile

  init(_ name: String) throws {
    folder = Self.path(name)
    file = try SafetensorsFile(path: folder + "/expected.safetensors")
    let text = file.metadata["cases"] ?? ""
    cases = try JSONDecoder().decode([Case].self, from: Data(text.utf8))
  }

  static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Goldens/imports/\(name)").standardized.path
  }

  /// f32[frames, 3, S, S] of a case.
  func pixels(_ index: Int) throws -> WeightTensor {
    try file.floats("pixels.\(cases[index].pixels)")
  }

  /// f32[T, V]: row t scores the token after position t of the greedy text.
  func logits(_ index: Int) throws -> WeightTensor { try file.floats("logits.\(index)") }

  /// The model as an fp32 plan.
  func session() throws -> CaptionSession {
    let compiled = try Compiler.compile(
      ModelImport.checkpoint(folder: folder), precision: .fp32, place: folder)
    return CaptionSession(
      try CaptionModel(compiled.loaded(place: folder)), kernels: try KernelSet(), threads: 2)
  }
}
