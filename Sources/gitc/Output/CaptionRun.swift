import Captioning
import Diagnostics
import Evaluation

/// Captions every input and prints what became of it.
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

  /// Goes through all inputs.
  ///
  /// - Throws: what is wrong with the options, or with writing; what is wrong with an input is its
  ///   result.
  mutating func all(_ walk: InputWalk, _ put: ResultFile.Put) throws(InputError) {
    try walk.forEach { (path, source) throws(InputError) in
      switch source {
      case .failure(let error): try tell(path, .failure(error), put)
      case .success(let source):
        for index in 0..<source.count { try caption(source, index, path, put) }
      }
    }
    try put(printer.end())
  }

  private mutating func caption(
    _ source: InputSource, _ index: Int, _ path: String, _ put: ResultFile.Put
  ) throws(InputError) {
    var (name, seconds) = (path, 1.0)
    let input: EncodedInput
    do throws(InputError) {
      name = try source.name(index)
      let pixels = try source.pixels(index, for: captioner, frames: options.frames)
      if printer.format.hasTimes { seconds = try source.duration(index) ?? 1 }
      input = try captioner.encode(pixels)
    } catch { return try tell(name, .failure(error), put) }
    for question in questions {
      var options = options
      options.question = question
      let outcome: Result<Caption, InputError>
      do throws(InputError) {
        outcome = .success(try captioner.caption(of: input, options: options))
      } catch { outcome = .failure(error) }
      try tell(name, outcome, seconds: seconds, put)
    }
  }

  private mutating func tell(
    _ name: String, _ outcome: Result<Caption, InputError>, seconds: Double = 1,
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
