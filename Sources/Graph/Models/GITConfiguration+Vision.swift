extension GITConfiguration {
  /// The image encoder.
  ///
  /// Its JSON form is that of its sizes, with `"encoder": "coswin"` beside those of a CoSwin; without
  /// it they are a ViT's, as in files from before there was a choice.
  package enum Vision: Sendable, Equatable {
    case vit(ViT)
    case coswin(CoSwin)

    /// A ViT of these sizes.
    package init(
      imageSize: Int, patchSize: Int, width: Int, layers: Int, heads: Int, mlpWidth: Int
    ) {
      self = .vit(
        ViT(
          imageSize: imageSize, patchSize: patchSize, width: width, layers: layers, heads: heads,
          mlpWidth: mlpWidth))
    }

    /// Pixels per side; images are square.
    package var imageSize: Int {
      get {
        switch self {
        case .vit(let vit): vit.imageSize
        case .coswin(let coswin): coswin.imageSize
        }
      }
      set {
        switch self {
        case .vit(var vit):
          vit.imageSize = newValue
          self = .vit(vit)
        case .coswin(var coswin):
          coswin.imageSize = newValue
          self = .coswin(coswin)
        }
      }
    }

    /// Width of the features that the decoder is given.
    package var width: Int {
      switch self {
      case .vit(let vit): vit.width
      case .coswin(let coswin): coswin.stages.last?.width ?? 0
      }
    }

    /// Features of one image.
    package var tokens: Int {
      switch self {
      case .vit(let vit):
        let side = vit.imageSize / vit.patchSize
        return 1 + side * side
      case .coswin(let coswin):
        let side = coswin.stages.last?.side ?? 0
        return side * side
      }
    }
  }

  /// A CLIP ViT without its final projection: a class token and one token per whole patch.
  package struct ViT: Codable, Sendable, Equatable {
    /// Pixels per side; images are square.
    package var imageSize: Int
    /// Pixels per side of a patch; what is left over at the right and bottom is not seen.
    package var patchSize: Int
    package var width: Int
    package var layers: Int
    package var heads: Int
    package var mlpWidth: Int

    package init(
      imageSize: Int, patchSize: Int, width: Int, layers: Int, heads: Int, mlpWidth: Int
    ) {
      self.imageSize = imageSize
      self.patchSize = patchSize
      self.width = width
      self.layers = layers
      self.heads = heads
      self.mlpWidth = mlpWidth
    }
  }
}

extension GITConfiguration.Vision: Codable {
  private enum Encoder: String, Codable { case coswin }
  private enum Keys: CodingKey { case encoder }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    switch try container.decodeIfPresent(Encoder.self, forKey: .encoder) {
    case nil: self = .vit(try GITConfiguration.ViT(from: decoder))
    case .coswin: self = .coswin(try CoSwin(from: decoder))
    }
  }

  package func encode(to encoder: any Swift.Encoder) throws {
    switch self {
    case .vit(let vit): try vit.encode(to: encoder)
    case .coswin(let coswin):
      try coswin.encode(to: encoder)
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(Encoder.coswin, forKey: .encoder)
    }
  }
}
