package import Diagnostics
package import Formats
package import Kernels
package import Runtime

/// Runs the functions of a compiled captioner on samples, the whole text at once.
package struct CalibrationRun {
  /// The runtime's machine, as the caller wants it.
  package struct Machine {
    var kernels: KernelSet
    var threads: Int

    package init(kernels: KernelSet, threads: Int) {
      self.kernels = kernels
      self.threads = threads
    }
  }

  private let loaded: LoadedPlan
  /// The plan's functions, or others over its weights.
  private let functions: [PlanFunction]
  private let machine: Machine

  /// - Parameters:
  ///   - loaded: a captioner.
  ///   - functions: run instead of the plan's, with the same inputs; nil for those themselves.
  ///   - machine: what runs them.
  package init(_ loaded: LoadedPlan, functions: [PlanFunction]? = nil, on machine: Machine) {
    self.loaded = loaded
    self.functions = functions ?? loaded.plan.functions
    self.machine = machine
  }

  private func function(_ name: String) -> PlanFunction {
    guard let function = functions.first(where: { $0.name == name }) else {
      preconditionFailure("a captioner has a function '\(name)'")
    }
    return function
  }

  /// f32[tokens, V] for a sample: row t scores what follows token t.
  ///
  /// `watch` is given each bound function after its run.
  /// - Throws: `.io` when there is not enough memory.
  package func logits(
    _ sample: CalibrationSample, watch: (BoundFunction) -> Void = { _ in }
  ) throws(InputError) -> [Float] {
    let length = sample.tokens.count
    let grid = sample.size.symbols(patch: function("encode").patchSize)
    let encode = try bind("encode", grid.merging(["N": sample.frames]) { $1 })
    fill(encode, "pixels", sample.pixels)
    encode.run()
    watch(encode)

    let prefix = try bind("prefix", grid.merging(["B": 1, "F": sample.frames]) { $1 })
    copy("features", from: encode, to: prefix)
    prefix.run()
    watch(prefix)

    let imageRows = function("step").imageRows { prefix.outputShape("prefix_k.\($0)")[1] }
    let step = try bind(
      "step",
      imageRows.merging(["Q": 1, "R": length, "L": length, "B": 1, "F": sample.frames]) { $1 })
    for port in function("step").inputs where port.name.hasPrefix("prefix_") {
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
    try BoundFunction(
      function(name), weights: WeightMemory(loaded), symbols: symbols,
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
