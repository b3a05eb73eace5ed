import Compiler
import Graph
import Reference
import Testing

/// Texts of one length by the whole graph, and by the functions derived from it.
struct CaptionerRun {
  let graph: Graph
  let parameters: TestParameters
  /// What the text is about: f32 [images, frames, 3, side, side], or i32 [images, C] for a text.
  let context: Tensor
  /// i32 [images, length].
  let tokens: Tensor

  private var images: Int { context.shape[0] }
  private var length: Int { tokens.shape[1] }

  /// Logits of the whole graph, f32 [images, length, vocabulary].
  func whole() throws -> Tensor {
    let results = try Interpreter.run(
      graph, inputs: [context.dtype == .f32 ? "pixels" : "context": context, "tokens": tokens],
      parameters: parameters.tensors)
    return try #require(results["logits"])
  }

  /// The same by encode, prefix and a step for each of `rows`, which adds up to `length`.
  func incremental(
    _ functions: CaptionerGraphs, rows: [Int], symbols: [String: Int] = [:]
  ) throws -> Tensor {
    func run(
      _ graph: Graph, _ inputs: [String: Tensor], _ more: [String: Int] = [:]
    ) throws -> [String: Tensor] {
      try Interpreter.run(
        graph, inputs: inputs, parameters: TestParameters.tensors(of: graph, functions.parameters),
        symbols: symbols.merging(more) { $1 })
    }
    var state: [String: Tensor]
    if let encode = functions.encode {
      let frames = context.shape[1]
      let perFrame = Tensor.f32([images * frames] + context.shape.dropFirst(2), context.values)
      let features = try run(encode, ["pixels": perFrame])
      state = try run(functions.prefix, features, ["B": images, "F": frames])
    } else {
      state = try run(functions.prefix, ["context": context])
    }

    let capacity = length + 1
    for input in functions.step.inputs where input.name.hasPrefix("text_") {
      let width = try #require(functions.step.shape(input.value)[2].constant)
      state[input.name] = .filled([images, capacity, width])
    }
    state["source"] = .i32([images], Array(0..<images))
    state["slots"] = .i32(
      [images, capacity], (0..<images).flatMap { [Int](repeating: $0, count: capacity) })

    var logits = [[Double]](repeating: [], count: images)
    var past = 0
    for count in rows {
      state["positions"] = .i32([count], Array(past..<past + count))
      state["tokens"] = .i32(
        [images, count],
        (0..<images).flatMap { image in
          tokens.integers[(image * length + past)..<(image * length + past + count)]
        })
      let results = try run(functions.step, state)
      let new = try #require(results["logits"])
      state.merge(results) { _, new in new }
      for image in 0..<images {
        for row in 0..<count { logits[image] += new.row(image * count + row) }
      }
      past += count
    }
    try #require(past == length)
    return .f32([images, length, logits[0].count / length], logits.flatMap { $0 })
  }
}
