extension GITConfiguration {
  /// A model small enough to train on a desktop and to ship with the project: 4.3 M parameters
  /// with 200 words, 17 MB in fp32.
  ///
  /// 96-pixel images in 37 tokens. Heads of 32 columns: six views of the image instead of three
  /// suit a narrow model that must tell positions of several objects apart. `frames` is the most
  /// frames of a clip; a photo is a clip of one frame.
  package static func gitMicro(vocabularySize: Int, frames: Int = 6) -> GITConfiguration {
    GITConfiguration(
      vision: Vision(
        imageSize: 96, patchSize: 16, width: 192, layers: 6, heads: 6, mlpWidth: 768),
      text: Text(
        width: 192, layers: 3, heads: 6, mlpWidth: 768, vocabularySize: vocabularySize,
        maximumTextLength: 64),
      frames: frames)
  }

  /// A CoSwin for photos of 32 pixels, and a decoder of one layer: 1.6 M parameters with 64 words.
  ///
  /// The stem halves the side instead of quartering it: maps of 16, 8 and 4 tokens a side, windows of
  /// 4, and 16 image tokens.
  package static func coswinMicro(vocabularySize: Int) -> GITConfiguration {
    GITConfiguration(
      vision: .coswin(
        CoSwin(
          imageSize: 32, stem: .init(size: 3, stride: 2, padding: 1), width: 48,
          depths: [2, 2, 2], heads: [3, 6, 12], window: 4)),
      text: Text(
        width: 128, layers: 1, heads: 4, mlpWidth: 512, vocabularySize: vocabularySize,
        maximumTextLength: 32))
  }

  /// Florence's small version, 224 pixels, images: the blocks of Swin-T, 49 image tokens, and the
  /// decoder of GIT_B.
  package static let coswinTiny = GITConfiguration(
    vision: .coswin(
      CoSwin(imageSize: 224, width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24], window: 7)),
    text: releasedText)

  /// GIT_B, 224 pixels, images: CLIP ViT-B/16 and a decoder of 6 layers.
  ///
  /// The released fine-tuned models differ in `vision.imageSize` (480 for questions) and `frames`
  /// (6 for clips).
  package static let gitBase = GITConfiguration(
    vision: Vision(
      imageSize: 224, patchSize: 16, width: 768, layers: 12, heads: 12, mlpWidth: 3072),
    text: releasedText)

  /// GIT_L, 224 pixels, images: CLIP ViT-L/14 and the decoder of GIT_B.
  ///
  /// The released fine-tuned models differ in `vision.imageSize` (420 for questions) and `frames`
  /// (6 for clips).
  package static let gitLarge = GITConfiguration(
    vision: Vision(
      imageSize: 224, patchSize: 14, width: 1024, layers: 24, heads: 16, mlpWidth: 4096),
    text: releasedText)

  /// The decoder both released sizes have, over the vocabulary of bert-base-uncased.
  private static let releasedText = Text(
    width: 768, layers: 6, heads: 12, mlpWidth: 3072, vocabularySize: 30522,
    maximumTextLength: 1024)
}
