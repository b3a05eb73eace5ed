/// Where a checkpoint keeps what is not a parameter; `formats/README.md` describes each.
enum CheckpointKey {
  /// The version this release writes and the only one it reads.
  static let currentVersion = "1"

  // Keys of `__metadata__`.
  static let version = "gitc.version"
  static let graph = "gitc.graph"
  static let configuration = "gitc.configuration"
  static let preprocessing = "gitc.preprocessing"
  static let vocabulary = "gitc.vocabulary"
  static let training = "gitc.training"

  /// What names of training-state tensors begin with in the file.
  static let trainingPrefix = "training."
}
