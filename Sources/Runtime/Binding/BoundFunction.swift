import CKernels
package import Diagnostics
package import Formats
package import Kernels

/// A plan function made ready to run: every length known, every byte in its place.
///
/// Making one checks everything, so that ``run()`` cannot fail: it allocates nothing, and waits for
/// nothing but its turn where runs of this process have more threads than there are cores. What depends on weights and sizes alone, such as interpolated positions, is computed by the
/// first run and kept in memory of its own. Not for use by two threads at once.
package final class BoundFunction {
  /// The memory and the calls of a bound function.
  package struct Facts: Sendable, Equatable {
    /// Bytes of what lies in the function's own memory.
    package var arenaBytes: Int
    /// No placement of the same buffers needs fewer.
    package var lowerBoundBytes: Int
    /// Kernel calls of a run after the first.
    package var calls: Int
    /// How often all threads meet between calls of such a run.
    package var barriers: Int
  }

  /// The name in the plan: "encode".
  package let name: String
  package let facts: Facts
  /// How often it ran.
  package private(set) var runs = 0
  /// What every call computes and where its arguments are.
  private let steps: UnsafeMutableBufferPointer<ck_step>
  private let arguments: UnsafeMutableRawBufferPointer
  private let arena: Arena
  private let threads: Int
  /// Steps at the front that depend on weights alone.
  private let constantSteps: Int
  private var hasConstants = false
  /// Where samples u8[B, H, W, 3] are given to ``runFromSamples()``; nil where the input that could be
  /// given as samples is not quantized by patches first, and where there was none.
  package let samples: UnsafeMutableRawBufferPointer?
  /// The greatest columns of the output that was to be ranked, valid after ``runForTop()``; nil where
  /// that output is not the result of a last projection in integers, and where none was to be.
  package let top: TopColumns?
  private let inputs: [String: Port]
  private let outputs: [String: Port]

  private struct Port {
    let bytes: UnsafeMutableRawBufferPointer
    let shape: [Int]
  }

  /// Binds `function`.
  ///
  /// - Parameters:
  ///   - function: its tensors' weights are indices of `weights.table`.
  ///   - weights: where the weights lie. They are read during runs, so they must outlive this
  ///     object; nothing here writes them.
  ///   - symbols: a value for every symbol of the function; others are ignored.
  ///   - kernels: which variants run.
  ///   - threads: 1 ... 1024.
  ///   - external: memory for inputs and outputs by name, as long as they are and aligned to 4 bytes,
  ///     that outlives this object; ports not named lie in the object's own memory.
  ///   - sampled: an input that ``runFromSamples()`` is to take as the samples of images.
  ///   - ranked: an output of which ``runForTop()`` is to give the greatest columns of each row.
  ///   - sharing: memory to use in turn with other functions: then inputs do not start as zeros,
  ///     inputs and outputs last until another of these functions is touched, and nothing is kept from
  ///     run to run, so that weights may change. Nil: its own.
  ///   - place: what the function is from, for errors: "model.plan".
  /// - Throws: `InputError` of kind `.badData` when steps do not fit their tensors, `.io` when there
  ///   is not enough memory.
  package init(
    _ function: PlanFunction, weights: WeightMemory,
    symbols: [String: Int], kernels: KernelSet, threads: Int,
    external: [String: UnsafeMutableRawPointer] = [:], sampled: SampledInput? = nil,
    ranked: String? = nil, sharing: SharedArena? = nil,
    place: String = "plan"
  ) throws(InputError) {
    precondition(sampled == nil || sharing == nil, "samples lie in the function's own memory")
    precondition((1...ThreadCount.maximum).contains(threads), "threads in 1 ... 1024")
    var binder = try Binder(
      function, weights: weights, symbols: symbols, isa: kernels.isa, threads: threads,
      sampled: sampled, ranked: ranked, place: place)
    try binder.checkOrder()
    try binder.bindSteps()
    let keeps = sharing == nil
    let constants = binder.calls.indices.filter { keeps && binder.isConstant[$0] }
    let others = binder.calls.indices.filter { !keeps || !binder.isConstant[$0] }
    // The calls of one step stay together, in their order.
    let calls = (constants + others).map { binder.calls[$0] }
    constantSteps = constants.count
    let bytes = binder.bufferBytes
    let placed = try binder.roles(external: external)
    let plan = BufferPlan(
      calls: calls, constants: constantSteps, byteCounts: bytes, roles: placed.roles)
    let homes = plan.live.indices.filter { plan.live[$0] != nil }
    let requests = homes.map { home in
      MemoryPlanner.Request(byteCount: bytes[home], live: plan.live[home] ?? 0...0)
    }
    guard let placement = MemoryPlanner.place(requests) else {
      throw InputError(
        .badData, "the tensors are too large", expected: "less than 2^63 bytes", found: "more",
        in: binder.place, advice: "use a smaller input")
    }
    arena =
      if let sharing {
        try sharing.arena(byteCount: placement.arenaBytes, place: binder.place)
      } else {
        try Arena(byteCount: placement.arenaBytes, place: binder.place)
      }

    // Buffers that no call touches and nobody sees get an address that is never used.
    var addresses = [UnsafeMutableRawPointer](repeating: arena.base, count: bytes.count)
    for (request, home) in homes.enumerated() {
      addresses[home] = arena.base + placement.offsets[request]
    }
    for buffer in addresses.indices { addresses[buffer] = addresses[plan.homes[buffer]] }
    for tensor in binder.tensors where tensor.root == tensor.index {
      if let weight = tensor.weight {
        addresses[tensor.index] = UnsafeMutableRawPointer(
          mutating: weights.base + weights.table[weight].offset)
      }
    }
    for (buffer, address) in placed.external { addresses[buffer] = address }

    let argumentSizes = calls.map { roundedUp($0.argumentBytes, to: 16) }
    arguments = .allocate(byteCount: 16 + argumentSizes.reduce(0, +), alignment: 16)
    arguments.initializeMemory(as: UInt8.self, repeating: 0)
    guard let argumentBase = arguments.baseAddress else {
      preconditionFailure("an allocation has an address")
    }
    // The first bytes stay 0: the zero that padding copies.
    let memory = BoundMemory(
      addresses: addresses, zero: UnsafePointer(argumentBase.assumingMemoryBound(to: Float.self)))
    let barriers = Barriers(
      calls.map { call in
        func ranges(_ buffers: [Int]) -> [Range<UInt>] {
          buffers.compactMap { buffer in
            if bytes[buffer] == 0 || placed.roles[buffer] == .weight { return nil }
            let start = UInt(bitPattern: addresses[buffer])
            return start..<start + UInt(bytes[buffer])
          }
        }
        return Barriers.Touched(
          reads: ranges(call.reads), writes: ranges(call.writes),
          isApartFromPrevious: call.isApartFromPrevious)
      })
    steps = .allocate(capacity: calls.count)
    var next = argumentBase + 16
    for (index, call) in calls.enumerated() {
      call.writeArguments(memory, next)
      steps.initializeElement(
        at: index,
        to: ck_step(
          kernel: kernels.function(call.op), args: next,
          barrier_after: barriers.after[index] ? 1 : 0))
      next += argumentSizes[index]
    }

    func ports(_ ports: [PlanPort]) -> [String: Port] {
      Dictionary(
        ports.map { port in
          let tensor = binder.tensors[port.tensor]
          let bytes = UnsafeMutableRawBufferPointer(
            start: addresses[tensor.root], count: tensor.byteCount)
          return (port.name, Port(bytes: bytes, shape: tensor.shape))
        }, uniquingKeysWith: { first, _ in first })
    }
    name = function.name
    inputs = ports(function.inputs)
    outputs = ports(function.outputs)
    self.threads = threads
    samples = binder.samples.map {
      UnsafeMutableRawBufferPointer(start: addresses[$0.buffer], count: $0.count)
    }
    top = binder.top?.bound(memory)
    // A run leaves out the call for samples, and makes one of the last two where there is a top.
    let sampleCalls = samples == nil ? 0 : 1
    let last = top == nil ? calls.count : calls.count - 1
    facts = Facts(
      arenaBytes: placement.arenaBytes, lowerBoundBytes: placement.lowerBoundBytes,
      calls: last - constantSteps - sampleCalls,
      barriers: barriers.after[constantSteps..<last].count { $0 } - sampleCalls)
  }

  deinit {
    steps.deallocate()
    arguments.deallocate()
  }

  /// Runs all steps: reads the inputs, leaves the outputs.
  package func run() {
    start(upTo: top == nil ? steps.count : steps.count - 2)
    if top != nil { runRest() }
  }

  /// Runs all steps as ``run()`` does, but reads ``samples`` in place of the input that they are of.
  ///
  /// - Precondition: there are ``samples``.
  package func runFromSamples() {
    precondition(samples != nil && top == nil, "an input of samples")
    start(upTo: steps.count, readsSamples: true)
  }

  /// Runs all steps but the last, the ranked output's, of which it finds ``top`` alone.
  ///
  /// - Precondition: there is a ``top``.
  package func runForTop() {
    precondition(top != nil, "an output that is ranked")
    start(upTo: steps.count - 1)
  }

  /// Makes the ranked output as well, after ``runForTop()``.
  package func runRest() { run(steps.count - 1..<steps.count) }

  /// Begins a run: what is constant, then the calls that depend on inputs.
  ///
  /// Where these can be samples, two calls that read floats come first, then the one that stands for them.
  private func start(upTo end: Int, readsSamples: Bool = false) {
    runs += 1
    if !hasConstants { run(0..<constantSteps) }
    hasConstants = true
    let first = constantSteps
    if samples == nil { return run(first..<end) }
    if !readsSamples { run(first..<first + 2) }
    run((readsSamples ? first + 2 : first + 3)..<end)
  }

  private func run(_ range: Range<Int>) {
    guard let first = steps.baseAddress, !range.isEmpty else { return }
    ck_run(first + range.lowerBound, range.count, threads, ThreadCount.default)
  }

  /// The bytes of the input of this name; in memory of its own, zeros at first, and what is written
  /// stays over runs.
  ///
  /// - Precondition: the function has that input.
  package func input(_ name: String) -> UnsafeMutableRawBufferPointer {
    port(name, of: inputs, "input").bytes
  }

  /// The bytes of the output of this name; valid until the next run.
  ///
  /// - Precondition: the function has that output.
  package func output(_ name: String) -> UnsafeMutableRawBufferPointer {
    port(name, of: outputs, "output").bytes
  }

  /// The lengths of the input of this name.
  ///
  /// - Precondition: the function has that input.
  package func inputShape(_ name: String) -> [Int] { port(name, of: inputs, "input").shape }

  /// The lengths of the output of this name.
  ///
  /// - Precondition: the function has that output.
  package func outputShape(_ name: String) -> [Int] { port(name, of: outputs, "output").shape }

  private func port(_ name: String, of ports: [String: Port], _ kind: String) -> Port {
    guard let port = ports[name] else {
      preconditionFailure("function '\(self.name)' has no \(kind) '\(name)'")
    }
    return port
  }
}

/// `value` rounded up to a multiple of `step`; for sizes of C structs.
private func roundedUp(_ value: Int, to step: Int) -> Int { (value + step - 1) / step * step }
