package import Diagnostics

extension Plan {
  /// Checks everything a reader relies on; `formats/README.md` lists it.
  ///
  /// After this, every index is in range, every weight lies within the segment, every step has the
  /// operands, results and attributes of its ``OpcodeSignature``, and every tensor is defined once,
  /// before it is read. What depends on the symbols' values is left to whoever binds them.
  ///
  /// - Parameters:
  ///   - weightByteCount: the length of the weight segment.
  ///   - place: the file, for messages.
  /// - Throws: `.badData` naming the first field that is wrong.
  package func validate(weightByteCount: Int, place: String) throws(InputError) {
    try PlanValidator(
      plan: self, weightByteCount: weightByteCount, error: PlanError(place: place)
    ).validate()
  }
}

/// The checks behind ``Plan/validate(weightByteCount:place:)``: tables, names and model.
struct PlanValidator {
  let plan: Plan
  let weightByteCount: Int
  let error: PlanError

  func validate() throws(InputError) {
    guard plan.producer.utf8.count <= PlanLimits.stringBytes, !plan.producer.utf8.contains(0)
    else {
      throw error(
        FieldPath("producer"), "is no name", expected: "at most \(PlanLimits.stringBytes) bytes",
        found: "\(plan.producer.utf8.count), or a NUL")
    }
    try count(plan.functions.count, 1...PlanLimits.functions, FieldPath("functions"))
    try count(plan.weights.count, 0...PlanLimits.tableEntries, FieldPath("weight_table"))
    try weights()
    try unique(plan.functions.map(\.name)) { FieldPath("functions", $0)("name") }
    for (index, function) in plan.functions.enumerated() {
      var validator = FunctionValidator(self, function, FieldPath("functions", index))
      try validator.validate()
    }
    if let model = plan.model { try validate(model) }
  }

  /// A number of things must be in `range`.
  func count(_ count: Int, _ range: ClosedRange<Int>, _ field: FieldPath) throws(InputError) {
    guard range.contains(count) else {
      throw error(
        field, "has a wrong number of entries",
        expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(count)")
    }
  }

  /// A value must be in `range`.
  func value(_ value: Int, _ range: ClosedRange<Int>, _ field: FieldPath) throws(InputError) {
    guard range.contains(value) else {
      throw error(
        field, "is out of range", expected: "\(range.lowerBound) to \(range.upperBound)",
        found: "\(value)")
    }
  }

  /// A name must have 1 to 1024 bytes and no NUL.
  func name(_ name: String, _ field: @autoclosure () -> FieldPath) throws(InputError) {
    guard (1...PlanLimits.stringBytes).contains(name.utf8.count), !name.utf8.contains(0) else {
      throw error(
        field(), "is no name", expected: "1 to \(PlanLimits.stringBytes) bytes without NUL",
        found: "\(name.utf8.count)")
    }
  }

  /// Names must be names, and differ.
  func unique(_ names: [String], _ field: (Int) -> FieldPath) throws(InputError) {
    var seen: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      try self.name(name, field(index))
      if let first = seen.updateValue(index, forKey: name) {
        throw error(
          field(index), "is not the only one", expected: "a name of its own",
          found: "'\(name)', which is also \(field(first))")
      }
    }
  }

  // MARK: Weights

  private func weights() throws(InputError) {
    try unique(plan.weights.map(\.name)) { FieldPath("weight_table", $0)("name") }
    for (index, weight) in plan.weights.enumerated() {
      try validate(weight, FieldPath("weight_table", index))
    }
    let bare = plan.weights.firstIndex { $0.sha256 == nil }
    if let bare, let other = plan.weights.firstIndex(where: { $0.sha256 != nil }) {
      throw error(
        FieldPath("weight_table", bare)("sha256"), "is missing",
        expected: "a checksum of every weight or of none",
        found: "one of \(FieldPath("weight_table", other)) alone")
    }
    // In the order of the segment, each starts where the one before ends, but for alignment: no
    // byte has two meanings, and none has no meaning.
    var end = 0
    var last: Int?
    let order = plan.weights.indices.sorted {
      plan.weights[$0].offset < plan.weights[$1].offset
    }
    for index in order {
      let weight = plan.weights[index]
      let gap = weight.offset - end
      guard (0..<PlanLimits.weightAlignment).contains(gap) else {
        let before = last.map { FieldPath("weight_table", $0).description } ?? "the start"
        throw error(
          FieldPath("weight_table", index)("offset"),
          gap < 0 ? "lies within \(before)" : "leaves a hole after \(before)",
          expected: "\(PlanWeight.rounded(end, to: PlanLimits.weightAlignment) ?? end)",
          found: "\(weight.offset)")
      }
      end = weight.offset + weight.byteCount
      last = index
    }
    guard (0..<PlanLimits.weightAlignment).contains(weightByteCount - end) else {
      throw error(
        FieldPath("weights"), "has the wrong length", expected: "\(end) bytes, as the table says",
        found: "\(weightByteCount)")
    }
  }

