import Captioning
package import Diagnostics
import Formats
package import Kernels
import Media
import Runtime
import Tokenizer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Captions made-up pixels and looks at the clock.
package struct SpeedMeasurement: Sendable {
  /// What is captioned.
  package var workload: SpeedReport.Workload
  package var beams: Int
  /// The most tokens generated; the model's text length bounds it too.
  package var tokens: Int
  /// Captions measured, after one that is not.
  package var rounds: Int

  /// - Precondition: all numbers are at least 1.
  package init(workload: SpeedReport.Workload, beams: Int, tokens: Int, rounds: Int) {
    precondition(beams >= 1 && tokens >= 1 && rounds >= 1, "something to measure")
    (self.workload, self.beams, self.tokens, self.rounds) = (workload, beams, tokens, rounds)
  }

  /// Measures the plan at `path`.
  ///
  /// - Parameters:
  ///   - path: a plan that captions.
  ///   - kernels: what computes.
  ///   - threads: 1 ... 1024.
  /// - Returns: times by phase.
  /// - Throws: `InputError` where the plan cannot be read or run.
  package func run(
    plan path: String, kernels: KernelSet, threads: Int
  ) throws(InputError) -> SpeedReport {
    let clock = ContinuousClock()
    let start = clock.now
    let captioner = try Captioner(CaptionModel(path: path), kernels: kernels, threads: threads)
    let load = (clock.now - start).milliseconds
    let (session, vocabulary) = (captioner.session, captioner.tokenizer.vocabulary)
    let settings = session.model.settings
    let frames = workload == .video || workload == .stream ? captioner.maximumFrames : 1
    // Captions of noise end when they like; measured ones have one length.
    let options = SearchOptions(
      beams: beams, maximumTokens: tokens, endID: vocabulary.endID, bannedIDs: [vocabulary.endID])
    let size = session.model.squareSize
    let isStream = workload == .stream
    let pixels = noise(
      (isStream ? 1 : workload.inputs * frames) * 3 * size.height * size.width)
    var window: [FrameFeatures] = []
    if isStream {
      for _ in 1..<frames { window.append(try session.features(pixels)) }
    }
    var rounds: [Round] = []
    var firstMs = 0.0
    for index in 0...self.rounds {
      let (begun, cpu) = (clock.now, Self.cpuMilliseconds)
      let state: ImageState
      if isStream {
        window.append(try session.features(pixels))
        state = try session.state(of: window)
      } else {
        state = try session.encode(pixels, images: workload.inputs, frames: frames)
      }
      let seen = Self.cpuMilliseconds
      _ = try session.generateAll(state, prompt: [vocabulary.startID], options: options)
      if index == 0 {
        firstMs = (clock.now - begun).milliseconds
      } else {
        rounds.append(
          Round(
            encode: window.last?.milliseconds ?? state.encodeMilliseconds,
            prefix: state.prefixMilliseconds,
            steps: session.stepMilliseconds, cpuImage: seen - cpu,
            cpuSteps: Self.cpuMilliseconds - seen))
      }
      if isStream { window.removeFirst() }
    }
    let count = min(tokens, settings.maximumTextLength - 1)
    func times(_ value: (Round) -> Double) -> SpeedReport.Times {
      SpeedReport.Times(rounds.map(value))
    }
    return SpeedReport(
      plan: path, precision: settings.precision, workload: workload, inputs: workload.inputs,
      frames: frames, beams: beams, tokens: count, threads: threads, isa: kernels.isa.rawValue,
      rounds: self.rounds, loadMs: load, firstMs: firstMs, encodeMs: times(\.encode),
      prefixMs: times(\.prefix), perTokenMs: times { $0.steps / Double(count) },
      totalMs: times { $0.encode + $0.prefix + $0.steps }, cpuImageMs: times(\.cpuImage),
      cpuPerTokenMs: times { $0.cpuSteps / Double(count) },
      cpuTotalMs: times { $0.cpuImage + $0.cpuSteps }, peakMemoryMb: Self.peakMemory)
  }

  /// One caption, milliseconds.
  private struct Round {
    let encode, prefix, steps: Double
    let cpuImage, cpuSteps: Double
  }

  /// Samples of any value; the same in every run.
  private func noise(_ count: Int) -> FramePixels {
    var state: UInt64 = 0
    return .samples(
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth's MMIX
        return UInt8(truncatingIfNeeded: state >> 56)
      })
  }

  /// What all threads of this process have computed so far.
  private static var cpuMilliseconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }

  /// The most memory this process had, in megabytes: Linux's `VmHWM`.
  private static var peakMemory: Double? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, CInt(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      if words.count >= 2, words[0] == "VmHWM:", let kibibytes = Double(words[1]) {
        return kibibytes * 1024 / 1e6
      }
    }
    return nil
  }
}
