/// How square patches lie on a map: the kernel, stride and padding of a convolution.
package struct PatchForm: Hashable, Sendable {
  /// Elements per side of a patch.
  package var size: Int
  /// Elements from one patch to the next, down and across.
  package var stride: Int
  /// Zeros around the map, fewer than `size` on each side.
  package var padding: Int
  /// The map is [B, H, W, C] and a patch (row, column, channel); else [B, C, H, W] and (channel,
  /// row, column).
  package var channelsLast: Bool

  /// Patches side by side unless `stride` says otherwise.
  package init(size: Int, stride: Int? = nil, padding: Int = 0, channelsLast: Bool = false) {
    self.size = size
    self.stride = stride ?? size
    self.padding = padding
    self.channelsLast = channelsLast
  }

  /// What is left out has the value of patches side by side, as in files before there was a stride.
  fileprivate init(_ a: Attributes) throws(GraphError) {
    self.init(
      size: try a.int("size"), stride: a["stride"] == nil ? nil : try a.int("stride"),
      padding: a["padding"] == nil ? 0 : try a.int("padding"),
      channelsLast: a["channels_last"] == nil ? false : try a.bool("channels_last"))
  }

  fileprivate var attributes: Attributes {
    [
      "size": .int(size), "stride": .int(stride), "padding": .int(padding),
      "channels_last": .flag(channelsLast),
    ]
  }

  /// How many patches stand along an axis of `length`; what is left over at its end is not seen.
  ///
  /// - Precondition: with its padding the axis is at least `size` long.
  package func count(along length: Int) -> Int { (length + 2 * padding - size) / stride + 1 }

  /// The same for a length that may hang on symbols; nil where no patch fits, or it cannot be told.
  fileprivate func count(along side: Dimension) -> Dimension? {
    if let length = side.constant {
      return fits(height: length, width: length) ? Dimension(count(along: length)) : nil
    }
    guard size > 0, stride == size, padding == 0,
      side.terms.allSatisfy({ $0.coefficient.isMultiple(of: size) })
    else { return nil }
    return side.divided(by: size)
  }

  /// The axes of height, width and channels.
  fileprivate var axes: (height: Int, width: Int, channels: Int) {
    channelsLast ? (1, 2, 3) : (2, 3, 1)
  }

  /// Whether a patch fits on a map of these sides.
  ///
  /// Padding beyond the map's own size has no use; without it sizes stay within 64 bits.
  fileprivate func fits(height: Int, width: Int) -> Bool {
    let side = min(height, width)
    return size > 0 && stride > 0 && padding >= 0 && padding < size && padding <= side
      && side + 2 * padding >= size
  }
}

/// Square patches of a map, each flattened: unfold, or im2col.
///
/// A convolution is this followed by a matrix product. Padding is with zeros.
///
/// - Input: `x` f32[B, C, H, W] or, with `channelsLast`, f32[B, H, W, C]; H and W constant, or, where
///   patches lie side by side, polynomials that `size` divides.
/// - Result: f32[B, P, C·size²], the P = count(H)·count(W) patches row by row.
package struct Patches: OpDefinition {
  package static let mnemonic = "patches"
  package var form: PatchForm

  package init(_ form: PatchForm) { self.form = form }

  package init(_ a: Attributes) throws(GraphError) { self.init(try PatchForm(a)) }

  package var attributes: Attributes { form.attributes }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    try check.rank(inputs[0], 4, "x")
    let (shape, axes) = (inputs[0].shape, form.axes)
    guard let down = form.count(along: shape[axes.height]),
      let across = form.count(along: shape[axes.width])
    else {
      throw check.fail(
        "expected x of constant sides that hold a patch of \(form.size) by \(form.stride),"
          + " padding \(form.padding), found \(inputs[0])")
    }
    return [
      .f32([shape[0], down * across, shape[axes.channels] * Dimension(form.size * form.size)])
    ]
  }
}

/// The derivative of `patches`: each element of the map takes the sum over the patches it is in
/// (fold, or col2im).
///
/// - Input: `dy` f32[B, P, C·size²], P as `patches` gives for `height` and `width`.
/// - Result: f32[B, C, height, width] or, with `channelsLast`, f32[B, height, width, C].
package struct PatchesGradient: OpDefinition {
  package static let mnemonic = "patches_gradient"
  private static let sides = 1...(1 << 20)
  package var form: PatchForm
  package var height: Int
  package var width: Int

  /// The derivative of patches of `form` of a map of the shape `map`, whose sides are constant.
  package init(_ form: PatchForm, of map: Shape) {
    self.form = form
    height = map[form.axes.height].constant ?? 0
    width = map[form.axes.width].constant ?? 0
  }

  package init(_ a: Attributes) throws(GraphError) {
    form = try PatchForm(a)
    height = try a.int("height")
    width = try a.int("width")
  }

  package var attributes: Attributes {
    form.attributes.merging(["height": .int(height), "width": .int(width)]) { $1 }
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "dy")
    try check.rank(inputs[0], 3, "dy")
    let shape = inputs[0].shape
    guard Self.sides.contains(height), Self.sides.contains(width),
      form.fits(height: height, width: width),
      shape[1] == Dimension(form.count(along: height) * form.count(along: width)),
      let values = shape[2].constant, values % (form.size * form.size) == 0
    else {
      throw check.fail(
        "\(inputs[0]) are not the patches of \(form.size) by \(form.stride), padding"
          + " \(form.padding), of a map of \(height) by \(width)")
    }
    let channels = Dimension(values / (form.size * form.size))
    let sides = [Dimension(height), Dimension(width)]
    return [
      .f32(form.channelsLast ? [shape[0]] + sides + [channels] : [shape[0], channels] + sides)
    ]
  }
}
