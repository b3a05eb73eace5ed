import ArgumentParser
import Checkpoint
import Compiler
import Diagnostics
import ONNX

/// `gitc export`: a checkpoint for other programs.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a checkpoint as files that other programs run.",
    discussion: """
      FOLDER/model.safetensors: weights, and beside them config.json, preprocessor_config.json, \
      tokenizer_config.json and vocab.txt, for GitForCausalLM.from_pretrained(FOLDER).

      NAME.onnx: three models, NAME.encode.onnx, NAME.prefix.onnx and NAME.step.onnx, in fp32 and \
      standard operators; docs/onnx.md says what they take and give.

      Example: gitc export scenes.ckpt -o scenes/model.safetensors
               gitc export scenes.ckpt -o scenes.onnx
      """)

  @Argument(help: "Checkpoint to read.")
  var checkpoint: String

  @Option(name: .shortAndLong, help: "File to write; its ending, .safetensors or .onnx, says what.")
  var output: String

  func validate() throws {
    guard output.hasSuffix(".safetensors") || output.hasSuffix(".onnx") else {
      throw ValidationError("-o takes a name that ends in .safetensors or .onnx, not '\(output)'")
    }
  }

  func run() throws {
    let source = try Checkpoint.read(path: checkpoint)
    guard output.hasSuffix(".onnx") else {
      try source.writeHuggingFace(to: output)
      return try StandardStreams.result(output)
    }
    let compiled = try Compiler.compile(source, precision: .fp32, place: checkpoint)
    let parameters = compiled.graphs.parameters
    for (name, graph) in compiled.graphs.functions {
      let path = "\(output.dropLast(".onnx".count)).\(name).onnx"
      try ExportedModel.write(graph, name: name, to: path) { parameters.floats($0) }
      try StandardStreams.result(path)
    }
  }
}
