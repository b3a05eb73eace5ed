package import Captioning
import Tokenizer

extension Captioner {
  /// A line per token, its log-probability and the token, then their sum: what `gitc score` prints.
  package func text(of score: Score) -> String {
    let tokens = score.tokens.suffix(score.tokenLogProbs.count)
    let lines = zip(score.tokenLogProbs, tokens).map { "\($0)\t\(tokenizer.token($1))" }
    return (lines + ["\(score.logProb)\tall"]).joined(separator: "\n")
  }
}
