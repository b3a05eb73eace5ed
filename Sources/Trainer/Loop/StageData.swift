import Data
import Diagnostics
import Formats
import Graph
import Tokenizer

/// The data sets of one stage, opened and tokenized.
struct StageData {
  let sources: [SampleSource]
  let validation: [(name: String, source: SampleSource)]
  private let names: [String]

  /// Opens the validation sets, and takes the training sets `datasets`, of which the vocabulary may come.
  ///
  /// - Throws: when one is missing or empty.
  init(
    _ recipe: Recipe, _ datasets: [any Dataset], _ vocabulary: Vocabulary
  ) throws(InputError) {
    let configuration = recipe.configuration
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)
    func open(
      _ dataset: any Dataset, _ augmentation: Recipe.Augmentation, _ filter: TextFilter? = nil
    ) throws(InputError) -> SampleSource {
      try SampleSource(
        dataset, tokenizer: tokenizer, maximumTextLength: configuration.text.maximumTextLength,
        maximumFrames: configuration.frames,
        preprocessing: Preprocessing(imageSize: configuration.vision.imageSize),
        augmentation: augmentation, matchesTexts: recipe.objective != .captions, filter: filter)
    }
    let filter = recipe.textFilter.map { TextFilter($0, datasets) }
    var sources: [SampleSource] = []
    for dataset in datasets { sources.append(try open(dataset, recipe.augmentation, filter)) }
    self.sources = sources
    validation = try recipe.validation.map { source throws(InputError) in
      (source.name, try open(DatasetForm.open(source.location), .none))
    }
    names = recipe.train.map(\.name)
  }

  /// What was left out of each data set so far, one line each.
  var summaries: [String] {
    (zip(names, sources) + validation).flatMap { name, source in
      [source.skipped.summary, source.filtered.summary].compactMap { $0.map { "\(name): \($0)" } }
    }
  }
}
