import Graph

/// Writes a float graph in the standard operators of ONNX, version 17.
///
/// Integers are int64, as ONNX's own operators have them. Lengths that depend on symbols are worked
/// out from the inputs' shapes while the model runs; a symbol that is no axis of an input by itself
/// becomes an input int64[1] of its name. An input that an op changes in place has an output
/// `new_…` with its new contents.
struct ONNXExporter {
  static let opset = 17

  let source: Graph
  private(set) var graph: ONNXGraph
  /// Names of values, by id of ours.
  private var names: [Value: String] = [:]
  private var count = 0
  /// Values that were made before, such as lengths and masks, by what they are.
  private var known: [String: String] = [:]

  /// The model of one function.
  ///
  /// - Throws: `GraphError` for an op that has no form in ONNX: those of training and of integers.
  static func export(_ source: Graph, name: String) throws(GraphError) -> ONNXGraph {
    var exporter = ONNXExporter(source, name: name)
    for node in source.nodes { try exporter.append(node) }
    exporter.finish()
    return exporter.graph
  }

  private init(_ source: Graph, name: String) {
    self.source = source
    graph = ONNXGraph(name: name)
    for named in source.inputs + source.parameters { names[named.value] = named.name }
    graph.inputs = source.inputs.map { port($0.name, source.type($0.value)) }
  }

  private func port(_ name: String, _ type: TensorType) -> ONNXPort {
    ONNXPort(
      name: name, type: type.dtype == .f32 ? .float : .int64,
      shape: type.shape.map { dimension in
        dimension.constant.map { .length($0) }
          ?? .symbol(dimension.description.filter { $0 != " " })
      })
  }

  private mutating func finish() {
    for output in source.outputs {
      // An output has a name of its own, even where it is an input or another output.
      emit("Identity", [self[output.value]], result: output.name)
      graph.outputs.append(port(output.name, source.type(output.value)))
    }
  }

  // MARK: Values

  /// The name a value has now.
  subscript(_ value: Value) -> String {
    guard let name = names[value] else { preconditionFailure("%\(value.id) is defined before") }
    return name
  }

  mutating func define(_ value: Value, as name: String) { names[value] = name }

  /// Says that an input has new contents, and gives them to the caller.
  mutating func replace(_ input: Value, by name: String) {
    guard let old = source.inputs.first(where: { $0.value == input })?.name else {
      preconditionFailure("only inputs are changed in place")
    }
    let output = "new_\(old)"
    emit("Identity", [name], result: output)
    graph.outputs.append(port(output, source.type(input)))
    names[input] = name
  }

  func shape(_ value: Value) -> Shape { source.shape(value) }

  private mutating func newName() -> String {
    count += 1
    return "v\(count)"
  }

  @discardableResult
  mutating func emit(
    _ op: String, _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:],
    result: String? = nil
  ) -> String {
    let name = result ?? newName()
    graph.nodes.append(
      ONNXNode(op: op, name: name, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }

  /// Several results at once.
  mutating func emit(
    _ op: String, _ inputs: [String], results: Int, _ attributes: [String: ONNXAttribute]
  ) -> [String] {
    let names = (0..<results).map { _ in newName() }
    graph.nodes.append(
      ONNXNode(op: op, name: names[0], inputs: inputs, outputs: names, attributes: attributes))
    return names
  }

  /// What `make` makes, once for equal keys.
  mutating func once(_ key: String, _ make: (inout ONNXExporter) -> String) -> String {
    if let name = known[key] { return name }
    let name = make(&self)
    known[key] = name
    return name
  }

  /// A constant list of integers.
  mutating func ints(_ values: [Int]) -> String {
    once("ints \(values)") { exporter in
      exporter.initializer([values.count], .ints(values))
    }
  }

  /// A constant number without axes.
  mutating func number(_ value: Float) -> String {
    once("float \(value.bitPattern)") { exporter in exporter.initializer([], .floats([value])) }
  }

  /// A constant integer without axes.
  mutating func integer(_ value: Int) -> String {
    once("int \(value)") { exporter in exporter.initializer([], .ints([value])) }
  }

  /// A constant tensor, once for equal keys.
  mutating func table(
    _ key: String, _ shape: [Int], _ elements: () -> ONNXTensor.Elements
  ) -> String {
    once(key) { exporter in exporter.initializer(shape, elements()) }
  }

  private mutating func initializer(
    _ shape: [Int], _ elements: ONNXTensor.Elements
  ) -> String {
    let name = "c\(graph.initializers.count)"
    graph.initializers.append(ONNXTensor(name: name, shape: shape, elements: elements))
    return name
  }

  // MARK: Lengths

  /// A length as int64[1].
  mutating func length(_ dimension: Dimension) -> String {
    if let constant = dimension.constant { return ints([constant]) }
    return once("length \(dimension)") { exporter in
      var sum: String?
      for term in dimension.terms {
        var product: String? = term.coefficient == 1 ? nil : exporter.ints([term.coefficient])
        for symbol in term.symbols {
          let factor = exporter.length(ofSymbol: symbol)
          product = product.map { exporter.emit("Mul", [$0, factor]) } ?? factor
        }
        let summand = product ?? exporter.ints([1])
        sum = sum.map { exporter.emit("Add", [$0, summand]) } ?? summand
      }
      return sum ?? exporter.ints([0])
    }
  }

  private mutating func length(ofSymbol symbol: String) -> String {
    once("symbol \(symbol)") { exporter in
      for input in exporter.source.inputs {
        if let axis = exporter.shape(input.value).firstIndex(of: .symbol(symbol)) {
          return exporter.emit(
            "Shape", [input.name], ["start": .int(axis), "end": .int(axis + 1)])
        }
      }
      exporter.graph.inputs.append(ONNXPort(name: symbol, type: .int64, shape: [.length(1)]))
      return symbol
    }
  }

  /// A shape as int64[rank].
  mutating func lengths(_ shape: Shape) -> String {
    if let constants = shape.values([:]) { return ints(constants) }
    return once("shape \(shape)") { exporter in
      exporter.emit("Concat", shape.map { exporter.length($0) }, ["axis": .int(0)])
    }
  }

  /// 0 ..< `length` as int64[length].
  mutating func positions(_ length: Dimension) -> String {
    once("range \(length)") { exporter in
      let end = exporter.emit("Squeeze", [exporter.length(length)])
      return exporter.emit("Range", [exporter.integer(0), end, exporter.integer(1)])
    }
  }
}
