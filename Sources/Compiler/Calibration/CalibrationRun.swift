import Diagnostics
import Formats
import Kernels
import Runtime

/// Runs the functions of a compiled captioner on samples, the whole text at once.
struct CalibrationRun {
  /// The runtime's machine, as the caller wants it.
  struct Machine {
    var kernels: KernelSet
    var threads: Int
  }

  private let loaded: LoadedPlan
  private let machine: Machine

  init(_ compiled: CompiledPlan, on machine: Machine, place: String) throws(InputError) {
    loaded = try compiled.loaded(place: place)
    self.machine = machine
  }

  /// f32[tokens, V] for a sample: row t scores what follows token t.
  ///
  /// `watch` is given each bound function after its run.
  func logits(
    _ sample: CalibrationSample, watch: (BoundFunction) -> Void = { _ in }
  ) throws(InputError) -> [Float] {
    let length = sample.tokens.count
    let encode = try bind("encode", ["N": sample.frames])
    fill(encode, "pixels", sample.pixels)
    encode.run()
    watch(encode)

    let prefix = try bind("prefix", ["B": 1, "F": sample.frames])
    copy("features", from: encode, to: prefix)
    prefix.run()
    watch(prefix)

    let imageRows = prefix.outputShape("prefix_k.0")[1]
    let step = try bind(
      "step", ["Q": 1, "R": length, "L": length, "B": 1, "P": imageRows, "F": sample.frames])
    for port in loaded.plan.function("step")?.inputs ?? [] where port.name.hasPrefix("prefix_") {
      copy(port.name, from: prefix, to: step)
    }
    fill(step, "tokens", sample.tokens)
    fill(step, "positions", (0..<length).map { Int32($0) })
    // One image, whose text lies in the rows of the one sequence: `source` and `slots` are 0.
    step.run()
    watch(step)
    return Array(step.output("logits").bindMemory(to: Float.self))
  }

  private func bind(
    _ name: String, _ symbols: [String: Int]
  ) throws(InputError) -> BoundFunction {
    guard let function = loaded.plan.function(name) else {
      preconditionFailure("a captioner has a function '\(name)'")
    }
    return try BoundFunction(
      function, weights: WeightMemory(loaded), symbols: symbols,
      kernels: machine.kernels, threads: machine.threads, place: loaded.place)
  }

  private func fill<Element: BitwiseCopyable>(
    _ function: BoundFunction, _ name: String, _ values: [Element]
  ) {
    let input = function.input(name)
    values.withUnsafeBytes { bytes in
      precondition(bytes.count == input.count, "'\(name)' has \(input.count) bytes")
      input.copyMemory(from: bytes)
    }
  }

  private func copy(_ name: String, from source: BoundFunction, to target: BoundFunction) {
    target.input(name).copyMemory(from: UnsafeRawBufferPointer(source.output(name)))
  }
}
