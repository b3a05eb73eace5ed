import ArgumentParser
import Checkpoint
import Diagnostics
import Formats
import Graph
import Importer

/// `gitc import`: from public GIT weights to a checkpoint.
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a checkpoint of public GIT weights.",
    discussion: """
      Takes a Hugging Face folder (config.json, model.safetensors or its shards, \
      preprocessor_config.json, vocab.txt or tokenizer.json) or one of the original repository \
      (model.pt, parameter.yaml, and bert-base-uncased's vocab.txt). Nothing in a file is run.

      Example: gitc import git-base-coco -o git-base-coco.ckpt
               gitc import GIT_BASE_VQAv2 -o vqa.ckpt --vocabulary bert-base-uncased/vocab.txt
               gitc import git-base-vatex -o vatex.ckpt --preprocessing original
      """)

  @Argument(help: "Folder of the model.")
  var source: String

  @Option(name: .shortAndLong, help: "Checkpoint to write.")
  var output: String

  @Option(help: "A vocab.txt to take instead of the folder's.")
  var vocabulary: String?

  @Option(
    help: """
      How images are prepared. source: as the folder's files say; original: as the original \
      repository does, with whole images for questions and CLIP's colours for clips.
      """)
  var preprocessing = ModelImport.PreprocessingChoice.source

  func run() throws {
    let checkpoint = try ModelImport.checkpoint(
      folder: source, vocabulary: vocabulary, preprocessing: preprocessing)
    try checkpoint.write(to: output)
    let (vision, text) = (checkpoint.configuration.vision, checkpoint.configuration.text)
    let count = checkpoint.parameters.values.reduce(0) { $0 + $1.elementCount }
    let frames = checkpoint.configuration.frames
    try StandardStreams.result(
      """
      \(output): \(count) parameters, \(vision.imageSize) pixels, \(frames == 0 ? "images" : "up to \(frames) frames"), \
      \(text.vocabularySize) words, output layer \
      \(checkpoint.configuration.tiedHead ? "tied to the word table" : "of its own")
      """)
    if !checkpoint.preprocessing.preparesLikeOriginal {
      StandardStreams.note(
        """
        gitc: note: images are prepared as the folder says, which is not how the original \
        repository prepares them for such a model; see --preprocessing original
        """)
    }
  }
}

extension ModelImport.PreprocessingChoice: ExpressibleByArgument {}
