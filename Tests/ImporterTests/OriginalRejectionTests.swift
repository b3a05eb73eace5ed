import Checkpoint
import Diagnostics
import Formats
import Foundation
import Importer
import Testing

/// Damaged and foreign folders of the original repository.
@Suite struct OriginalRejectionTests {
  @Test func missingFiles() throws {
    let copy = try FolderCopy(of: "original-image")
    try copy.remove("vocab.txt")
    copy.expectError(.noInput, "--vocabulary")
    // The file it names is taken.
    let vocabulary = ImportGolden.path("original-video") + "/vocab.txt"
    let checkpoint = try ModelImport.checkpoint(folder: copy.url.path, vocabulary: vocabulary)
    #expect(checkpoint.vocabulary.count == 37)
  }

  @Test func truncatedWeights() throws {
    let copy = try FolderCopy(of: "original-image")
    let bytes = [UInt8](try Data(contentsOf: copy.url.appending(path: "model.pt")))
    for share in [0.1, 0.5, 0.999] {
      try copy.write(Array(bytes.prefix(Int(share * Double(bytes.count)))), to: "model.pt")
      copy.expectError(.badData, "cut short", "model.pt")
    }
  }

  @Test(arguments: [
    ("test_crop_size: 0", "field test_crop_size"), ("test_crop_size: many", "'many'"),
    ("image_encoder_type: swin", "CLIPViT_B_16 or CLIPViT_L_14"),
    ("beam_size: 4", "field beam_size"),
    ("- 1", "no mapping"), ("a: [1]", "a list or section"), ("a: b: c", "not a parameter.yaml"),
  ])
  func parameters(_ yaml: String, _ says: String) throws {
    let copy = try FolderCopy(of: "original-image")
    try copy.write(Array((yaml + "\n").utf8), to: "parameter.yaml")
    copy.expectError(.badData, says, "parameter.yaml")
  }

  @Test func parametersOfAnotherModel() throws {
    let copy = try FolderCopy(of: "original-image")
    try copy.write(
      Array("test_crop_size: 16\nvisual_feature_size: 1024\n".utf8), to: "parameter.yaml")
    copy.expectError(.badData, "visual_feature_size 64", "1024")
    // Without the file the image is GIT_BASE's, which the positions are not made for.
    try copy.remove("parameter.yaml")
    copy.expectError(
      .badData, "1 differences",
      "'image_encoder.positional_embedding' has shape [5, 64] instead of [785, 64]")
    try copy.write(
      Array("num_image_with_embedding: 3\ntest_crop_size: 16\n".utf8), to: "parameter.yaml")
    copy.expectError(.badData, "3 differences", "'img_temperal_embedding.0' [1, 1, 64] is missing")
  }

  /// A width that has two heads of 64 columns, a missing third of a fused tensor, a layer in between.
  @Test func tensorsAreComparedUnderTheirOwnNames() throws {
    let copy = try FolderCopy(of: "original-image")
    let tensors: [(name: String, value: [UInt8])] = [
      ("image_encoder.ln_pre.weight", Pickle.tensor("0", count: 128, shape: [128], strides: [1])),
      (
        "module.module.image_encoder.transformer.resblocks.1.attn.in_proj_bias",
        Pickle.tensor("1", count: 256, shape: [256], strides: [1])
      ),
      ("image_encoder.proj", Pickle.tensor("1", count: 256, shape: [256], strides: [1])),
      (
        "optimizer.step",
        Pickle.tensor("2", count: 1, shape: [1], strides: [1], type: "LongStorage")
      ),
      (
        "textual.output.bias",
        Pickle.tensor("3", count: 8, shape: [8], strides: [1], type: "LongStorage")
      ),
    ]
    let zip = ZipBuilder(entries: [
      .init(name: "a/data.pkl", bytes: Pickle.file(tensors)),
      .init(name: "a/data/0", bytes: [UInt8](repeating: 0, count: 512)),
      .init(name: "a/data/1", bytes: [UInt8](repeating: 0, count: 1024)),
      .init(name: "a/data/2", bytes: [UInt8](repeating: 0, count: 8)),
      .init(name: "a/data/3", bytes: [UInt8](repeating: 0, count: 64)),
    ])
    try copy.write(zip.bytes, to: "model.pt")
    copy.expectError(
      .badData, "'image_encoder.ln_pre.bias' [128] is missing",
      "'image_encoder.transformer.resblocks.1.attn.in_proj_bias' has shape [256] instead of [384]",
      "'image_encoder.transformer.resblocks.0.attn.in_proj_weight' [384, 128] is missing",
      "'textual.output.bias' holds I64", "'optimizer.step' is no parameter")
  }
}
