import Graph

/// What a function's extra outputs tell about one projection.
struct MeasuredProjection {
  /// The name of its weight.
  var weight: String
  /// Outputs f32[]: the sum of squares of x · Wᵀ, and of its error with each kind of activations.
  var signal: String
  var noise: [ProjectionPrecision: String]
  /// Outputs f32[K]: over all rows of x, the sum and the sum of squares per channel.
  var sums: String
  var squares: String
  /// How many rows x has.
  var rows: Dimension
}

extension Graph {
  /// This float graph with outputs that tell what quantizing each of its projections would cost: the
  /// product is computed again with quantized rows and weights, from the same exact rows.
  ///
  /// `parameters` gains the quantized weights.
  func measuringProjections(
    _ parameters: inout ParameterStore
  ) -> (graph: Graph, projections: [MeasuredProjection]) {
    var graph = self
    var measured: [MeasuredProjection] = []
    let names = Dictionary(uniqueKeysWithValues: self.parameters.map { ($0.value, $0.name) })
    /// By the name of the parameter of integers.
    var quantizedWeights: [String: [Value]] = [:]
    for node in nodes {
      guard let name = QuantizeProjections.weight(of: node, self, names),
        let rows = shape(node.inputs[1])[0].constant
      else { continue }
      let (x, weight) = (node.inputs[0], node.inputs[1])
      func quantizedWeight(_ precision: ProjectionPrecision) -> [Value] {
        let groups = precision.groups(.chosen)
        let (integers, scales) = parameters.quantize(
          name, rows: rows, form: .s8(groups: groups))
        if let known = quantizedWeights[integers] { return known }
        let added = [
          graph.parameter(integers, TensorType(.s8, shape(weight))),
          graph.parameter(scales, .f32([Dimension(rows)])),
        ]
        quantizedWeights[integers] = added
        return added
      }

      let index = measured.count
      let product = graph.apply(.linear(Linear(Epilogue())), [x, weight])[0]
      graph.output("signal.\(index)", graph.sumOfSquares(product))
      var noise: [ProjectionPrecision: String] = [:]
      for precision in ProjectionPrecision.allCases {
        guard let levels = precision.levels else { continue }
        let quantized = graph.apply(.quantizeRows(QuantizeRows(levels: levels)), [x])
        let found = graph.apply(
          .quantizedLinear(QuantizedLinear(Epilogue())), quantized + quantizedWeight(precision))[0]
        let output = "noise.\(precision.rawValue).\(index)"
        graph.output(
          output, graph.sumOfSquares(graph.add(found, graph.scale(product, by: -1))))
        noise[precision] = output
      }
      let leading = Array(shape(x).indices.dropLast())
      graph.output("sums.\(index)", graph.sum(x, axes: leading))
      graph.output("squares.\(index)", graph.sum(graph.multiply(x, x), axes: leading))
      measured.append(
        MeasuredProjection(
          weight: name, signal: "signal.\(index)", noise: noise, sums: "sums.\(index)",
          squares: "squares.\(index)", rows: Shape(shape(x).dropLast()).elementCount))
    }
    return (graph, measured)
  }

  private mutating func sumOfSquares(_ x: Value) -> Value {
    sum(multiply(x, x), axes: Array(shape(x).indices))
  }
}
