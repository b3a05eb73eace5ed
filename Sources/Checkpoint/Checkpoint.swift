package import Diagnostics
package import Formats
package import Graph

/// A float model: graph, weights, and what is needed to train it further or compile it.
///
/// On disk it is a safetensors file, so any tool that reads those finds the parameters by name.
package struct Checkpoint: Sendable {
  /// What a training run needs to go on as if it had never stopped.
  package struct TrainingState: Sendable {
    /// Moments and the like, named as the trainer likes.
    package var tensors: [String: WeightTensor]
    /// Step, seeds, position in the data: JSON of the trainer's own.
    package var json: String

    package init(tensors: [String: WeightTensor], json: String) {
      self.tensors = tensors
      self.json = json
    }
  }

  /// The float graph; its parameters are f32 of known shapes.
  package var graph: Graph
  package var configuration: GITConfiguration
  package var preprocessing: Preprocessing
  /// One entry per token id, as many as `configuration.text.vocabularySize`.
  package var vocabulary: [String]
  /// The values of the graph's parameters, by name; exactly these.
  package var parameters: [String: WeightTensor]
  /// nil in a checkpoint that is not meant to be trained further.
  package var trainingState: TrainingState?

  package init(
    graph: Graph, configuration: GITConfiguration, preprocessing: Preprocessing,
    vocabulary: [String], parameters: [String: WeightTensor],
    trainingState: TrainingState? = nil
  ) {
    self.graph = graph
    self.configuration = configuration
    self.preprocessing = preprocessing
    self.vocabulary = vocabulary
    self.parameters = parameters
    self.trainingState = trainingState
  }

  /// Checks that the parts fit each other, as reading and writing do; `place` is for messages.
  ///
  /// - Throws: `.badData`; for parameters one error that lists every difference from the graph.
  package func validate(place: String) throws(InputError) {
    let configuration = try configuration.validated(
      place: "\(place), field \(CheckpointKey.configuration)")
    try validatePreprocessing(place: place)
    let size = configuration.text.vocabularySize
    guard vocabulary.count == size, vocabulary.allSatisfy({ !$0.isEmpty }) else {
      throw InputError(
        .badData, "the vocabulary does not fit the model", expected: "\(size) entries, none empty",
        found: "\(vocabulary.count), \(vocabulary.count { $0.isEmpty }) of them empty",
        in: "\(place), field \(CheckpointKey.vocabulary)",
        advice: "use the vocabulary the model was trained with")
    }
    var differences = ParameterDifferences(graph)
    differences.compare(parameters.mapValues { .floats($0.shape) }, order: parameters.keys.sorted())
    try differences.check(place: place)
  }
  private func validatePreprocessing(place: String) throws(InputError) {
    var fault = preprocessing.fault
    let size = configuration.vision.imageSize
    if preprocessing.imageSize != size {
      fault = (.imageSize, "\(size), as in the configuration", "\(preprocessing.imageSize)")
    }
    // What a graph takes is what its author says; this one would never see such images.
    let pixels = graph.inputs.first { $0.name == "pixels" }.map { graph.shape($0.value) }
    if case .keepAspect = preprocessing.geometry, fault == nil,
      pixels?.suffix(2).allSatisfy({ $0.constant == nil }) != true
    {
      fault = (
        .geometry, "center-crop, for a graph of one image size",
        Preprocessing.Geometry.Name.keepAspect.rawValue
      )
    }
    guard let fault else { return }
    throw InputError(
      .badData, "preprocessing is not usable", expected: fault.expected, found: fault.found,
      in: "\(place), field \(CheckpointKey.preprocessing).\(fault.field.rawValue)",
      advice: "correct the field or make the file again")
  }
}

extension Preprocessing {
  /// What images the graph of a model has to take that prepares them so.
  package var imageSizes: GIT.ImageSizes {
    if case .keepAspect = geometry { .any } else { .one }
  }
}
