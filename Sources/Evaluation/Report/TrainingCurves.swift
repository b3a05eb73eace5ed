package import Diagnostics
import FoundationEssentials

/// What a training log tells, by step: the lines of `train --log`.
package struct TrainingCurves: Sendable, Equatable {
  /// Numbers by step, ascending.
  package struct Curve: Sendable, Equatable {
    package var name: String
    package var points: [(step: Int, value: Double)] = []

    package static func == (a: Curve, b: Curve) -> Bool {
      a.name == b.name && a.points.elementsEqual(b.points) { $0 == $1 }
    }
  }

  package private(set) var loss = Curve(name: "loss")
  package private(set) var learningRate = Curve(name: "learning rate")
  package private(set) var gradientNorm = Curve(name: "gradient norm")
  package private(set) var samplesPerSecond = Curve(name: "samples per second")
  /// By validation set, in the order of their names.
  package private(set) var validationLoss: [Curve] = []
  package private(set) var exact: [Curve] = []
  /// Samples that could not be read.
  package private(set) var skipped = 0

  private struct Line: Decodable {
    struct Metrics: Decodable {
      var loss: Double
      /// There where captions were validated.
      var exact: Double?
    }

    var step: Int
    var loss: Double?
    var learning_rate: Double?
    var gradient_norm: Double?
    var samples_per_second: Double?
    var validation: [String: Metrics]?
    var skipped: String?
  }

  /// Takes lines apart; one that cannot be read, such as the last of a killed run, is left out.
  package init(lines: some Sequence<Substring>) {
    var (losses, exact): ([String: Curve], [String: Curve]) = ([:], [:])
    let decoder = JSONDecoder()
    for text in lines {
      guard let line = try? decoder.decode(Line.self, from: Data(text.utf8)) else { continue }
      if line.skipped != nil { skipped += 1 }
      if let value = line.loss { loss.points.append((line.step, value)) }
      if let value = line.learning_rate { learningRate.points.append((line.step, value)) }
      if let value = line.gradient_norm { gradientNorm.points.append((line.step, value)) }
      if let value = line.samples_per_second { samplesPerSecond.points.append((line.step, value)) }
      for (name, metrics) in line.validation ?? [:] {
        losses[name, default: Curve(name: name)].points.append((line.step, metrics.loss))
        if let share = metrics.exact {
          exact[name, default: Curve(name: name)].points.append((line.step, 100 * share))
        }
      }
    }
    validationLoss = losses.values.sorted { $0.name < $1.name }
    self.exact = exact.values.sorted { $0.name < $1.name }
  }

  /// Reads a log.
  ///
  /// - Throws: `.noInput` where it cannot be read.
  package init(log path: String) throws(InputError) {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw InputError(
        .noInput, "the log cannot be read", expected: "the JSON lines of gitc train --log",
        found: "no readable file", in: path, advice: "check the path")
    }
    self.init(lines: text.split(separator: "\n"))
  }
}
