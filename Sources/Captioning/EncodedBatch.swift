package import Diagnostics
package import Runtime
import Tokenizer

/// Inputs that the model has looked at in one go.
///
/// For use with the captioner that made it.
package final class EncodedBatch {
  /// What results call them.
  package let names: [String]
  /// Keys and values of their image tokens.
  package let state: ImageState
  /// By input, where the time of the look went.
  private let looks: [Caption.Timing]
  private var isTimeTold = false

  init(names: [String], _ state: ImageState, looks: [Caption.Timing]) {
    (self.names, self.state, self.looks) = (names, state, looks)
  }

  /// What one caption of each took, `steps` milliseconds together: the look is counted with the first, so
  /// that times add up.
  func timings(steps: Double) -> [Caption.Timing] {
    defer { isTimeTold = true }
    let share = steps / Double(names.count)
    return looks.map { look in
      isTimeTold
        ? Caption.Timing(decode: 0, encode: 0, prefix: 0, steps: share)
        : Caption.Timing(
          decode: look.decode, encode: look.encode, prefix: look.prefix, steps: share)
    }
  }
}

extension Captioner {
  /// Looks at several inputs in one go; the weights are read once for all.
  ///
  /// - Parameter inputs: at least one; all have the same number of frames, and the same size.
  /// - Returns: what the model saw; times are equal shares of the whole.
  /// - Throws: `InputError`: `.badData` where the plan's functions do not work together, `.io` where
  ///   there is not enough memory.
  package func encode(_ inputs: [InputPixels]) throws(InputError) -> EncodedBatch {
    let state = try state(of: inputs)
    let share = 1 / Double(inputs.count)
    return EncodedBatch(
      names: inputs.map(\.name), state,
      looks: inputs.map {
        Caption.Timing(
          decode: $0.milliseconds, encode: state.encodeMilliseconds * share,
          prefix: state.prefixMilliseconds * share, steps: 0)
      })
  }

  /// Captions inputs that were looked at in one go.
  ///
  /// - Parameters:
  ///   - batch: from this captioner.
  ///   - options: the same question, search and lengths for all; `frames` was decided before.
  ///   - progress: as in ``caption(of:options:progress:)``, for the first input.
  /// - Returns: the best caption of each, or the first one drawn: what each would get alone. For an int8
  ///   plan to the bit.
  /// - Throws: `InputError`: `.usage` for options, `.badData` where the plan is damaged, or for one of
  ///   the inputs gives no probabilities.
  package func captions(
    of batch: EncodedBatch, options: CaptionOptions, progress: ((String) -> Void)? = nil
  ) throws(InputError) -> [Caption] {
    try check(options)
    let prompt = prompt(options.question)
    let tokenizer = tokenizer
    let found = try session.generateAll(
      batch.state, prompt: prompt, options: searchOptions(options),
      watch: progress.map { progress in
        { image, text in if image == 0 { progress(tokenizer.decode(text)) } }
      })
    let timings = batch.timings(steps: session.stepMilliseconds)
    return found.indices.map { index in
      caption(
        found[index], prompt: prompt, options: options, name: batch.names[index],
        frames: batch.state.frames, timing: timings[index])
    }
  }

  /// Captions inputs in one go; where that fails, each alone, so that one fails only by itself.
  ///
  /// - Parameters:
  ///   - inputs: as for ``encode(_:)``.
  ///   - questions: what is asked of each; nil for a caption.
  ///   - options: how texts are looked for.
  /// - Returns: by input, what became of each question, or one failure where the model could not look.
  /// - Throws: `InputError` of kind `.usage`.
  package func outcomes(
    _ inputs: [InputPixels], questions: [String?], options: CaptionOptions
  ) throws(InputError) -> [[Result<Caption, InputError>]] {
    func eachAlone() throws(InputError) -> [[Result<Caption, InputError>]] {
      var all: [[Result<Caption, InputError>]] = []
      for input in inputs { all += try outcomes([input], questions: questions, options: options) }
      return all
    }
    let batch: EncodedBatch
    do throws(InputError) { batch = try encode(inputs) } catch {
      return inputs.count > 1 ? try eachAlone() : [[.failure(error)]]
    }
    var all = [[Result<Caption, InputError>]](repeating: [], count: inputs.count)
    for question in questions {
      var options = options
      options.question = question
      do throws(InputError) {
        let captions = try captions(of: batch, options: options)
        for (index, caption) in captions.enumerated() { all[index].append(.success(caption)) }
      } catch {
        if error.kind == .usage { throw error }
        if inputs.count > 1 { return try eachAlone() }
        all[0].append(.failure(error))
      }
    }
    return all
  }
}
