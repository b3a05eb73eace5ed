import Captioning
import Diagnostics
import Evaluation
import Media

/// Captions every input and prints what became of it, in order; the next inputs are read meanwhile.
struct CaptionRun {
  let captioner: Captioner
  let options: CaptionOptions
  /// What is asked of each input; nil for a caption.
  let questions: [String?]
  var printer: CaptionPrinter
  /// What went wrong with inputs, in order.
  private(set) var failures: [InputError] = []

  init(
    captioner: Captioner, options: CaptionOptions, questions: [String?], printer: CaptionPrinter
  ) {
    self.captioner = captioner
    self.options = options
    self.questions = questions
    self.printer = printer
  }

  /// An input that was read, or why it was not.
  private struct Input {
    var name: String
    /// How long a video lasts; 1 for everything else.
    var seconds = 1.0
    let pixels: Result<InputPixels, InputError>
  }

  /// Goes through all inputs, those that are alike in batches of up to `limit` frames.
  ///
  /// - Throws: what is wrong with the options, or with writing; what is wrong with an input is its
  ///   result.
  mutating func all(
    _ walk: InputWalk, limit: Int, _ put: ResultFile.Put
  ) throws(InputError) {
    try captioner.check(options)
    let (reader, frames, hasTimes) = (captioner.reader, options.frames, printer.format.hasTimes)
    let inputs = Lookahead<Input>(limit: limit) { give in
      walk.forEach { path, source in
        switch source {
        case .failure(let error): return give(Input(name: path, pixels: .failure(error)))
        case .success(let source):
          for index in 0..<source.count {
            if !give(Self.read(source, index, path, reader, frames: frames, hasTimes)) {
              return false
            }
          }
          return true
        }
      }
    }
    defer { inputs.stop() }
    var (batch, pixels): ([Input], [InputPixels]) = ([], [])
    while let input = inputs.next() {
      switch input.pixels {
      case .success(let next):
        if !pixels.takes(next, limit: limit) { try caption(&batch, &pixels, put) }
        batch.append(input)
        pixels.append(next)
        // Nobody waits for what cannot come along.
        if !pixels.takes(next, limit: limit) { try caption(&batch, &pixels, put) }
      case .failure(let error):
        try caption(&batch, &pixels, put)
        try tell(input.name, .failure(error), put)
      }
    }
    try caption(&batch, &pixels, put)
    try put(printer.end())
  }

  private static func read(
    _ source: InputSource, _ index: Int, _ path: String, _ reader: InputReader, frames: Int?,
    _ hasTimes: Bool
  ) -> Input {
    var (name, seconds) = (path, 1.0)
    let pixels = Result { () throws(InputError) -> InputPixels in
      name = try source.name(index)
      let pixels = try source.pixels(index, for: reader, frames: frames)
      if hasTimes { seconds = try source.duration(index) ?? 1 }
      return pixels
    }
    return Input(name: name, seconds: seconds, pixels: pixels)
  }

  private mutating func caption(
    _ batch: inout [Input], _ pixels: inout [InputPixels], _ put: ResultFile.Put
  ) throws(InputError) {
    if batch.isEmpty { return }
    let outcomes = try captioner.outcomes(pixels, questions: questions, options: options)
    for (input, outcomes) in zip(batch, outcomes) {
      for outcome in outcomes { try tell(input.name, outcome, seconds: input.seconds, put) }
    }
    (batch, pixels) = ([], [])
  }

  mutating func tell(
    _ name: String, _ outcome: Result<Caption, InputError>, seconds: Double = 0,
    _ put: ResultFile.Put
  ) throws(InputError) {
    if case .failure(let error) = outcome {
      if error.kind == .usage { throw error }
      CommandFailure.report(error)
      failures.append(error)
    }
    try put(printer.text(CaptionResult(input: name, seconds: seconds, outcome: outcome)))
  }
}
