import Diagnostics
package import Formats

/// Where the weights of bound functions lie, and what is proven of them.
package struct WeightMemory {
  let table: [PlanWeight]
  /// Entry i of the table lies at `base + table[i].offset`.
  let base: UnsafeRawPointer
  /// The plan that proves what it says of its weights; nil for weights that change.
  private let plan: LoadedPlan?

  /// The weights of a plan, which must outlive the functions.
  package init(_ plan: LoadedPlan) {
    // An empty segment has no address, and no weight that would need one.
    let base = plan.weights.baseAddress ?? UnsafeRawPointer(bitPattern: 64)
    guard let base else { preconditionFailure("64 is an address") }
    self.base = base
    self.plan = plan
    table = plan.plan.weights
  }

  /// Weights in the caller's memory, such as those being trained: nothing is proven of them.
  package init(table: [PlanWeight], base: UnsafeRawPointer) {
    self.table = table
    self.base = base
    plan = nil
  }

  /// Bounds of ``PartialSums`` that packed weight `index` keeps.
  ///
  /// - Throws: `.badData` when the weight is not what its plan says.
  func partialSums(ofWeight index: Int) throws(InputError) -> [Int] {
    try plan?.partialSums(ofWeight: index) ?? PartialSums.ofAnyWeights
  }
}
