package import Diagnostics
package import Formats

/// A plan that captions: its functions `encode`, `prefix` and `step`, found to fit each other.
///
/// - `encode`: `pixels` f32[N, 3, S, S], or f32[N, 3, p·H, p·W] where the model takes any size →
///   `features` f32[N, n, E], one image or frame each.
/// - `prefix`: `features` f32[B·F, n, E] → per decoder layer i, `prefix_k.i` and `prefix_v.i`
///   f32[B, P, D], or all f16: the keys and values of all image tokens.
/// - `step`: `tokens` i32[Q, R], `positions` i32[R], `source` i32[Q], `slots` i32[Q, L], and per layer
///   `prefix_k.i`, `prefix_v.i` like those, `text_k.i`, `text_v.i` f32[Q, L, D], which it changes →
///   `logits` f32[Q, R, V].
///
/// Symbols: N images and frames together, B images or clips, F frames of each, P image tokens of
/// each (P2 … in layers that read fewer), Q sequences, R new tokens of each, L most tokens of each, V
/// vocabulary, H rows and W columns of patches, whose side is p.
package final class CaptionModel: Sendable {
  /// The plan's file and weights.
  package let loaded: LoadedPlan
  /// Preprocessing, vocabulary and limits.
  package let settings: PlanModel
  /// Decoder layers.
  package let layers: Int
  /// p, the side of a patch, in a model that takes any whole number of patches; nil where every image
  /// is S x S.
  package let patchSize: Int?
  /// What samples are when they are normalised; see `Preprocessing`.
  let sampleTable: [Float]
  let encode: PlanFunction
  let prefix: PlanFunction
  let step: PlanFunction

  /// Opens a plan file.
  ///
  /// - Throws: what `LoadedPlan` throws; `.badData` when the plan is no captioner.
  package convenience init(path: String) throws(InputError) {
    try self.init(LoadedPlan(path: path))
  }

  /// Checks that `loaded` captions.
  ///
  /// - Throws: `.badData` naming the function or port that is missing or different.
  package init(_ loaded: LoadedPlan) throws(InputError) {
    self.loaded = loaded
    let ports = PortCheck(place: loaded.place)
    guard let settings = loaded.plan.model, settings.maximumTextLength >= 1 else {
      throw ports.failure("model", expected: "a plan of a captioner", found: "another program")
    }
    self.settings = settings
    sampleTable = settings.preprocessing.sampleTable
    encode = try ports.function("encode", in: loaded.plan)
    prefix = try ports.function("prefix", in: loaded.plan)
    step = try ports.function("step", in: loaded.plan)
    var layers = 0
    while prefix.outputs.contains(where: { $0.name == "prefix_k.\(layers)" }) { layers += 1 }
    self.layers = layers
    let (side, vocabulary) = (settings.preprocessing.imageSize, settings.vocabulary.count)
    patchSize = encode.patchSize
    let takesAnySize = patchSize != nil
    let sides: [Int?] = takesAnySize ? [nil, nil] : [side, side]
    try ports.inputs(of: encode, [("pixels", .f32, [nil, 3] + sides)])
    if case .keepAspect = settings.preprocessing.geometry, !takesAnySize {
      throw ports.failure(
        "function 'encode', inputs, 'pixels'", expected: "[_, 3, p*H, p*W] to keep the aspect",
        found: "one size")
    }
    try ports.outputs(of: encode, [("features", .f32, [nil, nil, nil])])
    try ports.inputs(of: prefix, [("features", .f32, [nil, nil, nil])])
    let prefixes = (0..<layers).flatMap { ["prefix_k.\($0)", "prefix_v.\($0)"] }
    let texts = (0..<layers).flatMap { ["text_k.\($0)", "text_v.\($0)"] }
    let isHalf = prefix.outputs.contains { prefix.tensors[$0.tensor].dtype == .f16 }
    let caches: [PortCheck.Port] = prefixes.map { ($0, isHalf ? .f16 : .f32, [nil, nil, nil]) }
    try ports.outputs(of: prefix, caches)
    try ports.inputs(
      of: step,
      [
        ("tokens", .i32, [nil, nil]), ("positions", .i32, [nil]), ("source", .i32, [nil]),
        ("slots", .i32, [nil, nil]),
      ] + caches + texts.map { ($0, .f32, [nil, nil, nil]) })
    try ports.outputs(of: step, [("logits", .f32, [nil, nil, vocabulary])])
  }

  /// Binds one of the functions.
  func bind(
    _ function: PlanFunction, _ symbols: [String: Int], to machine: CaptionSession.Machine,
    external: [String: UnsafeMutableRawPointer] = [:], sampled: SampledInput? = nil,
    ranked: String? = nil
  ) throws(InputError) -> BoundFunction {
    try BoundFunction(
      function, weights: WeightMemory(loaded), symbols: symbols, kernels: machine.kernels,
      threads: machine.threads, external: external, sampled: sampled, ranked: ranked,
      place: loaded.place)
  }
}

