package import Diagnostics
import Formats
import Graph
package import Kernels
import Randomness

/// Whole training steps on one made-up batch, for measurements: forward, backward, the norm, clipping
/// and AdamW, without reading data.
package final class StepTimer {
  private let program: TrainingProgram
  private let optimizer: AdamW
  private let options: Recipe.Optimizer
  private let batch: Batch
  private var steps = 0

  /// Makes ready.
  ///
  /// - Parameters:
  ///   - recipe: the model, how a step is computed, and the optimizer; its data are not read.
  ///   - frames: of each sample.
  ///   - tokens: of each text; all are learnt.
  ///   - kernels: the instruction set to run on.
  ///   - threads: 1 ... 1024.
  /// - Throws: when there is not memory enough.
  package init(
    _ recipe: Recipe, frames: Int, tokens: Int, kernels: KernelSet, threads: Int
  ) throws(InputError) {
    do {
      program = try TrainingProgram(
        recipe.configuration, dropout: recipe.dropout, smoothing: recipe.smoothing,
        options: recipe.stepOptions, kernels: kernels, threads: threads)
    } catch {
      preconditionFailure("a valid configuration compiles: \(error)")
    }
    Initialization.fill(
      program.buffers, graph: GIT.logits(recipe.configuration), seed: recipe.seed)
    options = recipe.optimizer
    optimizer = AdamW(program.buffers, options, kernels: kernels, threads: threads)
    var random = SeededRandom(recipe.seed)
    let (samples, side) = (recipe.samplesPerStep, recipe.configuration.vision.imageSize)
    func words() -> [Int32] {
      (0..<samples * tokens).map { _ in
        Int32(random.index(recipe.configuration.text.vocabularySize))
      }
    }
    batch = Batch(
      shape: .init(
        count: samples, frames: frames, tokens: tokens, side: recipe.imageSizes.isEmpty ? nil : side
      ),
      pixels: (0..<samples * frames * 3 * side * side).map { _ in Float(random.unit() * 4 - 2) },
      tokens: words(), goal: .next(words()), keys: (0..<samples).map(String.init))
  }

  /// Bytes of the values of a step beside parameters, gradients and moments; known after the first.
  package var arenaBytes: Int { program.arenaBytes }

  /// One step.
  ///
  /// - Returns: the loss before it.
  package func step() throws(InputError) -> Float {
    steps += 1
    var random = SeededRandom(3, UInt64(steps))
    let loss = try program.step(batch, random: &random)
    let norm = optimizer.gradientNorm()
    optimizer.update(step: steps, rate: options.learningRate, norm: norm)
    return loss
  }
}
