package import CKernels
package import Diagnostics

/// The kernels of one instruction set cluster.
///
/// All sets return the same bits.
package struct KernelSet: Sendable {
  /// The cluster; an op without a variant for it runs the next lower one.
  package let isa: ISA

  /// The kernels for `isa`.
  ///
  /// - Throws: `InputError` of kind `.usage` when this CPU does not run `isa`, since users can name
  ///   one.
  package init(isa: ISA = .best) throws(InputError) {
    guard isa.isSupported else {
      throw InputError(
        .usage, "this CPU cannot run the kernels asked for",
        expected: ISA.allCases.filter(\.isSupported).map(\.rawValue).joined(separator: " or "),
        found: isa.rawValue, in: "the instruction set",
        advice: "leave it out to use \(ISA.best.rawValue)")
    }
    self.isa = isa
  }

  /// The kernel of one op.
  package func function(_ op: ck_op) -> ck_kernel { ck_kernel_for(op, isa.value) }
}
