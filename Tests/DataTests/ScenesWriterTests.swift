import Data
import Diagnostics
import FoundationEssentials
import Media
import Testing

/// Foundation's type; `Data` alone is our module.
private typealias Bytes = FoundationEssentials.Data

@Suite struct ScenesWriterTests {
  /// Runs `body` with a folder that is removed afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("gitc-scenes-\(UInt64.random(in: 0 ... .max))").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private let options = ScenesOptions(
    images: 300, clips: 2, frames: 3, seed: 5, side: 32, questions: true, evaluationRows: 3,
    threads: 2)

  @Test func writesWords() throws {
    try withFolder { folder in
      let options = ScenesOptions(
        images: 0, clips: 0, words: 4, seed: 5, side: 32, questions: true, evaluationRows: 2)
      let report = try SceneWriter.write(to: folder, options: options)
      for (name, rows, split) in [
        ("words-train", 4, SceneSplit.train), ("words-validation", 2, .validation),
        ("words-heldout", 2, .heldout),
      ] {
        #expect(report.files.contains("\(name).img.tsv"))
        let pair = try TSVDataset("\(folder)/\(name).img.tsv")
        #expect(pair.count == rows)
        for index in 0..<rows {
          let sign = SceneSign(seed: 5, index: index, split: split)
          let texts = pair.annotations(index)
          #expect(texts.map(\.caption) == [sign.caption] + sign.questions.map(\.answer))
          #expect(texts.map(\.question) == [nil] + sign.questions.map(\.question))
          #expect(
            try pair.imageBytes(index) == [sign.render(side: 32).encodedJPEG(quality: 92)])
        }
      }
    }
  }

  @Test func writesEveryPairWithTheScenesOfItsSplit() throws {
    try withFolder { folder in
      var progress: [(done: Int, total: Int)] = []
      let report = try SceneWriter.write(to: folder + "/new", options: options) {
        progress.append(($0, $1))
      }
      // 300 rows are two batches of at most 256; the seven evaluation and clip sets are one each.
      #expect(
        progress.map(\.done) == [256, 300, 556, 600, 856, 900, 903, 906, 909, 912, 914, 917, 920])
      #expect(progress.allSatisfy { $0.total == 920 })
      let expected: [(String, Int, SceneSplit, SceneMedium)] = [
        ("scenes-train", 300, .train, .image), ("scenes-train-one", 300, .trainOne, .image),
        ("scenes-train-overlap", 300, .trainOverlap, .image),
        ("scenes-validation-one", 3, .validationOne, .image),
        ("scenes-validation", 3, .validation, .image),
        ("scenes-heldout", 3, .heldout, .image), ("scenes-heldout-one", 3, .heldoutOne, .image),
        ("clips-train", 2, .train, .clip), ("clips-validation", 3, .validation, .clip),
        ("clips-heldout", 3, .heldout, .clip),
      ]
      for (name, rows, split, medium) in expected {
        #expect(report.files.contains("\(name).img.tsv"))
        #expect(report.files.contains("\(name).caption.tsv"))
        let pair = try TSVDataset("\(folder)/new/\(name).img.tsv")
        #expect(pair.count == rows)
        for index in 0..<rows {
          let scene = Scene(seed: 5, index: index, split: split, medium: medium)
          let texts = pair.annotations(index)
          #expect(texts.map(\.caption) == [scene.caption] + scene.questions(count: 2).map(\.answer))
          #expect(texts.map(\.question) == [nil] + scene.questions(count: 2).map(\.question))
        }
        let last = rows - 1
        let scene = Scene(seed: 5, index: last, split: split, medium: medium)
        let frames = medium == .clip ? 3 : 1
        let stored = try pair.imageBytes(last)
        #expect(
          stored
            == (0..<frames).map {
              scene.render(side: 32, frame: $0, frames: frames).encodedJPEG(quality: 92)
            })
      }
    }
  }

  @Test func theFilesDoNotDependOnThreads() throws {
    try withFolder { folder in
      var few = options
      few.images = 20
      few.clips = 1
      try SceneWriter.write(to: folder + "/two", options: few)
      few.threads = 1
      try SceneWriter.write(to: folder + "/one", options: few)
      for name in ["scenes-train", "clips-heldout"] {
        for suffix in ["img.tsv", "caption.tsv"] {
          let one = try Bytes(contentsOf: URL(filePath: "\(folder)/one/\(name).\(suffix)"))
          let two = try Bytes(contentsOf: URL(filePath: "\(folder)/two/\(name).\(suffix)"))
          #expect(one == two && !one.isEmpty)
        }
      }
    }
  }

  @Test func samplesAreAPictureAndAClipWithTheirCaptions() throws {
    try withFolder { folder in
      var few = options
      few.images = 1
      few.clips = 1
      let report = try SceneWriter.write(to: folder, options: few)
      let text = try String(
        contentsOf: URL(filePath: "\(folder)/samples/captions.tsv"), encoding: .utf8)
      let lines = text.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
      #expect(lines.map { $0[0] } == ["scene.png", "clip.mp4", "clip.mp4-frames"])
      #expect(lines[0][1].contains(" left of "))
      #expect(lines[1][1].contains(" moves ") && lines[1][1] == lines[2][1])
      guard
        case .frames(let picture) = try MediaInput.load(
          path: "\(folder)/samples/scene.png", maximumFrames: 1),
        case .frames(let frames) = try MediaInput.load(
          path: "\(folder)/samples/clip.mp4-frames", maximumFrames: 24)
      else {
        Issue.record("the samples are not pictures")
        return
      }
      #expect(picture.map(\.width) == [64])
      #expect(frames.count == 24)
      // Either the video is there or the report says why not.
      let hasVideo = FileManager.default.fileExists(atPath: "\(folder)/samples/clip.mp4")
      #expect(hasVideo == (report.videoProblem == nil))
      #expect(hasVideo == report.files.contains("samples/clip.mp4"))
    }
  }

  @Test func evaluationSetsAreATwentiethAndAtLeast200() throws {
    try withFolder { folder in
      var seen: [Int] = []
      let options = ScenesOptions(images: 1, clips: 0, side: 32, threads: 2)
      try SceneWriter.write(to: folder, options: options) { _, total in seen.append(total) }
      // Three sets of one scene for training, four of 200.
      #expect(seen.last == 803)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/clips-train.img.tsv"))
    }
  }

  @Test func refusesOptionsOutOfRange() throws {
    try withFolder { folder in
      for change: (inout ScenesOptions) -> Void in [
        { $0.images = -1 }, { $0.frames = 1 }, { $0.side = 31 }, { $0.threads = 0 },
        { $0.evaluationRows = 0 },
        {
          $0.images = 0
          $0.clips = 0
        },
      ] {
        var bad = options
        change(&bad)
        let error = #expect(throws: InputError.self) {
          try SceneWriter.write(to: folder, options: bad)
        }
        #expect(error?.kind == .usage)
        #expect(!FileManager.default.fileExists(atPath: folder))
      }
    }
  }

  @Test func refusesAFolderThatCannotBeMade() throws {
    try withFolder { folder in
      try Bytes().write(to: URL(filePath: folder))
      let error = #expect(throws: InputError.self) {
        try SceneWriter.write(to: folder + "/below", options: options)
      }
      #expect(error?.kind == .io)
    }
  }
}
