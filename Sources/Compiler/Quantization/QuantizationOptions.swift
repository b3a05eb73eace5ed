/// How the projections of an int8 plan are quantized; `Calibrator` measures what is best.
package struct QuantizationOptions: Sendable, Equatable {
  /// What projections multiply, by the names of their weights; those not named, `.u7`.
  package var precisions: [String: ProjectionPrecision]
  /// How many blocks of four products with 7-bit activations are to fit an int16.
  package var groups: ProductGroups
  /// By the name of a norm's gamma and per channel, what its results are divided by, and the columns
  /// of the weights that read them multiplied; see ``SmoothNorms``.
  package var smoothing: [String: [Float]]
  /// By function, and by the names of their weights, the mean of the rows that projections multiply.
  ///
  /// Image rows and text rows have other means, and biases of their own. With them, what rounding the weights adds to the products on average is taken from the bias (Nagel
  /// and others, 2019).
  package var means: [String: [String: [Float]]]
  /// The weights of the function `step`.
  package var stepWeights: StepWeights
  /// What attention of images multiplies; with `.int8` steps read its keys and values as 16 bits.
  package var attention: Precision

  /// Options; the defaults are those of `gitc compile` without calibration.
  package init(
    precisions: [String: ProjectionPrecision] = [:], groups: ProductGroups = .chosen,
    smoothing: [String: [Float]] = [:], means: [String: [String: [Float]]] = [:],
    stepWeights: StepWeights = .int8, attention: Precision = .int8
  ) {
    if case .exactly(let count) = groups {
      precondition(count > 0 && count & (count - 1) == 0, "a power of two blocks")
    }
    self.precisions = precisions
    self.groups = groups
    self.smoothing = smoothing
    self.means = means
    self.stepWeights = stepWeights
    self.attention = attention
  }
}
