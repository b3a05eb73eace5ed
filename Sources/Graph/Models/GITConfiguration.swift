package import Diagnostics

/// The sizes and constants of one GIT model: everything its graph depends on.
///
/// Its JSON form, with these property names, is part of a checkpoint.
/// - Source: Wang et al. 2022 (GIT); the constants are those of the released models.
package struct GITConfiguration: Codable, Sendable, Equatable {
  /// The decoder, which reads image tokens and text as one sequence.
  package struct Text: Codable, Sendable, Equatable {
    package var width: Int
    package var layers: Int
    package var heads: Int
    package var mlpWidth: Int
    package var vocabularySize: Int
    /// Rows of the position table: the most text tokens, [CLS] included.
    package var maximumTextLength: Int

    package init(
      width: Int, layers: Int, heads: Int, mlpWidth: Int, vocabularySize: Int,
      maximumTextLength: Int
    ) {
      self.width = width
      self.layers = layers
      self.heads = heads
      self.mlpWidth = mlpWidth
      self.vocabularySize = vocabularySize
      self.maximumTextLength = maximumTextLength
    }
  }

  /// The ε of each group of layer norms.
  ///
  /// They differ, and exchanging them changes tokens.
  package struct Epsilons: Codable, Sendable, Equatable {
    package var vision: Float
    package var projection: Float
    package var decoder: Float
    /// 1e-12 in the port whose files are imported; the original repository has 1e-8.
    package var textEmbedding: Float

    package init(
      vision: Float = 1e-5, projection: Float = 1e-5, decoder: Float = 1e-12,
      textEmbedding: Float = 1e-12
    ) {
      self.vision = vision
      self.projection = projection
      self.decoder = decoder
      self.textEmbedding = textEmbedding
    }
  }

  package var vision: Vision
  package var text: Text
  /// Temporal embeddings, so the most frames of a clip; 0 for a model of images alone, whose
  /// frames are put in a row without telling them apart.
  package var frames: Int
  package var epsilons: Epsilons
  /// The output layer multiplies by the word table instead of a table of its own.
  package var tiedHead: Bool

  package init(
    vision: Vision, text: Text, frames: Int = 0, epsilons: Epsilons = Epsilons(),
    tiedHead: Bool = false
  ) {
    self.vision = vision
    self.text = text
    self.frames = frames
    self.epsilons = epsilons
    self.tiedHead = tiedHead
  }

  /// Image tokens of one frame.
  package var tokensPerFrame: Int { vision.tokens }
}

extension GITConfiguration {
  /// This configuration, when a graph can be built from it.
  ///
  /// - Parameter place: the file it came from, for the message.
  /// - Returns: the same configuration.
  /// - Throws: `InputError` naming the first field out of range. The upper limits are far above any
  ///   known model; they keep sizes derived from a damaged file within integer range.
  package func validated(place: String) throws(InputError) -> GITConfiguration {
    func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(InputError) {
      guard range.contains(value) else {
        throw invalid(field, "\(range.lowerBound) to \(range.upperBound)", "\(value)", place)
      }
    }
    try check("text.vocabularySize", text.vocabularySize, 2...(1 << 24))
    try check("text.maximumTextLength", text.maximumTextLength, 1...(1 << 20))
    try check("frames", frames, 0...4096)
    func checkTransformer(
      _ name: String, width: Int, layers: Int, heads: Int, mlpWidth: Int
    ) throws(InputError) {
      try check("\(name).width", width, 1...65536)
      try check("\(name).layers", layers, 1...1024)
      try check("\(name).heads", heads, 1...width)
      try check("\(name).mlpWidth", mlpWidth, 1...(1 << 20))
      guard width % heads == 0 else {
        throw invalid("\(name).heads", "a divisor of the width \(width)", "\(heads)", place)
      }
    }
    switch vision {
    case .vit(let vit):
      try check("vision.imageSize", vit.imageSize, 1...16384)
      try check("vision.patchSize", vit.patchSize, 1...vit.imageSize)
      try checkTransformer(
        "vision", width: vit.width, layers: vit.layers, heads: vit.heads, mlpWidth: vit.mlpWidth)
    case .coswin(let coswin):
      try coswin.validate { invalid("vision.\($0)", $1, $2, place) }
    }
    try checkTransformer(
      "text", width: text.width, layers: text.layers, heads: text.heads, mlpWidth: text.mlpWidth)
    for (name, value) in [
      ("vision", epsilons.vision), ("projection", epsilons.projection),
      ("decoder", epsilons.decoder), ("textEmbedding", epsilons.textEmbedding),
    ] where !(value > 0 && value < 1) {
      throw invalid("epsilons.\(name)", "a number between 0 and 1", "\(value)", place)
    }
    return self
  }

  private func invalid(
    _ field: String, _ expected: String, _ found: String, _ place: String
  ) -> InputError {
    InputError(
      .badData, "model configuration is not usable", expected: expected, found: found,
      in: "\(place), field \(field)", advice: "correct the field or make the file again")
  }
}
