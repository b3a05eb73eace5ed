/// What one INPUT of the command line holds.
package enum LoadedInput: Sendable, Equatable {
  /// One image, or the sampled frames of a clip in time order; at least one; sizes may differ between
  /// the files of a folder.
  case frames([RGBImage])
  /// Pixels that are already normalised: `[frames, 3, height, width]`, row-major, all finite.
  case pixels([Float], frames: Int, height: Int, width: Int)
}
