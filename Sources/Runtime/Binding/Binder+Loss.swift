import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindCrossEntropy(_ view: StepView) throws(InputError) {
    let (rows, v) = (view.match.rows, view.match["V"])
    let (form, amount) = try smoothing(of: view)
    let scratch = try scratch(floats: rows, for: view)
    let (logits, labels) = (view.operands[0].root, view.operands[1].root)
    let loss = view.results[0].root
    emit(
      KernelCall(
        CK_CROSS_ENTROPY_F32, reads: [logits, labels], writes: [loss, scratch]
      ) { memory in
        ck_cross_entropy_f32_args(
          rows: rows, v: v, form: form, amount: amount, logits: memory.f32(logits),
          labels: memory.i32(labels), loss: memory.f32(loss), scratch: memory.f32(scratch))
      })
  }

  mutating func bindCrossEntropyGradient(_ view: StepView) throws(InputError) {
    let (rows, v) = (view.match.rows, view.match["V"])
    let (form, amount) = try smoothing(of: view)
    let operands = view.operands.map(\.root)
    let result = view.results[0].root
    emit(
      KernelCall(CK_CROSS_ENTROPY_GRADIENT_F32, reads: operands, writes: [result]) { memory in
        ck_cross_entropy_gradient_f32_args(
          rows: rows, v: v, form: form, amount: amount, logits: memory.f32(operands[0]),
          labels: memory.i32(operands[1]), dloss: memory.f32(operands[2]),
          dlogits: memory.f32(result))
      })
  }

  private func smoothing(of view: StepView) throws(InputError) -> (ck_smoothing, Float) {
    let amount = view.step.value
    try view.check(
      amount >= 0 && amount < 1 && view.match["V"] >= 1,
      "smoothing over \(view.match["V"]) columns",
      expected: "an amount in [0, 1), 1 column or more", found: "\(amount)")
    switch view.step.smoothing {
    case .kl: return (CK_SMOOTHING_KL, amount)
    case .uniform: return (CK_SMOOTHING_UNIFORM, amount)
    }
  }
}