extension PlanFunction {
  /// p where the input `pixels` is [_, _, p·H, p·W]; nil for one of another form.
  package var patchSize: Int? {
    guard let port = inputs.first(where: { $0.name == "pixels" }),
      tensors[port.tensor].shape.count == 4
    else { return nil }
    let sides = tensors[port.tensor].shape[2...].compactMap { side -> (Int, String)? in
      guard side.terms.count == 1, side.terms[0].symbols.count == 1 else { return nil }
      return (side.terms[0].coefficient, symbols[side.terms[0].symbols[0]])
    }
    guard sides.count == 2, sides.map(\.1) == ["H", "W"], sides[0].0 == sides[1].0,
      sides[0].0 >= 1
    else { return nil }
    return sides[0].0
  }
}

/// Compares the ports of functions with what a captioner has.
private struct PortCheck {
  /// A name, a type, and lengths where they are known.
  typealias Port = (name: String, dtype: PlanDType, shape: [Int?])

  let place: String

  func failure(_ field: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "the plan does not caption", expected: expected, found: found,
      in: "\(place), \(field)", advice: "compile it from a captioner's checkpoint")
  }

  func function(_ name: String, in plan: Plan) throws(InputError) -> PlanFunction {
    guard let function = plan.function(name) else {
      throw failure(
        "functions", expected: "a function '\(name)'",
        found: plan.functions.map(\.name).joined(separator: ", "))
    }
    return function
  }

  func inputs(of function: PlanFunction, _ expected: [Port]) throws(InputError) {
    try compare(function.inputs, expected, function, "inputs")
  }

  func outputs(of function: PlanFunction, _ expected: [Port]) throws(InputError) {
    try compare(function.outputs, expected, function, "outputs")
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  private func compare(
    _ ports: [PlanPort], _ expected: [Port], _ function: PlanFunction, _ field: String
  ) throws(InputError) {
    let field = "function '\(function.name)', \(field)"
    for port in ports where !expected.contains(where: { $0.name == port.name }) {
      throw failure(
        field, expected: list(expected.map(\.name)), found: "'\(port.name)'")
    }
    for (name, dtype, shape) in expected {
      guard let port = ports.first(where: { $0.name == name }) else {
        throw failure(
          field, expected: "'\(name)'", found: list(ports.map(\.name)))
      }
      let tensor = function.tensors[port.tensor]
      let lengths = tensor.shape.map { dimension in
        dimension.terms.allSatisfy { $0.symbols.isEmpty } ? dimension.value([]) : nil
      }
      let fits = zip(shape, lengths).allSatisfy { $0 == nil || $0 == $1 }
      guard tensor.dtype == dtype, lengths.count == shape.count, fits else {
        func text(_ lengths: [Int?]) -> String {
          lengths.map { $0.map(String.init) ?? "_" }.joined(separator: ", ")
        }
        throw failure(
          "\(field), '\(name)'", expected: "\(dtype)[\(text(shape))]",
          found: "\(tensor.dtype)[\(text(lengths))]")
      }
    }
  }
}
