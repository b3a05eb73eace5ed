package import Diagnostics

/// What a recipe file holds: one stage or several, each with settings of its own, that train one model after
/// the other, each starting from the one before.
package struct StagedRecipe: Sendable, Equatable {
  package struct Stage: Sendable, Equatable {
    /// Empty in a recipe that does not divide itself.
    package var name: String
    /// Whether the model at the end of the stage is written to a file of its own.
    package var isKept: Bool
    package var recipe: Recipe
  }

  /// One or more.
  package private(set) var stages: [Stage]

  /// A recipe of one stage.
  package init(_ recipe: Recipe) { stages = [Stage(name: "", isKept: false, recipe: recipe)] }

  /// Reads a recipe file and applies `--set` overrides.
  ///
  /// - Throws: `.noInput` for a missing file, `.badData` or `.usage` naming the key otherwise. Paths
  ///   of data are relative to the current folder, as typed.
  package static func read(
    path: String, overrides: [String] = []
  ) throws(InputError) -> StagedRecipe {
    try StagedRecipe(yaml: Recipe.text(path: path), overrides: overrides, place: path)
  }

  /// Reads a recipe from text; `place` names it in errors.
  ///
  /// What stands beside the list `stages` holds for every stage that does not say otherwise, section by
  /// section and key by key. A stage with `skip: true` is as if it were not there.
  package init(yaml: String, overrides: [String] = [], place: String) throws(InputError) {
    let root = try RecipeReader(yaml: yaml, overrides: overrides, place: place)
    var stages: [Stage] = []
    var names: Set<String> = []
    for reader in try root.stages() {
      let name = try reader.string("name")
      let isKept = try reader.bool("keep", false)
      let isSkipped = try reader.bool("skip", false)
      guard !name.isEmpty, !name.contains(where: { "./\\ ".contains($0) }),
        names.insert(name).inserted
      else {
        throw InputError(
          .badData, "stage has no name of its own",
          expected: "a name without dots, slashes or spaces", found: "'\(name)'", in: reader.place,
          advice: "name every stage otherwise")
      }
      // Read all the same: what is wrong in it is wrong in the recipe.
      let stage = Stage(name: name, isKept: isKept, recipe: try Recipe(reader))
      if !isSkipped { stages.append(stage) }
    }
    guard names.isEmpty || !stages.isEmpty else {
      throw InputError(
        .badData, "no stage is left", expected: "one without 'skip'",
        found: "skip: true in all \(names.count)", in: place, advice: "train one stage at least")
    }
    if stages.isEmpty { stages = [Stage(name: "", isKept: false, recipe: try Recipe(root))] }
    self.stages = stages
    guard stages.last?.isKept != true else {
      throw InputError(
        .badData, "the last stage is kept anyway", expected: "no 'keep'", found: "keep: true",
        in: place, advice: "remove it; the last stage's model is the output")
    }
  }

  /// Steps of the stages before `stage`, or of all where it is their count.
  func stepsBefore(_ stage: Int) -> Int { stages[..<stage].reduce(0) { $0 + $1.recipe.steps } }

  /// What names of a stage's fields begin with: "stages.captions.", or nothing for the only one.
  func prefix(_ stage: Int) -> String {
    stages[stage].name.isEmpty ? "" : "stages.\(stages[stage].name)."
  }

  /// Where the model of a stage that is kept goes: "model.contrastive.ckpt" beside "model.ckpt".
  func keptPath(_ stage: Int, output: String) -> String {
    let name = stages[stage].name
    guard let dot = output.lastIndex(of: "."), !output[dot...].contains("/"),
      dot != output.startIndex
    else { return "\(output).\(name)" }
    return "\(output[..<dot]).\(name)\(output[dot...])"
  }
}
