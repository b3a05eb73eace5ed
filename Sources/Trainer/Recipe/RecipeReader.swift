import Diagnostics
import Yams

/// Reads one mapping of a recipe key by key; `finish` rejects the keys nobody asked for, so that a
/// misspelt setting is an error and not a default.
final class RecipeReader {
  private let mapping: Yams.Node.Mapping
  /// Where this mapping stands: "recipe.yaml" or "recipe.yaml, data.train[0]".
  let place: String
  private var known: [String] = []

  private init(_ node: Yams.Node, place: String) throws(InputError) {
    guard case .mapping(let mapping) = node else {
      throw InputError(
        .badData, "recipe section is no mapping", expected: "key: value lines",
        found: node.string ?? "a list", in: place, advice: "write the section as in recipes/")
    }
    self.mapping = mapping
    self.place = place
  }

  /// Parses YAML text and applies `--set` overrides such as `optimizer.learning_rate=1e-3`.
  convenience init(yaml: String, overrides: [String], place: String) throws(InputError) {
    var root: Yams.Node
    do {
      root = try Yams.compose(yaml: yaml) ?? Yams.Node([(Yams.Node, Yams.Node)]())
    } catch {
      throw InputError(
        .badData, "recipe is not YAML", expected: "key: value lines", found: "\(error)", in: place,
        advice: "mend the line named")
    }
    for override in overrides {
      guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
        throw InputError(
          .usage, "--set has no '='", expected: "key=value", found: override, in: "--set",
          advice: "write for example --set optimizer.learning_rate=1e-3")
      }
      let keys = override[..<equals].split(separator: ".").map(String.init)
      let value = Yams.Node(String(override[override.index(after: equals)...]))
      root = try Self.setting(value, at: keys[...], in: root, override: override)
    }
    try self.init(root, place: place)
  }

  private static func setting(
    _ value: Yams.Node, at keys: ArraySlice<String>, in node: Yams.Node, override: String
  ) throws(InputError) -> Yams.Node {
    guard let key = keys.first else { return value }
    if case .sequence(var sequence) = node,
      let index = sequence.firstIndex(where: { $0.mapping?[Yams.Node("name")]?.string == key })
    {
      sequence[index] = try setting(
        value, at: keys.dropFirst(), in: sequence[index], override: override)
      return .sequence(sequence)
    }
    guard case .mapping(var mapping) = node else {
      throw InputError(
        .usage, "--set goes through a value that is no section", expected: "a path of sections",
        found: override, in: "--set", advice: "see the recipe for the sections it has")
    }
    let inner = mapping[Yams.Node(key)] ?? Yams.Node([(Yams.Node, Yams.Node)]())
    mapping[Yams.Node(key)] = try setting(
      value, at: keys.dropFirst(), in: inner, override: override)
    return .mapping(mapping)
  }

  /// The sections listed under `stages`, each with what stands beside that list where it does not say
  /// otherwise; none where there is no such list.
  ///
  /// The vocabulary and the seed are those of the whole recipe.
  func stages() throws(InputError) -> [RecipeReader] {
    guard let list = mapping[Yams.Node("stages")] else { return [] }
    var common = mapping
    common[Yams.Node("stages")] = nil
    guard case .sequence(let items) = list, !items.isEmpty else {
      throw wrong("stages", "a list of sections", list)
    }
    var readers: [RecipeReader] = []
    for (index, item) in items.enumerated() {
      let place = "\(place), stages[\(index)]"
      for key in ["seed", "text", "stages"] where item.mapping?[Yams.Node(key)] != nil {
        throw InputError(
          .badData, "recipe key '\(key)' is not a stage's",
          expected: "it beside the list of stages", found: "it in a stage", in: place,
          advice: "move it there")
      }
      readers.append(try RecipeReader(Self.merged(.mapping(common), item), place: place))
    }
    return readers
  }

  /// `node` with the keys of `other` in place of its own, section by section.
  private static func merged(_ node: Yams.Node, _ other: Yams.Node) -> Yams.Node {
    guard case .mapping(var mapping) = node, case .mapping(let overrides) = other else {
      return other
    }
    for (key, value) in overrides {
      mapping[key] = mapping[key].map { merged($0, value) } ?? value
    }
    return .mapping(mapping)
  }

  private func node(_ key: String) -> Yams.Node? {
    known.append(key)
    return mapping[Yams.Node(key)]
  }

  private func wrong(_ key: String, _ expected: String, _ node: Yams.Node?) -> InputError {
    InputError(
      .badData, "recipe key '\(key)' cannot be used", expected: expected,
      found: node.map { $0.string ?? "a section or list" } ?? "nothing", in: "\(place), \(key)",
      advice: "set it in the recipe or with --set")
  }

  /// The subsection `key`, empty when it is absent.
  func section(_ key: String) throws(InputError) -> RecipeReader {
    try RecipeReader(
      node(key) ?? Yams.Node([(Yams.Node, Yams.Node)]()), place: "\(place), \(key)")
  }

  /// The subsection `key`, nil where it is absent.
  func optionalSection(_ key: String) throws(InputError) -> RecipeReader? {
    node(key) == nil ? nil : try section(key)
  }

  /// The sections listed under `key`; one that is a plain string stands for `{path: string}`.
  func sections(_ key: String) throws(InputError) -> [RecipeReader] {
    guard let list = node(key) else { return [] }
    guard case .sequence(let items) = list else { throw wrong(key, "a list", list) }
    var readers: [RecipeReader] = []
    for (index, item) in items.enumerated() {
      let section = item.string.map { Yams.Node([(Yams.Node("path"), Yams.Node($0))]) } ?? item
      readers.append(try RecipeReader(section, place: "\(place), \(key)[\(index)]"))
    }
    return readers
  }

  /// Text, or `fallback`; without a fallback the key is required.
  func string(_ key: String, _ fallback: String? = nil) throws(InputError) -> String {
    let found = node(key)
    guard let value = found.map({ $0.string }) ?? fallback else { throw wrong(key, "text", found) }
    return value
  }

  /// Text, or nil when the key is absent.
  func optionalString(_ key: String) throws(InputError) -> String? {
    node(key) == nil ? nil : try string(key)
  }

  /// A whole number in `range`, or `fallback`.
  func int(_ key: String, _ fallback: Int?, in range: ClosedRange<Int>) throws(InputError) -> Int {
    let found = node(key)
    // --set gives strings, which Yams resolves to numbers only when they are plain.
    guard let value = found.map({ $0.int ?? $0.string.flatMap { Int($0) } }) ?? fallback,
      range.contains(value)
    else {
      throw wrong(key, "a whole number in \(range.lowerBound)...\(range.upperBound)", found)
    }
    return value
  }

  /// Whole numbers in `range`, a list or with --set `2,2,6`, or `fallback`.
  func ints(
    _ key: String, _ fallback: [Int], in range: ClosedRange<Int>
  ) throws(InputError) -> [Int] {
    guard let found = node(key) else { return fallback }
    let texts: [String?]
    if case .sequence(let items) = found {
      texts = items.map(\.string)
    } else {
      texts = found.string?.split(separator: ",").map { $0.filter { $0 != " " } } ?? [nil]
    }
    let values = texts.compactMap { $0.flatMap { Int($0) } }
    guard values.count == texts.count, !values.isEmpty, values.allSatisfy(range.contains) else {
      throw wrong(
        key, "a list of whole numbers in \(range.lowerBound)...\(range.upperBound)", found)
    }
    return values
  }

  /// A number in `range`, or `fallback`.
  func float(
    _ key: String, _ fallback: Float?, in range: ClosedRange<Float>
  ) throws(InputError) -> Float {
    let found = node(key)
    guard let value = found.map({ $0.string.flatMap { Float($0) } }) ?? fallback,
      range.contains(value)
    else { throw wrong(key, "a number in \(range.lowerBound)...\(range.upperBound)", found) }
    return value
  }

  /// Two numbers in `range`, the smaller first, or nil where the key is absent.
  func range(
    _ key: String, in range: ClosedRange<Float>
  ) throws(InputError) -> ClosedRange<Float>? {
    guard let found = node(key) else { return nil }
    let numbers = found.sequence?.compactMap { $0.string.flatMap { Float($0) } } ?? []
    guard numbers.count == 2, found.sequence?.count == 2, numbers[0] <= numbers[1],
      numbers.allSatisfy(range.contains)
    else {
      throw wrong(
        key, "[smallest, largest], two numbers in \(range.lowerBound)...\(range.upperBound)", found)
    }
    return numbers[0]...numbers[1]
  }

  /// true or false, or `fallback`.
  func bool(_ key: String, _ fallback: Bool) throws(InputError) -> Bool {
    guard let found = node(key) else { return fallback }
    switch found.string {
    case "true": return true
    case "false": return false
    default: throw wrong(key, "true or false", found)
    }
  }

  /// One of the raw values of `Choice`, or `fallback`; without a fallback the key is required.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ fallback: Choice? = nil
  ) throws(InputError) -> Choice {
    let found = node(key)
    if let fallback, found == nil { return fallback }
    guard let value = found?.string.flatMap({ Choice(rawValue: $0) }) else {
      throw wrong(
        key, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "), found)
    }
    return value
  }

  /// Rejects keys that were never asked for.
  func finish() throws(InputError) {
    for key in mapping.keys where !known.contains(key.string ?? "") {
      throw InputError(
        .badData, "recipe key '\(key.string ?? "?")' is unknown",
        expected: "one of \(known.joined(separator: ", "))", found: key.string ?? "a list",
        in: place, advice: "mend the spelling or remove the line")
    }
  }
}
