/// Which tokens may come next.
enum NextTokens {
  case any(except: Set<Int>)
  /// In order of id.
  case only([Int])
}

/// What may be generated, beyond what the model says.
///
/// A banned word of several tokens is not cut off at its last token, which would leave its beginning in
/// the text: a text that has one is given up, and the search is made again with the word's first token
/// refused at that place. After ``maximumRestarts`` of these, tokens that would complete a word are
/// refused instead, as Hugging Face's `bad_words_ids` does it. Each image has its own count, so that its
/// text does not depend on the others of a batch.
struct Constraint {
  static let maximumRestarts = 32

  private struct Place: Hashable {
    let image: Int
    /// What was generated before it.
    let text: [Int]
  }

  private let bannedIDs: Set<Int>
  private let bannedWords: [[Int]]
  private let classes: TokenTrie?
  private let limit: Int
  private var refused: [Place: Set<Int>] = [:]
  /// By image; nil where there was none.
  private var restarts: [Int: Int] = [:]

  /// Nothing is refused yet; texts have at most `limit` tokens.
  init(_ options: SearchOptions, limit: Int) {
    bannedIDs = options.bannedIDs
    bannedWords = options.bannedWords
    classes = options.classes
    self.limit = limit
  }

  /// The tokens that may follow `text`, which was generated for `image`.
  func next(after text: [Int], image: Int) -> NextTokens {
    var banned = bannedIDs
    if !bannedWords.isEmpty {
      banned.formUnion(refused[Place(image: image, text: text)] ?? [])
      if restarts[image] == Self.maximumRestarts {
        for word in bannedWords where text.suffix(word.count - 1) == word.dropLast() {
          banned.formUnion(word.suffix(1))
        }
      }
    }
    guard let classes else { return .any(except: banned) }
    return .only(classes.next(after: text, limit: limit).filter { !banned.contains($0) })
  }

  /// Refuses the banned words of texts that were found, by image.
  ///
  /// - Returns: whether there were any, so that the search has to be made again.
  mutating func refuse(_ texts: [[ArraySlice<Int>]]) -> Bool {
    if bannedWords.isEmpty { return false }
    var offenders: Set<Int> = []
    for (image, texts) in texts.enumerated() where restarts[image] != Self.maximumRestarts {
      for text in texts {
        let start = text.indices.first { start in
          bannedWords.contains { text[start...].starts(with: $0) }
        }
        guard let start else { continue }
        offenders.insert(image)
        refused[Place(image: image, text: Array(text[..<start])), default: []].insert(text[start])
      }
    }
    for image in offenders { restarts[image, default: 0] += 1 }
    return !offenders.isEmpty
  }
}
