/// Which parameters of a model came from a checkpoint.
package struct InitialParameters: Equatable, Sendable {
  /// The checkpoint.
  package var place: String
  package var taken: [String]
  /// Those the checkpoint does not have.
  package var fresh: [String]
  /// Those of the checkpoint that the model does not have.
  package var unused: [String]

  /// One line for people: numbers, and the parts of the model.
  package var summary: String {
    var text = "starting from \(place): \(Self.count(taken)) taken"
    if !fresh.isEmpty { text += "; \(Self.count(fresh)) fresh" }
    if !unused.isEmpty { text += "; \(Self.count(unused)) of the file not needed" }
    return text
  }

  /// "12 (git.encoder, output)".
  private static func count(_ names: [String]) -> String {
    var parts: [String] = []
    for name in names {
      let words = name.split(separator: ".")
      let part = words.prefix(words.first == "git" ? 2 : 1).joined(separator: ".")
      if !parts.contains(part) { parts.append(part) }
    }
    return "\(names.count) (\(parts.joined(separator: ", ")))"
  }
}
