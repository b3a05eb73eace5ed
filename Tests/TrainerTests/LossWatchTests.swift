import Testing

@testable import Trainer

@Suite("A watch on the loss") struct LossWatchTests {
  @Test("tells a spike once the usual loss is known, for each data set by itself")
  func spike() {
    var watch = LossWatch(sources: 2, factor: 4)
    for _ in 0..<LossWatch.window {
      #expect(watch.add(0.5, source: 0) == nil)
      #expect(watch.add(3, source: 1) == nil)
    }
    let before = watch
    #expect(watch.add(4.1, source: 0) == 0.5)
    #expect(watch == before, "a spike is no part of what is usual")
    #expect(watch.add(4, source: 0) == nil, "4 · 0.5 + 2")
    #expect(watch.add(13, source: 1) == nil)
    #expect(watch.add(15.3, source: 1) != nil)
  }

  @Test("says nothing while the loss falls, nor before it knows, nor when switched off")
  func quiet() {
    var falling = LossWatch(sources: 1, factor: 4)
    for step in 0..<500 { #expect(falling.add(10 / Float(1 + step), source: 0) == nil) }
    var fresh = LossWatch(sources: 1, factor: 4)
    for _ in 1..<LossWatch.window { #expect(fresh.add(1, source: 0) == nil) }
    #expect(fresh.add(100, source: 0) == nil)
    var off = LossWatch(sources: 1, factor: 0)
    for loss in [Float](repeating: 0.1, count: 100) + [1e6] {
      #expect(off.add(loss, source: 0) == nil)
    }
  }
}

@Suite("The fields of a recipe") struct RecipeFieldsTests {
  private func recipe(_ overrides: String...) throws -> StagedRecipe {
    try StagedRecipe(
      yaml:
        "{seed: 1, steps: 2, batch_size: 3, data: {train: [a.img.tsv]}, optimizer: {learning_rate: 1}}",
      overrides: overrides, place: "test")
  }

  @Test("have the names of the recipe's keys, and leave out what a resumed run may change")
  func names() throws {
    let fields = RecipeFields.of(try recipe())
    #expect(fields["batch_size"] == "3")
    #expect(fields["optimizer.learning_rate"] == "1.0")
    #expect(fields["train[0].location.path"] == "a.img.tsv")
    #expect(fields["train[0].location.split"] == "none")
    #expect(fields["configuration.vision.vit.heads"] != nil)
    #expect(fields["augmentation.crop_scale"] == "none")
    #expect(fields["steps"] == "2" && fields["validation_interval"] == nil)
  }

  @Test(
    "differ where a setting does",
    arguments: [
      "seed=2", "batch_size=4", "optimizer.beta1=0.8", "data.flip=true", "model.vision_heads=2",
      "loss.smoothing_form=uniform", "loss.spike=9", "text.vocabulary_size=99",
    ])
  func difference(override: String) throws {
    let (old, new) = (RecipeFields.of(try recipe()), RecipeFields.of(try recipe(override)))
    #expect(RecipeFields.difference(old, new, ignoring: []) != nil)
    #expect(RecipeFields.difference(old, old, ignoring: []) == nil)
    // A state of an older release lacks a field.
    #expect(RecipeFields.difference([:], new, ignoring: []) == nil)
    // A run may become longer or shorter, but not the stages that are over.
    let longer = try recipe("steps=9")
    #expect(
      RecipeFields.difference(
        old, RecipeFields.of(longer), ignoring: RecipeFields.lengths(of: longer, from: 0)) == nil)
    #expect(
      RecipeFields.difference(
        old, RecipeFields.of(longer), ignoring: RecipeFields.lengths(of: longer, from: 1)) != nil)
  }
}
