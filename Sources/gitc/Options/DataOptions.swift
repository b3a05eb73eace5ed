import ArgumentParser
import Data

/// What belongs to DATA.
struct DataOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of the images or videos that DATA names.", valueName: "dir"))
  var images: String?

  @Option(help: "Part of DATA, such as val, where it has several.")
  var split: String?

  /// The data at `path`.
  func location(_ path: String) -> DatasetLocation {
    DatasetLocation(path: path, images: images, split: split)
  }
}
