extension Scene {
  /// The one caption of this scene, lower case.
  ///
  ///     caption := sized
  ///              | sized ("left of" | "above" | "on" | "behind") sized
  ///              | plain "," plain "and" plain
  ///              | sized ("moves" direction | "stays")
  ///              | plain ("grows" | "shrinks")
  ///              | sized "moves" direction ("behind" | "in front of") sized
  ///     sized   := "a" size color shape
  ///     plain   := ("a" | "an") color shape
  package var caption: String {
    let names = objects.map(\.name)
    switch story {
    case .one: return names[0]
    case .pair(let relation): return "\(names[0]) \(relation.rawValue) \(names[1])"
    case .row: return "\(names[0]), \(names[1]) and \(names[2])"
    case .motion(let motion): return "\(names[0]) \(motion.rawValue)"
    case .passing(let motion, let inFront):
      return "\(names[0]) \(motion.rawValue) \(inFront ? "in front of" : "behind") \(names[1])"
    }
  }
}

extension SceneObject {
  /// The object with its article: "a small red circle", "an orange star".
  var name: String {
    if let size { return "a \(size.rawValue) \(pair.words)" }
    return "\(pair.article) \(pair.words)"
  }
}

extension ScenePair {
  /// Colour and shape as captions name them: "red circle".
  package var words: String { "\(color.rawValue) \(shape.rawValue)" }

  /// The article before the colour.
  var article: String { color == .orange ? "an" : "a" }
}