  private func validate(_ weight: PlanWeight, _ field: FieldPath) throws(InputError) {
    try count(weight.shape.count, 0...PlanLimits.rank, field("shape"))
    for (axis, length) in weight.shape.enumerated() {
      try value(length, 1...PlanLimits.coefficient, field("shape", axis))
    }
    if weight.layout.isPacked {
      guard weight.dtype == .s8, weight.shape.count == 2 else {
        throw error(
          field("layout"), "does not suit the weight", expected: "s8 of rank 2 to be packed",
          found: "\(weight.dtype) of rank \(weight.shape.count)")
      }
      try value(
        weight.shape[1],
        1...(weight.layout == .packedN8K32
          ? PlanLimits.fourBitColumns : PlanLimits.packedColumns), field("shape", 1))
      if weight.layout == .packedN8K32,
        !weight.shape[1].isMultiple(of: PlanLimits.fourBitGroup)
      {
        throw error(
          field("shape", 1), "does not suit the layout",
          expected: "a multiple of \(PlanLimits.fourBitGroup)", found: "\(weight.shape[1])")
      }
    }
    try count(
      weight.partialSums.count, 0...(weight.layout == .packedN8K4 ? PartialSums.runLengths : 0),
      field("partial_sums"))
    for (length, sum) in weight.partialSums.enumerated() {
      // Longer runs hold shorter ones; no two weights are beyond 254.
      let least = length == 0 ? 0 : weight.partialSums[length - 1]
      try value(sum, min(least, 254 << length)...(254 << length), field("partial_sums", length))
    }
    guard
      let length = PlanWeight.byteCount(
        dtype: weight.dtype, shape: weight.shape, layout: weight.layout),
      length == weight.byteCount
    else {
      throw error(
        field("byte_count"), "does not fit the shape",
        expected: PlanWeight.byteCount(
          dtype: weight.dtype, shape: weight.shape, layout: weight.layout
        ).map { "\($0) bytes" } ?? "a length below 2^63",
        found: "\(weight.byteCount) for \(weight.dtype) \(weight.shape)")
    }
    guard weight.offset >= 0, weight.offset % PlanLimits.weightAlignment == 0 else {
      throw error(
        field("offset"), "is not aligned",
        expected: "a multiple of \(PlanLimits.weightAlignment)", found: "\(weight.offset)")
    }
    guard weight.offset <= weightByteCount, length <= weightByteCount - weight.offset else {
      throw error(
        field("offset"), "leads outside the weights",
        expected: "\(length) bytes within \(weightByteCount)", found: "offset \(weight.offset)")
    }
  }

  // MARK: Model

  private func validate(_ model: PlanModel) throws(InputError) {
    let field = FieldPath("model")
    if let fault = model.preprocessing.fault {
      let preprocessing = field("preprocessing")
      let place =
        switch fault.field {
        case .imageSize: preprocessing("image_size")
        case .geometry: preprocessing("geometry")
        case .cropRounding: preprocessing("crop_rounding")
        case .maximumSide: preprocessing("maximum_side")
        case .resample: preprocessing("resample")
        case .mean: preprocessing("mean")
        case .standardDeviation: preprocessing("standard_deviation")
        }
      throw error(place, "is not usable", expected: fault.expected, found: fault.found)
    }
    try count(model.vocabulary.count, 2...PlanLimits.vocabulary, field("vocabulary"))
    for (id, token) in model.vocabulary.enumerated() { try name(token, field("vocabulary", id)) }
    try value(model.maximumTextLength, 1...PlanLimits.textLength, field("maximum_text_length"))
    try value(model.maximumFrames, 0...PlanLimits.frames, field("maximum_frames"))
    try choice(model.precision, ["int8", "fp32"], field("precision"))
  }

  private func choice(
    _ text: String, _ choices: [String], _ field: FieldPath
  ) throws(InputError) {
    guard choices.contains(text) else {
      throw error(
        field, "is not known", expected: choices.joined(separator: " or "), found: "'\(text)'")
    }
  }
}
