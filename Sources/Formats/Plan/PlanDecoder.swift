import CFormats
import Diagnostics
import Protobuf

/// Turns the head of a plan into Swift values.
///
/// Every field is present that must be, every enum known, and no field one this release does not
/// know. What the values mean is ``PlanValidator``'s to check.
struct PlanDecoder {
  let error: PlanError

  /// Unpacks `head`, the bytes of fields 1 to 13, into at most `memoryLimit` bytes of memory.
  func plan(
    _ head: UnsafeRawBufferPointer, memoryLimit: Int = PlanLimits.unpackedBytes
  ) throws(InputError) -> Plan {
    let reader = MessageReader<Gitc__Plan>(gitc__plan__unpack, gitc__plan__free_unpacked)
    let failure = { (problem: UnpackingProblem) in
      switch problem {
      case .tooLarge:
        error.unreadable(
          expected: "a head that fills at most \(memoryLimit) bytes of memory", found: "more")
      case .malformed:
        error.unreadable(
          expected: "fields of the message gitc.Plan in the first \(head.count) bytes",
          found: "bytes that are none")
      }
    }
    return try reader.read(head, memoryLimit: memoryLimit, failure: failure, plan)
  }

  private func plan(_ message: Gitc__Plan) throws(InputError) -> Plan {
    // Before all else: fields of another version are no damage.
    let version = try required(message.has_version, message.version, FieldPath("version"))
    let versions = PlanLimits.versions
    guard versions.contains(version) else {
      throw error(
        FieldPath("version"), "is not known to this release",
        expected: "\(versions.lowerBound) to \(versions.upperBound)", found: "\(version)",
        advice: "use the release of gitc that wrote the file, or compile the checkpoint again")
    }
    try known(message.base, FieldPath("head"))
    _ = try checksum(message.has_sha256, message.sha256, FieldPath("sha256"), version)
    return Plan(
      producer: message.producer == nil ? "" : try string(message.producer, FieldPath("producer")),
      functions: try list(message.functions, message.n_functions, FieldPath("functions"), function),
      weights: try list(
        message.weight_table, message.n_weight_table, FieldPath("weight_table")
      ) { (message, field) throws(InputError) in try weight(message, field, version) },
      model: try message.model.map { (pointer) throws(InputError) in try model(pointer.pointee) })
  }

  private func model(_ message: Gitc__PlanModel) throws(InputError) -> PlanModel {
    let field = FieldPath("model")
    try known(message.base, field)
    guard let preprocessing = message.preprocessing?.pointee else {
      throw missing(field("preprocessing"))
    }
    return PlanModel(
      preprocessing: try self.preprocessing(preprocessing, field("preprocessing")),
      vocabulary: try strings(message.vocabulary, message.n_vocabulary, field("vocabulary")),
      maximumTextLength: try required(
        message.has_maximum_text_length, message.maximum_text_length,
        field("maximum_text_length")),
      maximumFrames: try required(
        message.has_maximum_frames, message.maximum_frames, field("maximum_frames")),
      precision: try string(message.precision, field("precision")))
  }

  private func preprocessing(
    _ message: Gitc__PlanPreprocessing, _ field: FieldPath
  ) throws(InputError) -> Preprocessing {
    try known(message.base, field)
    func centerCrop() throws(InputError) -> Preprocessing.Geometry {
      guard message.has_maximum_side == 0 else { throw superfluous(field("maximum_side")) }
      return .centerCrop(
        message.crop_rounding == nil
          ? .halfEven : try choice(message.crop_rounding, field("crop_rounding")))
    }
    func keepAspect() throws(InputError) -> Preprocessing.Geometry {
      guard message.crop_rounding == nil else { throw superfluous(field("crop_rounding")) }
      return .keepAspect(
        maximumSide: try required(
          message.has_maximum_side, message.maximum_side, field("maximum_side")))
    }
    let geometry: Preprocessing.Geometry.Name =
      message.geometry == nil ? .centerCrop : try choice(message.geometry, field("geometry"))
    return Preprocessing(
      imageSize: try required(message.has_image_size, message.image_size, field("image_size")),
      geometry: geometry == .centerCrop ? try centerCrop() : try keepAspect(),
      resample: try choice(message.resample, field("resample")),
      mean: array(message.mean, message.n_mean),
      standardDeviation: array(message.standard_deviation, message.n_standard_deviation))
  }

  private func superfluous(_ field: FieldPath) -> InputError {
    error(field, "belongs to another geometry", expected: "none", found: "a value")
  }

