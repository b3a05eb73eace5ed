import Captioning
import Diagnostics
import Evaluation
import Media

extension CaptionRun {
  /// A frame of a stream, or why there is none.
  private struct Frame {
    let stream: String
    /// Whether a stream begins here.
    let isFirst: Bool
    let frame: Result<TimedPixels, InputError>
  }

  /// As many frames wait to be captioned.
  private static let lookahead = 2

  /// Goes through the frames of all inputs, `interval` milliseconds apart, with a caption of the latest
  /// ones after each.
  ///
  /// - Throws: as ``all(_:limit:_:)``.
  mutating func allStreams(
    _ walk: InputWalk, every interval: Int, _ put: ResultFile.Put
  ) throws(InputError) {
    try captioner.check(options)
    let reader = captioner.reader
    let frames = Lookahead<Frame>(limit: Self.lookahead) { give in
      walk.forEach { path, source in
        switch source {
        case .failure(let error):
          return give(Frame(stream: path, isFirst: true, frame: .failure(error)))
        case .success(let source):
          for index in 0..<source.count {
            if !Self.read(source, index, path, reader, every: interval, give) { return false }
          }
          return true
        }
      }
    }
    defer { frames.stop() }
    var window = try FrameWindow(captioner, frames: options.frames)
    while let next = frames.next() {
      if next.isFirst { window = try FrameWindow(captioner, frames: options.frames) }
      switch next.frame {
      case .failure(let error): try tell(next.stream, .failure(error), put)
      case .success(let frame): try caption(frame, of: next.stream, window, put)
      }
    }
    try put(printer.end())
  }

  /// Gives the frames of one input; returns whether more are wanted.
  private static func read(
    _ source: InputSource, _ index: Int, _ path: String, _ reader: InputReader,
    every interval: Int, _ give: (Frame) -> Bool
  ) -> Bool {
    var (name, isFirst, isWanted) = (path, true, true)
    do throws(InputError) {
      name = try source.name(index)
      try source.forEachFrame(index, every: interval, for: reader) { frame in
        isWanted = give(Frame(stream: name, isFirst: isFirst, frame: .success(frame)))
        isFirst = false
        return isWanted
      }
    } catch { isWanted = give(Frame(stream: name, isFirst: isFirst, frame: .failure(error))) }
    return isWanted
  }

  private mutating func caption(
    _ frame: TimedPixels, of stream: String, _ window: FrameWindow, _ put: ResultFile.Put
  ) throws(InputError) {
    let seconds = frame.end - frame.start
    let input: EncodedInput
    do throws(InputError) {
      try window.append(frame.pixels.get())
      input = try window.encoded(name: stream)
    } catch { return try tell(stream, .failure(error), seconds: seconds, put) }
    for question in questions {
      var options = options
      options.question = question
      let outcome: Result<Caption, InputError>
      do throws(InputError) {
        var caption = try captioner.caption(of: input, options: options)
        (caption.start, caption.end) = (frame.start, frame.end)
        outcome = .success(caption)
      } catch { outcome = .failure(error) }
      try tell(stream, outcome, seconds: seconds, put)
    }
  }
}
