package import Graph
package import Reference

/// The reference results of one op on these tensors.
package func evaluate(_ op: Op, _ inputs: [Tensor]) throws -> [Tensor] {
  var graph = Graph()
  let values = inputs.enumerated().map { index, input in
    graph.input("x\(index)", TensorType(input.dtype, input.shape.map { Dimension($0) }))
  }
  let results = try graph.append(op, values)
  for (index, result) in results.enumerated() { graph.output("y\(index)", result) }
  var given: [String: Tensor] = [:]
  for (index, input) in inputs.enumerated() { given["x\(index)"] = input }
  let outputs = try Interpreter.run(graph, inputs: given)
  return results.indices.compactMap { outputs["y\($0)"] }
}

/// The largest difference between elements, infinite where shapes, NaN or infinities differ.
package func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape, a.dtype == b.dtype else { return .infinity }
  return zip(a.values, b.values).map { x, y in
    if x == y || (x.isNaN && y.isNaN) { return 0 }
    let difference = abs(x - y)
    return difference.isNaN ? .infinity : difference
  }.max() ?? 0
}
