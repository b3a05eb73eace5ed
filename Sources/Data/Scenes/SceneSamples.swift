import Diagnostics
import Formats
import Media

/// A picture and a clip to try a model on, as a user would have them.
///
/// | in `samples/` | |
/// |---|---|
/// | `scene.png` | a picture of twice the side of the data sets; there if images were asked for |
/// | `clip.mp4` | two seconds at 12 frames per second; these two are there if clips were asked for |
/// | `clip.mp4-frames/` | the same frames, `00.png` and on |
/// | `captions.tsv` | name ⇥ caption of each |
///
/// Both are of the validation split. Where this system cannot write videos, `clip.mp4` is left out
/// and the report says why.
enum SceneSamples {
  private static let frames = 24

  /// Writes the samples and adds them to the report.
  static func write(
    to directory: String, options: ScenesOptions, report: inout ScenesReport
  ) throws(InputError) {
    let folder = "\(directory)/samples"
    try SceneWriter.makeFolder(folder)
    var captions = ""
    if options.images > 0 {
      let scene = first(.image, options.seed) { $0.story == .pair(.leftOf) }
      try write(scene.render(side: 2 * options.side).encodedPNG(), to: "\(folder)/scene.png")
      captions += "scene.png\t\(scene.caption)\n"
      report.files.append("samples/scene.png")
    }
    if options.clips > 0 {
      let scene = first(.clip, options.seed) {
        [.motion(.left), .motion(.right)].contains($0.story)
      }
      try writeClip(scene, side: 2 * options.side, to: folder, report: &report)
      for name in ["clip.mp4", "clip.mp4-frames"] { captions += "\(name)\t\(scene.caption)\n" }
    }
    try write(Array(captions.utf8), to: "\(folder)/captions.tsv")
    report.files.append("samples/captions.tsv")
  }

  /// The first validation scene of this kind; every kind of story is frequent.
  private static func first(
    _ medium: SceneMedium, _ seed: UInt64, where isWanted: (Scene) -> Bool
  ) -> Scene {
    var index = 0
    while true {
      let scene = Scene(seed: seed, index: index, split: .validation, medium: medium)
      if isWanted(scene) { return scene }
      index += 1
    }
  }

  private static func writeClip(
    _ scene: Scene, side: Int, to folder: String, report: inout ScenesReport
  ) throws(InputError) {
    try SceneWriter.makeFolder("\(folder)/clip.mp4-frames")
    let images = (0..<frames).map { scene.render(side: side, frame: $0, frames: frames) }
    for (frame, image) in images.enumerated() {
      let name = "\(frame < 10 ? "0" : "")\(frame).png"
      try write(image.encodedPNG(), to: "\(folder)/clip.mp4-frames/\(name)")
    }
    report.files.append("samples/clip.mp4-frames")
    do throws(InputError) {
      let video = try VideoWriter(
        path: "\(folder)/clip.mp4", width: side, height: side, framesPerSecond: 12)
      for image in images { try video.append(image) }
      try video.finish()
      report.files.append("samples/clip.mp4")
    } catch {
      report.videoProblem = error
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(InputError) {
    try AtomicFile.write(to: path) { writer throws(InputError) in try writer.write(bytes) }
  }
}
