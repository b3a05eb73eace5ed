/// What decides a run, field by field, as text: what a resumed run is held against.
///
/// Every stored property of a recipe takes part but those that only say how often it is looked at or how it
/// is written: a new setting is checked without being listed anywhere.
enum RecipeFields {
  private static let free: Set<String> = [
    "recompute", "half_precision", "validation_interval", "validation_limit", "validation",
  ]

  /// Values by name, such as `optimizer.learning_rate` or `stages.captions.steps`.
  static func of(_ recipe: StagedRecipe) -> [String: String] {
    var fields: [String: String] = [:]
    for (index, stage) in recipe.stages.enumerated() {
      for child in Mirror(reflecting: stage.recipe).children {
        let name = snakeCase(child.label ?? "")
        if !free.contains(name) { add(child.value, recipe.prefix(index) + name, to: &fields) }
      }
    }
    return fields
  }

  /// The fields that say how long the stages from `stage` on are.
  static func lengths(of recipe: StagedRecipe, from stage: Int) -> Set<String> {
    Set(recipe.stages.indices[stage...].map { recipe.prefix($0) + "steps" })
  }

  /// The first field, by name, in which two differ; those that only one of them has do not count.
  static func difference(
    _ saved: [String: String], _ now: [String: String], ignoring free: Set<String>
  ) -> (name: String, saved: String, now: String)? {
    for (name, value) in saved.sorted(by: { $0.key < $1.key }) where !free.contains(name) {
      if let other = now[name], other != value { return (name, value, other) }
    }
    return nil
  }

  private static func add(_ value: Any, _ name: String, to fields: inout [String: String]) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .struct where !mirror.children.isEmpty, .enum where !mirror.children.isEmpty:
      for child in mirror.children {
        add(child.value, "\(name).\(snakeCase(child.label ?? ""))", to: &fields)
      }
    case .collection:
      fields["\(name).count"] = "\(mirror.children.count)"
      for (index, child) in mirror.children.enumerated() {
        add(child.value, "\(name)[\(index)]", to: &fields)
      }
    case .optional:
      if let some = mirror.children.first {
        add(some.value, name, to: &fields)
      } else {
        fields[name] = "none"
      }
    default: fields[name] = "\(value)"
    }
  }

  private static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, character in
      text += character.isUppercase ? "_\(character.lowercased())" : String(character)
    }
  }
}
