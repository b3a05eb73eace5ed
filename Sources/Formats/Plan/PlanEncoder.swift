import CFormats
import Protobuf

/// Turns a ``Plan`` into the bytes of fields 1 to 13 of `gitc.Plan`, whether it is valid or not.
///
/// Integers that do not fit their field are cut: ``PlanValidator`` comes first. A plan whose weights
/// all have checksums gets one for its head and is of the version that has them, another of the one
/// before.
package struct PlanEncoder {
  private let arena = ProtobufArena()

  private init() {}

  /// The head of `plan`, packed by protobuf-c.
  package static func head(of plan: Plan) -> [UInt8] {
    let encoder = PlanEncoder()
    guard let message = encoder.message(plan) else { return [] }
    var bytes = withExtendedLifetime(encoder.arena) {
      [UInt8](unsafeUninitializedCapacity: gitc__plan__get_packed_size(message)) { buffer, count in
        count = gitc__plan__pack(message, buffer.baseAddress)
      }
    }
    guard encoder.hasChecksums(plan) else { return bytes }
    let checksum = bytes.withUnsafeBytes { SHA256Digest(of: $0) }
    bytes += [6 << 3 | 2, UInt8(SHA256Digest.byteCount)] + checksum.bytes
    return bytes
  }

  private func hasChecksums(_ plan: Plan) -> Bool {
    plan.weights.allSatisfy { $0.sha256 != nil }
  }

  private func message(_ plan: Plan) -> UnsafeMutablePointer<Gitc__Plan>? {
    arena.message(gitc__plan__init) { message in
      message.has_version = 1
      message.version = UInt32(
        hasChecksums(plan)
          ? PlanLimits.versions.upperBound : PlanLimits.firstVersionWithChecksums - 1)
      message.producer = arena.string(plan.producer)
      message.n_functions = plan.functions.count
      message.functions = arena.array(plan.functions.map(self.message))
      message.n_weight_table = plan.weights.count
      message.weight_table = arena.array(plan.weights.map(self.message))
      message.model = plan.model.flatMap(self.message)
    }
  }

  private func message(_ model: PlanModel) -> UnsafeMutablePointer<Gitc__PlanModel>? {
    arena.message(gitc__plan_model__init) { message in
      message.preprocessing = self.message(model.preprocessing)
      message.n_vocabulary = model.vocabulary.count
      message.vocabulary = arena.strings(model.vocabulary)
      message.has_maximum_text_length = 1
      message.maximum_text_length = UInt32(truncatingIfNeeded: model.maximumTextLength)
      message.has_maximum_frames = 1
      message.maximum_frames = UInt32(truncatingIfNeeded: model.maximumFrames)
      message.precision = arena.string(model.precision)
    }
  }

  private func message(
    _ preprocessing: Preprocessing
  ) -> UnsafeMutablePointer<Gitc__PlanPreprocessing>? {
    arena.message(gitc__plan_preprocessing__init) { message in
      message.has_image_size = 1
      message.image_size = UInt32(truncatingIfNeeded: preprocessing.imageSize)
      message.resample = arena.string(preprocessing.resample.rawValue)
      message.n_mean = preprocessing.mean.count
      message.mean = arena.array(preprocessing.mean)
      message.n_standard_deviation = preprocessing.standardDeviation.count
      message.standard_deviation = arena.array(preprocessing.standardDeviation)
      switch preprocessing.geometry {
      case .centerCrop(let rounding):
        message.geometry = arena.string(Preprocessing.Geometry.Name.centerCrop.rawValue)
        message.crop_rounding = arena.string(rounding.rawValue)
      case .keepAspect(let maximumSide):
        message.geometry = arena.string(Preprocessing.Geometry.Name.keepAspect.rawValue)
        message.has_maximum_side = 1
        message.maximum_side = UInt32(truncatingIfNeeded: maximumSide)
      }
    }
  }

  private func message(_ weight: PlanWeight) -> UnsafeMutablePointer<Gitc__PlanWeight>? {
    arena.message(gitc__plan_weight__init) { message in
      message.name = arena.string(weight.name)
      message.has_dtype = 1
      message.dtype = Gitc__PlanDType(UInt32(weight.dtype.rawValue))
      message.n_shape = weight.shape.count
      message.shape = arena.array(weight.shape.map { UInt64(bitPattern: Int64($0)) })
      message.has_layout = 1
      message.layout = Gitc__PlanLayout(UInt32(weight.layout.rawValue))
      message.has_offset = 1
      message.offset = UInt64(bitPattern: Int64(weight.offset))
      message.has_byte_count = 1
      message.byte_count = UInt64(bitPattern: Int64(weight.byteCount))
      message.n_partial_sums = weight.partialSums.count
      message.partial_sums = indices(weight.partialSums)
      message.has_sha256 = weight.sha256 == nil ? 0 : 1
      message.sha256 = bytes(weight.sha256?.bytes ?? [])
    }
  }

  private func message(_ function: PlanFunction) -> UnsafeMutablePointer<Gitc__PlanFunction>? {
    arena.message(gitc__plan_function__init) { message in
      message.name = arena.string(function.name)
      message.n_symbols = function.symbols.count
      message.symbols = arena.strings(function.symbols)
      message.n_tensors = function.tensors.count
      message.tensors = arena.array(function.tensors.map(self.message))
      message.n_steps = function.steps.count
      message.steps = arena.array(function.steps.map(self.message))
      message.n_inputs = function.inputs.count
      message.inputs = arena.array(function.inputs.map(self.message))
      message.n_outputs = function.outputs.count
      message.outputs = arena.array(function.outputs.map(self.message))
    }
  }

  private func message(_ port: PlanPort) -> UnsafeMutablePointer<Gitc__PlanPort>? {
    arena.message(gitc__plan_port__init) { message in
      message.name = arena.string(port.name)
      message.has_tensor = 1
      message.tensor = UInt32(truncatingIfNeeded: port.tensor)
    }
  }

  private func message(_ tensor: PlanTensor) -> UnsafeMutablePointer<Gitc__PlanTensor>? {
    arena.message(gitc__plan_tensor__init) { message in
      message.has_dtype = 1
      message.dtype = Gitc__PlanDType(UInt32(tensor.dtype.rawValue))
      message.n_shape = tensor.shape.count
      message.shape = arena.array(tensor.shape.map(self.message))
      message.has_weight = tensor.weight == nil ? 0 : 1
      message.weight = UInt32(truncatingIfNeeded: tensor.weight ?? 0)
      message.has_alias_of = tensor.aliasOf == nil ? 0 : 1
      message.alias_of = UInt32(truncatingIfNeeded: tensor.aliasOf ?? 0)
    }
  }

  private func message(_ dimension: PlanDimension) -> UnsafeMutablePointer<Gitc__PlanDimension>? {
    arena.message(gitc__plan_dimension__init) { message in
      message.n_terms = dimension.terms.count
      message.terms = arena.array(
        dimension.terms.map { term in
          arena.message(gitc__plan_term__init) { message in
            message.has_coefficient = 1
            message.coefficient = Int64(term.coefficient)
            message.n_symbols = term.symbols.count
            message.symbols = indices(term.symbols)
          }
        })
    }
  }

  private func message(_ step: PlanStep) -> UnsafeMutablePointer<Gitc__PlanStep>? {
    let required = step.opcode.signature.required
    func present(_ attribute: PlanAttribute) -> protobuf_c_boolean {
      required.contains(attribute) || !attribute.isDefault(in: step) ? 1 : 0
    }
    return arena.message(gitc__plan_step__init) { message in
      message.has_opcode = 1
      message.opcode = Gitc__PlanOpcode(UInt32(step.opcode.rawValue))
      message.n_operands = step.operands.count
      message.operands = indices(step.operands)
      message.n_results = step.results.count
      message.results = indices(step.results)
      message.has_activation = present(.activation)
      message.activation = Gitc__PlanActivation(UInt32(step.activation.rawValue))
      message.has_has_bias = present(.hasBias)
      message.has_bias = step.hasBias ? 1 : 0
      message.has_has_residual = present(.hasResidual)
      message.has_residual = step.hasResidual ? 1 : 0
      message.has_keeps_float = present(.keepsFloat)
      message.keeps_float = step.keepsFloat ? 1 : 0
      message.has_epsilon = present(.epsilon)
      message.epsilon = step.epsilon
      message.has_value = present(.value)
      message.value = step.value
      message.has_levels = present(.levels)
      message.levels = UInt32(truncatingIfNeeded: step.levels)
      message.has_heads = present(.heads)
      message.heads = UInt32(truncatingIfNeeded: step.heads)
      message.prefix = step.prefix.flatMap(self.message)
      message.has_transpose_a = present(.transposeA)
      message.transpose_a = step.transposeA ? 1 : 0
      message.has_transpose_b = present(.transposeB)
      message.transpose_b = step.transposeB ? 1 : 0
      message.n_axes = step.axes.count
      message.axes = indices(step.axes)
      message.start = step.start.flatMap(self.message)
      message.has_salt = present(.salt)
      message.salt = UInt32(truncatingIfNeeded: step.salt)
      message.has_smoothing = present(.smoothing)
      message.smoothing = Gitc__PlanSmoothing(UInt32(step.smoothing.rawValue))
    }
  }

  private func bytes(_ values: [UInt8]) -> ProtobufCBinaryData {
    ProtobufCBinaryData(len: values.count, data: arena.array(values))
  }

  private func indices(_ values: [Int]) -> UnsafeMutablePointer<UInt32> {
    arena.array(values.map { UInt32(truncatingIfNeeded: $0) })
  }
}
