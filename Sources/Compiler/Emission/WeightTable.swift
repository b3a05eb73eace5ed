import Formats
import Graph
import Kernels

/// The weights of a plan, each stored once, however many functions and names read it.
struct WeightTable: Sendable {
  /// What makes two weights one.
  private struct Identity: Hashable {
    var recipe: ParameterStore.Recipe
    var shape: [Int]
  }

  private let parameters: ParameterStore
  private(set) var weights: [PlanWeight] = []
  /// How the bytes of each come about.
  private var recipes: [ParameterStore.Recipe] = []
  private var indices: [Identity: Int] = [:]

  init(_ parameters: ParameterStore) { self.parameters = parameters }

  /// The indices of the weights of a function, by its parameters' names.
  ///
  /// New ones come last, in the order of the graph, which is that of their use.
  mutating func add(_ graph: Graph) -> [String: Int] {
    var result: [String: Int] = [:]
    for parameter in graph.parameters {
      guard let shape = graph.shape(parameter.value).values([:]) else {
        preconditionFailure("parameter '\(parameter.name)' has a symbolic shape")
      }
      let identity = Identity(recipe: parameters.recipe(parameter.name), shape: shape)
      result[parameter.name] =
        indices[identity]
        ?? add(parameter.name, identity, isInteger: graph.type(parameter.value).dtype == .s8)
    }
    return result
  }

  private mutating func add(_ name: String, _ identity: Identity, isInteger: Bool) -> Int {
    weights.append(
      PlanWeight(
        name: name, dtype: isInteger ? .s8 : .f32, shape: identity.shape,
        layout: isInteger ? layout(identity.recipe) : .dense, offset: 0, byteCount: 0))
    recipes.append(identity.recipe)
    indices[identity] = weights.count - 1
    return weights.count - 1
  }

  private func layout(_ recipe: ParameterStore.Recipe) -> PlanLayout {
    if case .quantized(_, rows: _, form: .s4) = recipe { .packedN8K32 } else { .packedN8K4 }
  }

  /// Places the weights in their order and gives the length of the segment.
  mutating func place() -> Int { weights.placeInOrder() }

  /// The bytes of one weight, as its layout wants them.
  func bytes(_ index: Int) -> [UInt8] {
    let (weight, recipe) = (weights[index], recipes[index])
    switch weight.layout {
    case .dense: return parameters.floats(recipe).withUnsafeBytes { Array($0) }
    case .packedN8K4:
      let (packed, sums) = Packing.packS8(
        parameters.integers(recipe), rows: weight.shape[0], columns: weight.shape[1])
      return Self.joined(packed.map { UInt8(bitPattern: $0) }, sums, weight)
    case .packedN8K32:
      guard
        let (packed, sums) = Packing.packS4(
          parameters.integers(recipe), rows: weight.shape[0], columns: weight.shape[1])
      else { preconditionFailure("'\(weight.name)' was quantized to four bits") }
      return Self.joined(packed, sums, weight)
    }
  }

  /// Packed values, zeros, and the column sums where the layout has them.
  private static func joined(_ packed: [UInt8], _ sums: [Int32], _ weight: PlanWeight) -> [UInt8] {
    let gap = [UInt8](repeating: 0, count: (weight.columnSumsOffset ?? 0) - packed.count)
    return packed + gap + sums.withUnsafeBytes { Array($0) }
  }
}
