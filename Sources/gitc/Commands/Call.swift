import ArgumentParser
import Diagnostics
import Evaluation
import Formats
import Runtime

/// `gitc call`: one function of a plan on arrays.
struct Call: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one function of a plan on NumPy arrays.",
    discussion: """
      For plans that are no captioners, such as one compiled from an ONNX model, and for comparing \
      with other programs. Arrays are .npy files of float32, int32 or int64. An input that is not \
      given is zeros. An input that the function changes, such as a cache, is an output too. \
      gitc inspect lists the inputs and outputs.

      Example: gitc call vit.plan main --input pixels=pixels.npy --output y=y.npy
               gitc call scenes.plan prefix --symbol B=1 --symbol F=1 \
                 --input features=features.npy --output prefix_k.0=k.npy
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Argument(help: "Function to run.")
  var function: String

  @Option(help: ArgumentHelp("An input and the file it is in.", valueName: "name=file"))
  var input: [NamedArgument] = []

  @Option(help: ArgumentHelp("An output and the file to write.", valueName: "name=file"))
  var output: [NamedArgument] = []

  @Option(help: ArgumentHelp("A length that the inputs do not settle.", valueName: "name=n"))
  var symbol: [NamedArgument] = []

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    for symbol in symbol where Int(symbol.value) ?? -1 < 0 {
      throw ValidationError("--symbol takes NAME=N with N 0 or more, not '\(symbol)'")
    }
  }

  func run() throws {
    let loaded = try LoadedPlan(path: plan)
    let call = try FunctionCall(loaded, function: function)
    var inputs: [String: CallArray] = [:]
    for input in input { inputs[input.name] = try ArrayFile.read(path: input.value) }
    let lengths = symbol.compactMap { symbol in Int(symbol.value).map { (symbol.name, $0) } }
    let results = try call.run(
      inputs, symbols: Dictionary(lengths) { $1 }, kernels: execution.kernels(),
      threads: execution.threads.count)
    for output in output {
      guard let array = results[output.name] else {
        throw InputError(
          .usage, "no such output", expected: results.keys.sorted().joined(separator: ", "),
          found: "'\(output.name)'", in: "\(plan), function '\(function)'",
          advice: "name one of them")
      }
      try ArrayFile.write(array, to: output.value)
    }
    let summary = call.outputs.compactMap { name in results[name].map { "\(name) \($0.shape)" } }
    try StandardStreams.result(summary.joined(separator: "\n"))
  }
}

/// `name=value` on the command line.
struct NamedArgument: ExpressibleByArgument, CustomStringConvertible {
  var name: String
  var value: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      return nil
    }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }

  var description: String { "\(name)=\(value)" }
}
