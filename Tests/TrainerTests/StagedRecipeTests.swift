import Data
import Diagnostics
import Graph
import Testing

@testable import Trainer

@Suite("A recipe of stages") struct StagedRecipeTests {
  private static let yaml = """
    seed: 5
    batch_size: 4
    model: {preset: coswin-micro, dropout: 0}
    data: {train: [a.img.tsv], flip: true}
    optimizer: {learning_rate: 1e-3, warmup_steps: 7}
    stages:
      - {name: contrastive, keep: true, objective: contrastive, steps: 10, batch_size: 16}
      - name: captions
        steps: 20
        model: {dropout: 0.25}
        data: {train: [b.img.tsv, c.img.tsv]}
        optimizer: {learning_rate: 1e-4}
    """

  private func recipe(_ overrides: String...) throws -> StagedRecipe {
    try StagedRecipe(yaml: Self.yaml, overrides: overrides, place: "r.yaml")
  }

  private func error(_ yaml: String) throws -> InputError {
    try #require(throws: InputError.self) { _ = try StagedRecipe(yaml: yaml, place: "r.yaml") }
  }

  @Test("gives each stage what stands beside the list, but for what it says itself")
  func merges() throws {
    let stages = try recipe().stages
    #expect(stages.map(\.name) == ["contrastive", "captions"])
    #expect(stages.map(\.isKept) == [true, false])
    let recipes = stages.map(\.recipe)
    #expect(recipes.map(\.seed) == [5, 5])
    #expect(recipes.map(\.steps) == [10, 20])
    #expect(recipes.map(\.batchSize) == [16, 4])
    #expect(recipes.map(\.dropout) == [0, 0.25])
    #expect(recipes.map { $0.objective == .captions } == [false, true])
    #expect(recipes[0].configuration == recipes[1].configuration)
    #expect(recipes.map { $0.train.map(\.name) } == [["a.img.tsv"], ["b.img.tsv", "c.img.tsv"]])
    #expect(recipes.map(\.augmentation.flip) == [true, true])
    #expect(recipes.map(\.optimizer.learningRate) == [1e-3, 1e-4])
    #expect(recipes.map(\.optimizer.warmupSteps) == [7, 7])
  }

  @Test("lets --set change all stages, or one by its name")
  func overrides() throws {
    let recipes = try recipe(
      "optimizer.warmup_steps=3", "stages.captions.optimizer.warmup_steps=4",
      "stages.contrastive.steps=11"
    ).stages.map(\.recipe)
    #expect(recipes.map(\.optimizer.warmupSteps) == [3, 4])
    #expect(recipes.map(\.steps) == [11, 20])
    let error = try #require(throws: InputError.self) { try recipe("stages.last.steps=1") }
    #expect(error.kind == .usage)
  }

  @Test("leaves out a stage that is skipped, as if it were not there, but reads it")
  func skips() throws {
    let all = try recipe().stages
    #expect(try recipe("stages.contrastive.skip=true").stages == [all[1]])
    #expect(try recipe("stages.contrastive.skip=false").stages == all)
    for (overrides, what) in [
      (["stages.contrastive.skip=true", "stages.captions.skip=true"], "no stage is left"),
      (["stages.captions.skip=true"], "the last stage is kept anyway"),
      (
        ["stages.contrastive.skip=true", "stages.contrastive.steps=0"],
        "recipe key 'steps' cannot be used"
      ),
    ] {
      let error = try #require(throws: InputError.self) {
        try StagedRecipe(yaml: Self.yaml, overrides: overrides, place: "r.yaml")
      }
      #expect(error.what == what)
    }
  }

  @Test("of one stage needs no list")
  func single() throws {
    let yaml = "{steps: 2, batch_size: 3, data: {train: [a]}, optimizer: {learning_rate: 1}}"
    let recipe = try StagedRecipe(yaml: yaml, place: "r.yaml")
    #expect(recipe == StagedRecipe(try Recipe(yaml: yaml, place: "r.yaml")))
    #expect(recipe.prefix(0) == "")
  }

  @Test("keeps models beside the output, under the stage's name")
  func paths() throws {
    let recipe = try recipe()
    #expect(recipe.keptPath(0, output: "a/model.ckpt") == "a/model.contrastive.ckpt")
    #expect(recipe.keptPath(0, output: "a.b/model") == "a.b/model.contrastive")
  }

  @Test("refuses stages without names, kept last, and keys that are the whole recipe's")
  func refusals() throws {
    func of(_ stages: String) throws -> InputError {
      try error(
        """
        {steps: 2, batch_size: 3, data: {train: [a]}, optimizer: {learning_rate: 1},
         stages: [\(stages)]}
        """)
    }
    #expect(try of("{steps: 3}").place == "r.yaml, stages[0], name")
    #expect(try of("{name: a}, {name: a}").what == "stage has no name of its own")
    #expect(try of("{name: a/b}").found == "'a/b'")
    #expect(try of("{name: a}, {name: b, keep: true}").what == "the last stage is kept anyway")
    #expect(try of("{name: a, text: {vocabulary_size: 99}}").advice == "move it there")
    #expect(try of("{name: a, speed: 3}").what == "recipe key 'speed' is unknown")
    #expect(try of("").what == "recipe key 'stages' cannot be used")
  }
}
