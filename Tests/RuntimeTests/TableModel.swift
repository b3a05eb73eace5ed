import Diagnostics
import Glibc
import Runtime

/// A language whose next token depends on the last one and its position, for every image alike but
/// shifted: image i reads the row of token + i.
///
/// Token 0 ends a text. It checks what a search may ask of a model.
final class TableModel: StepModel {
  /// Logits by position, last token, next token.
  let table: [[[Float]]]
  private var rows: [(image: Int, tokens: [Int])] = []
  private var images = 0
  private var perImage = 0
  private var longest = 0
  private var scores: UnsafeMutableBufferPointer<Float>

  init(_ table: [[[Float]]]) {
    self.table = table
    scores = .allocate(capacity: table[0].count)
  }

  deinit { scores.deallocate() }

  var vocabularyCount: Int { table[0].count }
  var capacity: Int { table.count }

  func begin(
    prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int, reading _: ScoresRead
  ) throws(InputError) {
    precondition(longest <= capacity && (1...longest).contains(prompt.count), "a prompt that fits")
    (self.images, perImage, self.longest) = (images, sequencesPerImage, longest)
    rows = (0..<images).map { ($0, prompt) }
  }

  func advance(parents: [Int], tokens: [Int]) {
    precondition(parents.count == images * perImage && tokens.count == parents.count)
    rows = parents.enumerated().map { row, parent in
      precondition(rows[parent].image == row / perImage, "a parent of the same image")
      return (rows[parent].image, rows[parent].tokens + [tokens[row]])
    }
    precondition(rows.allSatisfy { $0.tokens.count <= longest }, "sequences that fit")
  }

  func logits(_ row: Int) -> UnsafeBufferPointer<Float> {
    _ = scores.update(fromContentsOf: logits(after: rows[row].tokens, image: rows[row].image))
    return UnsafeBufferPointer(scores)
  }

  /// The logits of what follows `tokens`.
  func logits(after tokens: [Int], image: Int) -> [Float] {
    let last = tokens.last ?? 0
    return table[tokens.count - 1][(last + image) % vocabularyCount]
  }

  /// The natural logarithm of the probability of `token` after `tokens`, in Double.
  func logProb(of token: Int, after tokens: [Int], image: Int) -> Double {
    let logits = logits(after: tokens, image: image).map(Double.init)
    return logits[token] - logSumExp(logits)
  }
}

/// log Σ exp of the values, in Double.
func logSumExp(_ values: [Double]) -> Double { log(values.reduce(0) { $0 + exp($1) }) }
