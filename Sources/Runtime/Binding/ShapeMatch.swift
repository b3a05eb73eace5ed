import Formats

/// What the letters of the shape patterns of one step stand for, found by matching its tensors.
struct ShapeMatch {
  /// The axes that "…" stands for, nil until a pattern with "…" was matched.
  private(set) var leading: [Int]?
  private var lengths: [Character: Int] = [:]

  /// The length that `letter` stands for.
  ///
  /// - Precondition: a matched pattern has it.
  subscript(_ letter: Character) -> Int {
    guard let length = lengths[letter] else {
      preconditionFailure("no pattern of this opcode has the axis \(letter)")
    }
    return length
  }

  /// The number of rows: the product of the axes that "…" stands for.
  var rows: Int { elementCount(leading ?? []) }

  /// Whether `shape` is what `pattern` allows after all that was matched before.
  mutating func matches(_ shape: [Int], _ pattern: ShapePattern) -> Bool {
    let named = pattern.axes.count
    switch pattern.leading {
    case .none:
      guard shape.count == named else { return false }
    case .free:
      guard shape.count >= named else { return false }
    case .shared:
      guard shape.count >= named else { return false }
      let found = Array(shape.dropLast(named))
      if let leading, leading != found { return false }
      leading = found
    }
    for (axis, length) in zip(pattern.axes, shape.suffix(named)) {
      switch axis {
      case .any: continue
      case .exactly(let expected):
        guard length == expected else { return false }
      case .named(let letter):
        if let known = lengths[letter], known != length { return false }
        lengths[letter] = length
      }
    }
    return true
  }

  /// `pattern` with the known lengths filled in, for messages: "[2, 197, K]".
  func description(of pattern: ShapePattern) -> String {
    var parts: [String] = []
    switch pattern.leading {
    case .none: break
    case .free: parts.append("~")
    case .shared: parts += leading.map { $0.map(String.init) } ?? ["…"]
    }
    parts += pattern.axes.map { axis in
      switch axis {
      case .any: "_"
      case .exactly(let length): "\(length)"
      case .named(let letter): lengths[letter].map(String.init) ?? "\(letter)"
      }
    }
    return "[\(parts.joined(separator: ", "))]"
  }
}
