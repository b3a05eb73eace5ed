import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindTranspose(_ view: StepView) throws(InputError) {
    let (x, y, axes) = (view.operands[0], view.results[0], view.step.axes)
    try view.check(
      axes.sorted() == Array(x.shape.indices) && y.shape == axes.map { x.shape[$0] }
        && x.dtype == y.dtype,
      "axes", expected: "a permutation of \(x.description) that gives \(y.description)",
      found: "\(axes)")
    emitCopy(y.shape, from: (x, axes.map { x.strides[$0] }, 0), to: (y, y.strides, 0))
  }

  mutating func bindConcat(_ view: StepView) throws(InputError) {
    let y = view.results[0]
    let axis = try oneAxis(view, of: y)
    var start = 0
    for (index, x) in view.operands.enumerated() {
      var expected = y.shape
      expected[axis] = x.shape.indices.contains(axis) ? x.shape[axis] : 0
      try view.check(
        x.shape == expected && x.dtype == y.dtype && start + expected[axis] <= y.shape[axis],
        "operand \(index)", expected: "a part of \(y.description) along axis \(axis)",
        found: x.description)
      let part = parts[x.index] ?? (x, 0)
      emitCopy(
        x.shape, from: (part.whole, part.whole.strides, part.offset),
        to: (y, y.strides, start * y.strides[axis]))
      start += x.shape[axis]
    }
    try view.check(
      start == y.shape[axis], "the result", expected: "\(start) along axis \(axis)",
      found: y.description)
  }

  mutating func bindSlice(_ view: StepView) throws(InputError) {
    let (x, y) = (view.operands[0], view.results[0])
    let axis = try oneAxis(view, of: y)
    let start = try part(y, of: x, along: axis, view)
    if joinedSlices.contains(y.index) {
      parts[y.index] = (x, start * x.strides[axis])
    } else {
      emitCopy(y.shape, from: (x, x.strides, start * x.strides[axis]), to: (y, y.strides, 0))
    }
  }

  /// The results of slices that only concatenations read, which can take them from the whole: so a
  /// roll moves its tensor once.
  static func joinedSlices(_ function: PlanFunction) -> Set<Int> {
    var slices: Set<Int> = []
    // Text caches change while they are read.
    var others = Set(function.outputs.map(\.tensor) + function.tensors.compactMap(\.aliasOf))
    var changed: Set<Int> = []
    func root(_ tensor: Int) -> Int { function.tensors[tensor].aliasOf ?? tensor }
    for step in function.steps {
      if step.opcode == .cachedAttention { changed.formUnion(step.operands.map(root)) }
      if step.opcode != .concat { others.formUnion(step.operands) }
    }
    for step in function.steps where step.opcode == .slice {
      guard let whole = step.operands.first, let result = step.results.first else { continue }
      if !changed.contains(root(whole)) { slices.insert(result) }
    }
    return slices.subtracting(others)
  }

  mutating func bindBroadcast(_ view: StepView) throws(InputError) {
    let (x, y) = (view.operands[0], view.results[0])
    guard x.dtype == y.dtype, let strides = broadcastStrides(x, to: y.shape) else {
      throw view.failure(
        "the result", expected: "a shape \(x.description) stretches to", found: y.description)
    }
    emitCopy(y.shape, from: (x, strides, 0), to: (y, y.strides, 0))
  }

  mutating func bindPad(_ view: StepView) throws(InputError) {
    let (x, y) = (view.operands[0], view.results[0])
    let axis = try oneAxis(view, of: y)
    let start = try part(x, of: y, along: axis, view)
    let stride = y.strides[axis]
    let nothing = [Int](repeating: 0, count: y.shape.count)
    emitCopy(x.shape, from: (x, x.strides, 0), to: (y, y.strides, start * stride))
    let end = start + x.shape[axis]
    for (from, length) in [(0, start), (end, y.shape[axis] - end)] {
      var border = y.shape
      border[axis] = length
      emitCopy(border, from: (nil, nothing, 0), to: (y, y.strides, from * stride))
    }
  }

  mutating func bindEmbedding(_ view: StepView) {
    let (rows, d, count) = (view.match["V"], view.match["D"], view.match.rows)
    let (table, ids, y) = (view.operands[0].root, view.operands[1].root, view.results[0].root)
    func arguments(_ memory: BoundMemory) -> ck_embedding_f32_args {
      ck_embedding_f32_args(
        count: count, rows: rows, d: d, table: memory.f32(table), ids: memory.i32(ids),
        y: memory.f32(y))
    }
    if joinedResults.contains(view.results[0].index) {
      joinedEmbeddings[view.results[0].index] = .floats(
        reads: [table, ids], arguments: arguments)
    } else {
      emit(
        KernelCall(CK_EMBEDDING_F32, reads: [table, ids], writes: [y], arguments: arguments))
    }
  }

  mutating func bindKeepRows(_ view: StepView) throws(InputError) {
    let match = view.match
    let (batch, rows, kept, d) = (match["B"], match["S"], match["K"], match["D"])
    try view.check(
      kept <= rows, "the result", expected: "at most \(rows) rows",
      found: view.results[0].description)
    let (x, scores) = (view.operands[0].root, view.operands[1].root)
    let y = view.results[0].root
    emit(
      KernelCall(CK_KEEP_ROWS_F32, reads: [x, scores], writes: [y]) { memory in
        ck_keep_rows_f32_args(
          batch: batch, rows: rows, kept: kept, d: d, x: memory.f32(x),
          scores: memory.f32(scores), y: memory.f32(y))
      })
  }

  mutating func bindQuantizedEmbedding(_ view: StepView) {
    let (rows, d, count) = (view.match["V"], view.match["D"], view.match.rows)
    let (table, scales) = (view.operands[0].root, view.operands[1].root)
    let (ids, y) = (view.operands[2].root, view.results[0].root)
    func arguments(_ memory: BoundMemory) -> ck_embedding_s8_args {
      ck_embedding_s8_args(
        count: count, rows: rows, d: d,
        table: memory.addresses[table].assumingMemoryBound(to: Int8.self),
        table_scales: memory.f32(scales), ids: memory.i32(ids), y: memory.f32(y))
    }
    let reads = [table, scales, ids]
    if joinedResults.contains(view.results[0].index) {
      joinedEmbeddings[view.results[0].index] = .packed(reads: reads, arguments: arguments)
    } else {
      emit(KernelCall(CK_EMBEDDING_S8, reads: reads, writes: [y], arguments: arguments))
    }
  }

  mutating func bindEmbeddingGradient(_ view: StepView) {
    let (rows, d, count) = (view.match["V"], view.match["D"], view.match.rows)
    let (ids, dy, y) = (view.operands[0].root, view.operands[1].root, view.results[0].root)
    emit(
      KernelCall(CK_EMBEDDING_GRADIENT_F32, reads: [ids, dy], writes: [y]) { memory in
        ck_embedding_gradient_f32_args(
          count: count, rows: rows, d: d, ids: memory.i32(ids), dy: memory.f32(dy),
          table_gradient: memory.f32(y))
      })
  }

  /// Elements of a tensor by strides, from an offset; no tensor stands for zeros.
  private typealias Elements = (tensor: BoundTensor?, strides: [Int], offset: Int)

  /// A copy of `lengths` elements, apart from what other copies of the same step write; none when
  /// there are none.
  private mutating func emitCopy(
    _ lengths: [Int], from x: Elements, to y: (tensor: BoundTensor, strides: [Int], offset: Int)
  ) {
    if lengths.contains(0) { return }
    let axes = StridedAxes(lengths, [x.strides, y.strides])
    let (source, target) = (x.tensor?.root, y.tensor.root)
    let offsets = (x: x.offset, y: y.offset)
    emit(
      KernelCall(
        CK_COPY_F32, reads: source.map { [$0] } ?? [], writes: [target],
        isApartFromPrevious: calls.count > stepStart
      ) { memory in
        let from = source.map { UnsafePointer(memory.f32($0)) } ?? memory.zero
        return ck_copy_f32_args(
          rank: axes.lengths.count, lengths: rankArray(axes.lengths),
          x_strides: rankArray(axes.strides[0]), y_strides: rankArray(axes.strides[1]),
          x: from + offsets.x, y: memory.f32(target) + offsets.y)
      })
  }

  private func oneAxis(_ view: StepView, of tensor: BoundTensor) throws(InputError) -> Int {
    let axes = view.step.axes
    try view.check(
      axes.count == 1 && axes.allSatisfy(tensor.shape.indices.contains), "axes",
      expected: "one axis of \(tensor.description)", found: "\(axes)")
    return axes[0]
  }

  /// Where `part` starts in `whole`, from which it differs only in its length along `axis`.
  private func part(
    _ part: BoundTensor, of whole: BoundTensor, along axis: Int, _ view: StepView
  ) throws(InputError) -> Int {
    let start = try value(view.step.start, of: view, "start")
    var expected = whole.shape
    if expected.indices.contains(axis), part.shape.indices.contains(axis) {
      expected[axis] = part.shape[axis]
    }
    try view.check(
      part.shape == expected && part.dtype == whole.dtype
        && start + part.shape[axis] <= whole.shape[axis],
      "start \(start)", expected: "a part of \(whole.description) along axis \(axis)",
      found: part.description)
    return start
  }
}
