import ArgumentParser
import Captioning
import Diagnostics

/// How `gitc run` prints its results.
enum CaptionFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
  case jsonl
  case srt
  case vtt

  /// Whether it says when an input is shown.
  var hasTimes: Bool { self == .srt || self == .vtt }
}

/// What became of one input.
struct CaptionResult {
  let input: String
  /// How long it is shown: a video, or a part of it, as long as it lasts; 1 for everything else, 0 for
  /// what could not be read.
  let seconds: Double
  let outcome: Result<Caption, InputError>
}

/// Turns results into the text of a format, one at a time.
struct CaptionPrinter {
  let format: CaptionFormat
  /// Whether there is but one input, so that its name is not worth saying.
  let isSingle: Bool
  /// Whether text has the question before its answer.
  let tellsQuestions: Bool
  private var cues = Cues()
  /// Results and ends printed so far.
  private var count = 0

  init(_ format: CaptionFormat, isSingle: Bool, tellsQuestions: Bool) {
    self.format = format
    self.isSingle = isSingle
    self.tellsQuestions = tellsQuestions
  }

  /// What comes after all results.
  mutating func end() -> String { beginning() + (format == .json ? "\n]\n" : "") }

  /// One result; failures show in the JSON formats alone.
  mutating func text(_ result: CaptionResult) -> String {
    let separator = count > 0 && format == .json ? "," : ""
    return beginning() + separator + body(result)
  }

  /// What comes before the first result, once.
  private mutating func beginning() -> String {
    defer { count += 1 }
    guard count == 0 else { return "" }
    switch format {
    case .json: return "["
    case .vtt: return "WEBVTT\n"
    case .text, .jsonl, .srt: return ""
    }
  }

  private mutating func body(_ result: CaptionResult) -> String {
    // Cues after a failure are not shown earlier than without it.
    if case .failure = result.outcome { cues.skip(seconds: result.seconds) }
    return switch (format, result.outcome) {
    case (.json, _): "\n" + json(result)
    case (.jsonl, _): json(result) + "\n"
    case (_, .failure): ""
    case (.text, .success(let caption)): line(result.input, caption)
    case (.srt, .success(let caption)): cues.srt(caption.caption, seconds: result.seconds)
    case (.vtt, .success(let caption)): cues.vtt(caption.caption, seconds: result.seconds)
    }
  }

  /// Columns of what is worth saying: input, start of a part of a stream, question, caption.
  private func line(_ input: String, _ caption: Caption) -> String {
    var columns = [caption.caption]
    if tellsQuestions, let question = caption.question {
      columns.insert(question.split(whereSeparator: \.isWhitespace).joined(separator: " "), at: 0)
    }
    if let start = caption.start { columns.insert(Cues.time(start), at: 0) }
    if !isSingle { columns.insert(input, at: 0) }
    return columns.joined(separator: "\t") + "\n"
  }

  private struct Failure: Encodable {
    var input: String
    var error: String
  }

  private func json(_ result: CaptionResult) -> String {
    switch result.outcome {
    case .success(let caption): JSONText.of(caption, lines: false)
    case .failure(let error):
      JSONText.of(Failure(input: result.input, error: error.description), lines: false)
    }
  }
}
