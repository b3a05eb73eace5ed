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
