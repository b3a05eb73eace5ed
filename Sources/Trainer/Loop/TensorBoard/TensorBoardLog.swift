package import Diagnostics
import FoundationEssentials
import Glibc

/// An event file that TensorBoard shows while a run goes on.
package final class TensorBoardLog {
  private let file: UnsafeMutablePointer<FILE>
  private let path: String

  /// Begins a file of its own in `folder`, which is made where it is missing.
  ///
  /// - Parameters:
  ///   - folder: TensorBoard's `--logdir`, or a folder in it.
  ///   - firstStep: above 1 in a resumed run; what other files say from there on is then void.
  /// - Throws: `.io` where it cannot be written.
  package init(folder: String, firstStep: Int) throws(InputError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        .io, "the folder for TensorBoard cannot be made",
        expected: "a folder that can be written to",
        found: "none", in: folder, advice: "choose another --tensorboard folder")
    }
    // TensorBoard reads files in the order of the times in their names.
    path = "\(folder)/events.out.tfevents.\(Int(Self.now)).gitc.\(getpid())"
    guard let file = fopen(path, "w") else { throw Self.refused(path) }
    self.file = file
    try write(.version, step: 0)
    if firstStep > 1 { try write(.start, step: firstStep) }
  }

  deinit { fclose(file) }

  /// Writes the numbers of a step or a validation.
  ///
  /// - Throws: `.io`, for a full disk for example.
  package func write(_ progress: TrainingProgress) throws(InputError) {
    switch progress {
    case .step(let step):
      try write(
        .scalars([
          ("loss", step.loss), ("learning_rate", step.learningRate),
          ("gradient_norm", step.gradientNorm),
          ("samples_per_second", Float(step.samplesPerSecond)),
        ]), step: step.step)
    case .validation(let step, let results):
      let scalars = results.flatMap { source, metrics in
        [(tag: "validation/\(source)/loss", value: Float(metrics.loss))]
          + metrics.shares.map {
            (tag: "validation/\(source)/\($0.name)", value: Float($0.value))
          }
      }
      try write(.scalars(scalars), step: step)
    case .stage, .saved, .skipped: break
    }
  }

  private func write(_ contents: EventEncoding.Contents, step: Int) throws(InputError) {
    let record = EventEncoding.record(contents, step: step, time: Self.now)
    guard fwrite(record, 1, record.count, file) == record.count, fflush(file) == 0 else {
      throw Self.refused(path)
    }
  }

  private static var now: Double { Date().timeIntervalSince1970 }

  private static func refused(_ path: String) -> InputError {
    InputError(
      .io, "the file for TensorBoard cannot be written", expected: "room for a record",
      found: String(cString: strerror(errno)), in: path, advice: "free some space and resume")
  }
}
