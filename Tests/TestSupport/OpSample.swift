package import Graph
package import Reference

/// A graph of one op with inputs to run it on: one row of the table that tests of every level walk.
package struct OpSample: Sendable, CustomStringConvertible {
  /// What an input may hold.
  package enum Content: Sendable {
    /// Uniform floats.
    case floats(ClosedRange<Double>)
    /// Uniform integers.
    case integers(ClosedRange<Int>)
    /// These, row-major.
    case exactly([Double])
  }

  /// One input of the op.
  package struct Input: Sendable {
    let name: String
    let type: TensorType
    let content: Content

    static func f32(
      _ name: String, _ shape: Shape, _ range: ClosedRange<Double> = -2...2
    ) -> Input {
      Input(name: name, type: .f32(shape), content: .floats(range))
    }

    static func f32(_ name: String, _ shape: Shape, exactly values: [Double]) -> Input {
      Input(name: name, type: .f32(shape), content: .exactly(values))
    }

    static func integers(
      _ dtype: DType, _ name: String, _ shape: Shape, _ range: ClosedRange<Int>
    ) -> Input {
      Input(name: name, type: TensorType(dtype, shape), content: .integers(range))
    }

    static func i32(_ name: String, _ shape: Shape, exactly values: [Double]) -> Input {
      Input(name: name, type: TensorType(.i32, shape), content: .exactly(values))
    }
  }

  /// The op's mnemonic and what is particular about this row.
  package let description: String
  package let op: Op
  /// The op's inputs are the graph's inputs, its results the outputs `y0`, `y1`, ….
  package let graph: Graph
  /// What the symbols of the shapes are.
  package let symbols: [String: Int]
  private let contents: [Content]

  init(_ what: String, _ op: Op, _ inputs: [Input], _ symbols: [String: Int] = ["B": 2, "T": 3]) {
    description = what.isEmpty ? op.mnemonic : "\(op.mnemonic), \(what)"
    self.op = op
    self.symbols = symbols
    contents = inputs.map(\.content)
    var graph = Graph()
    let values = inputs.map { graph.input($0.name, $0.type) }
    for (index, result) in graph.apply(op, values).enumerated() {
      graph.output("y\(index)", result)
    }
    self.graph = graph
  }

  /// Tensors for the graph's inputs; equal seeds give equal tensors.
  package func inputs(seed: UInt64) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (index, input) in graph.inputs.enumerated() {
      let type = graph.type(input.value)
      guard let shape = type.shape.values(symbols) else {
        preconditionFailure("\(self): no value for a symbol of \(type)")
      }
      let seed = seed &* 1000 &+ UInt64(index)
      tensors[input.name] =
        switch contents[index] {
        case .floats(let range): .random(shape, seed: seed, in: range)
        case .integers(let range): .random(type.dtype, shape, seed: seed, in: range)
        case .exactly(let values): Tensor(type.dtype, shape, values)
        }
    }
    return tensors
  }
}