  private func weight(
    _ message: Gitc__PlanWeight, _ field: FieldPath, _ version: Int
  ) throws(InputError) -> PlanWeight {
    try known(message.base, field)
    var shape: [Int] = []
    for (axis, length) in array(message.shape, message.n_shape).enumerated() {
      shape.append(try size(length, field("shape", axis)))
    }
    guard message.has_offset != 0 else { throw missing(field("offset")) }
    guard message.has_byte_count != 0 else { throw missing(field("byte_count")) }
    return PlanWeight(
      name: try string(message.name, field("name")),
      dtype: try choice(message.has_dtype, message.dtype.rawValue, field("dtype")),
      shape: shape,
      layout: try choice(message.has_layout, message.layout.rawValue, field("layout")),
      offset: try size(message.offset, field("offset")),
      byteCount: try size(message.byte_count, field("byte_count")),
      partialSums: indices(message.partial_sums, message.n_partial_sums),
      sha256: try checksum(message.has_sha256, message.sha256, field("sha256"), version))
  }

  private func function(
    _ message: Gitc__PlanFunction, _ field: FieldPath
  ) throws(InputError) -> PlanFunction {
    try known(message.base, field)
    return PlanFunction(
      name: try string(message.name, field("name")),
      symbols: try strings(message.symbols, message.n_symbols, field("symbols")),
      tensors: try list(message.tensors, message.n_tensors, field("tensors"), tensor),
      steps: try list(message.steps, message.n_steps, field("steps"), step),
      inputs: try list(message.inputs, message.n_inputs, field("inputs"), port),
      outputs: try list(message.outputs, message.n_outputs, field("outputs"), port))
  }

  private func port(_ message: Gitc__PlanPort, _ field: FieldPath) throws(InputError) -> PlanPort {
    try known(message.base, field)
    return PlanPort(
      name: try string(message.name, field("name")),
      tensor: try required(message.has_tensor, message.tensor, field("tensor")))
  }

  private func tensor(_ message: Gitc__PlanTensor, _ field: FieldPath) throws(InputError)
    -> PlanTensor
  {
    try known(message.base, field)
    return PlanTensor(
      dtype: try choice(message.has_dtype, message.dtype.rawValue, field("dtype")),
      shape: try list(message.shape, message.n_shape, field("shape"), dimension),
      weight: message.has_weight == 0 ? nil : Int(message.weight),
      aliasOf: message.has_alias_of == 0 ? nil : Int(message.alias_of))
  }

  private func dimension(
    _ message: Gitc__PlanDimension, _ field: FieldPath
  ) throws(InputError) -> PlanDimension {
    try known(message.base, field)
    return PlanDimension(
      terms: try list(message.terms, message.n_terms, field("terms")) {
        (term, field) throws(InputError) in
        try known(term.base, field)
        guard term.has_coefficient != 0 else { throw missing(field("coefficient")) }
        return PlanDimension.Term(
          coefficient: Int(term.coefficient), symbols: indices(term.symbols, term.n_symbols))
      })
  }

  private func step(_ message: Gitc__PlanStep, _ field: FieldPath) throws(InputError) -> PlanStep {
    try known(message.base, field)
    let opcode: PlanOpcode = try choice(
      message.has_opcode, message.opcode.rawValue, field("opcode"))
    for attribute in opcode.signature.required where !isPresent(attribute, in: message) {
      throw error(
        field, "misses an attribute", expected: "\(attribute.rawValue) for \(opcode.protoName)",
        found: "none")
    }
    var step = PlanStep(
      opcode, operands: indices(message.operands, message.n_operands),
      results: indices(message.results, message.n_results))
    if message.has_activation != 0 {
      step.activation = try choice(1, message.activation.rawValue, field("activation"))
    }
    step.hasBias = message.has_bias != 0
    step.hasResidual = message.has_residual != 0
    step.keepsFloat = message.keeps_float != 0
    step.epsilon = message.epsilon
    step.value = message.value
    step.levels = Int(message.levels)
    step.heads = Int(message.heads)
    step.prefix = try message.prefix.map { (pointer) throws(InputError) in
      try dimension(pointer.pointee, field("prefix"))
    }
    step.transposeA = message.transpose_a != 0
    step.transposeB = message.transpose_b != 0
    step.axes = indices(message.axes, message.n_axes)
    step.start = try message.start.map { (pointer) throws(InputError) in
      try dimension(pointer.pointee, field("start"))
    }
    step.salt = Int(message.salt)
    if message.has_smoothing != 0 {
      step.smoothing = try choice(1, message.smoothing.rawValue, field("smoothing"))
    }
    return step
  }

  private func isPresent(_ attribute: PlanAttribute, in message: Gitc__PlanStep) -> Bool {
    switch attribute {
    case .activation: message.has_activation != 0
    case .hasBias: message.has_has_bias != 0
    case .hasResidual: message.has_has_residual != 0
    case .keepsFloat: message.has_keeps_float != 0
    case .epsilon: message.has_epsilon != 0
    case .value: message.has_value != 0
    case .levels: message.has_levels != 0
    case .heads: message.has_heads != 0
    case .prefix: message.prefix != nil
    case .transposeA: message.has_transpose_a != 0
    case .transposeB: message.has_transpose_b != 0
    case .axes: true  // a list of none is written as nothing
    case .start: message.start != nil
    case .salt: message.has_salt != 0
    case .smoothing: message.has_smoothing != 0
    }
  }
}
