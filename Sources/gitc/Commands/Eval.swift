import ArgumentParser
import Captioning
import Data
import Diagnostics
import Evaluation

/// `gitc eval`: how good captions, answers and class names are.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure captions, answers and class names against references.",
    discussion: """
      MODEL is a plan, which captions DATA, or a file of predictions: a JSON list, JSON lines or TSV of \
      {"key", "prediction", "references"}, where DATA gives the references if the file does not. \
      Captions are measured by BLEU, ROUGE-L, CIDEr and CIDEr-D (what coco-caption calls CIDEr), \
      answers by VQA accuracy, all by exact match, class folders also by top-1. Exit code 1 when a \
      measure is below its --min-….

      DATA is a TSV pair, tar shards, COCO, Karpathy, VQAv2, Visual Genome or video JSON, a \
      metadata.jsonl or class folders (docs/data.md).

      Example: gitc eval scenes.plan --data scenes/scenes-validation.img.tsv --min-exact-match 0.9
               gitc eval coco.plan --data captions_val2017.json --images val2017 --format json
               gitc eval predictions.json --data captions_val2017.json --images val2017
      """)

  @Argument(help: "Plan that gitc compile wrote, or predictions.")
  var model: String

  @Option(help: "What to caption, with what is right.")
  var data: String?

  @OptionGroup var dataOptions: DataOptions

  @Option(help: "The most samples.")
  var limit: Int?

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @Option(help: ArgumentHelp("Write the predictions here (JSON).", valueName: "file"))
  var predictions: String?

  @Option(help: ArgumentHelp("Beams of the search.", valueName: "n"))
  var beam = 1

  @Option(help: ArgumentHelp("The most tokens generated.", valueName: "n"))
  var maxTokens = 40

  @OptionGroup(title: "Thresholds, on the scale of --format json") var minimums: MinimumOptions

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit takes 1 or more, not \(limit)") }
    if data == nil && !PredictionFile.isNamed(model) {
      throw ValidationError("a plan needs --data to caption")
    }
  }

  func run() throws {
    let samples = try data.map { try EvaluationData(dataOptions.location($0), limit: limit) }
    let results: [Prediction]
    var skipped = SkippedSamples()
    if PredictionFile.isNamed(model) {
      results = try PredictionFile.read(model, data: samples)
    } else if let samples {
      let evaluator = Evaluator(
        try execution.captioner(model),
        options: CaptionOptions(beams: beam, maximumTokens: maxTokens))
      let total = samples.samples.count
      (results, skipped) = try evaluator.predictions(samples) { done in
        StandardStreams.progress(done, of: total, "samples")
      }
    } else {
      results = []
    }
    if let summary = skipped.summary { StandardStreams.note(summary) }
    if let predictions {
      try ResultFile.write(JSONText.of(results) + "\n", to: predictions)
    }
    let report = EvaluationReport(
      model: model, data: data ?? model, predictions: results, skipped: skipped.count,
      hasClasses: samples?.hasClasses ?? false, thresholds: minimums.values)
    try StandardStreams.result(format == .json ? JSONText.of(report) : report.text)
    if !report.passed { throw ExitStatus.checkFailed.code }
  }
}

/// What `gitc eval` has to reach.
struct MinimumOptions: ParsableArguments {
  @Option(name: .customLong("min-bleu-1"), help: .hidden) var minBleu1: Double?
  @Option(name: .customLong("min-bleu-2"), help: .hidden) var minBleu2: Double?
  @Option(name: .customLong("min-bleu-3"), help: .hidden) var minBleu3: Double?
  @Option(name: .customLong("min-bleu-4"), help: "The least BLEU-4; --min-bleu-1 to 3 likewise.")
  var minBleu4: Double?
  @Option(help: "The least ROUGE-L.") var minRougeL: Double?
  @Option(help: "The least CIDEr.") var minCider: Double?
  @Option(help: "The least CIDEr-D.") var minCiderD: Double?
  @Option(help: "The least VQA accuracy.") var minVqaAccuracy: Double?
  @Option(help: "The least share of exact matches.") var minExactMatch: Double?
  @Option(name: .customLong("min-top-1"), help: "The least top-1 accuracy.") var minTop1: Double?

  /// Those that were given.
  var values: [EvaluationReport.Threshold] {
    let all: [(Metric, Double?)] = [
      (.bleu1, minBleu1), (.bleu2, minBleu2), (.bleu3, minBleu3), (.bleu4, minBleu4),
      (.rougeL, minRougeL), (.cider, minCider), (.ciderD, minCiderD),
      (.vqaAccuracy, minVqaAccuracy), (.exactMatch, minExactMatch), (.top1, minTop1),
    ]
    return all.compactMap { metric, minimum in minimum.map { .init(metric, $0) } }
  }
}
