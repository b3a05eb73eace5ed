import Graph

/// What the original repository calls a parameter.
///
/// Its encoder has query, key and value in one tensor, in this order; its decoder has not.
enum OriginalNames {
  private static let prefixes = [
    ("git.image_encoder.vision_model.embeddings.", "image_encoder."),
    ("git.image_encoder.vision_model.pre_layrnorm.", "image_encoder.ln_pre."),
    ("git.image_encoder.vision_model.post_layernorm.", "image_encoder.ln_post."),
    ("git.image_encoder.vision_model.encoder.layers.", "image_encoder.transformer.resblocks."),
    ("git.visual_projection.", "textual."),
    ("git.embeddings.", "textual.embedding."),
    ("git.encoder.", "textual.transformer.encoder."),
    ("git.img_temporal_embedding.", "img_temperal_embedding."),
    ("output.", "textual.output."),
  ]

  /// The rest of names of the image encoder.
  private static let imageParts = [
    ("patch_embedding.weight", "conv1.weight"),
    ("position_embedding.weight", "positional_embedding"),
    (".self_attn.out_proj.", ".attn.out_proj."), (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."), (".mlp.fc1.", ".mlp.c_fc."), (".mlp.fc2.", ".mlp.c_proj."),
  ]

  /// The rest of names of the text embedding.
  private static let textParts = [
    ("word_embeddings.", "words."), ("position_embeddings.", "positions."),
    ("LayerNorm.", "layer_norm."),
  ]

  /// Which tensor, and which third of it, fills a parameter.
  static func origin(_ parameter: String) -> SourceTensors.Origin {
    guard let (ours, theirs) = prefixes.first(where: { parameter.hasPrefix($0.0) }) else {
      preconditionFailure("'\(parameter)' is no parameter of GIT")
    }
    let rest = String(parameter.dropFirst(ours.count))
    switch theirs {
    case let theirs where theirs.hasPrefix("image_encoder."):
      for (part, letter) in ["q", "k", "v"].enumerated() {
        for kind in ["weight", "bias"] {
          let fused = rest.replacing(
            ".self_attn.\(letter)_proj.\(kind)", with: ".attn.in_proj_\(kind)")
          if fused != rest { return .init(name: theirs + fused, part: part, parts: 3) }
        }
      }
      return .init(name: theirs + renamed(rest, imageParts))
    case "textual.embedding.": return .init(name: theirs + renamed(rest, textParts))
    default: return .init(name: theirs + rest)
    }
  }

  private static func renamed(_ name: String, _ parts: [(String, String)]) -> String {
    parts.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }
}
