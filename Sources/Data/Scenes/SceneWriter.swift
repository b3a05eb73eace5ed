package import Diagnostics
import Dispatch
import FoundationEssentials
import Media
import Synchronization

/// Writes made-up data sets: TSV pairs of images and clips with captions, and a few samples.
package enum SceneWriter {
  /// One TSV pair to be written.
  private struct Part {
    var name: String
    var split: SceneSplit
    /// What a row shows.
    var content: Content
    var rows: Int
  }

  private enum Content {
    case scene(SceneMedium)
    case sign
  }

  /// How many rows are rendered before they are written; bounds the memory.
  private static let batch = 256

  /// Writes the data sets and the samples into a folder, which is made if it is missing.
  ///
  /// The TSV pairs, each a `NAME.img.tsv` and a `NAME.caption.tsv` with their indexes; JPEG of
  /// quality 92; a row of clips has one column per frame:
  ///
  /// | NAME | rows |
  /// |---|---|
  /// | `scenes-train`, `scenes-train-one`, `scenes-train-overlap` | `options.images` each: of all kinds, one object, two that overlap |
  /// | `scenes-validation` | other scenes of the same pairs of colour and shape |
  /// | `scenes-heldout` | the first object is of a pair that training never shows |
  /// | `scenes-validation-one`, `scenes-heldout-one` | the same with one object alone |
  /// | `clips-train`, `clips-validation`, `clips-heldout` | the same for clips |
  /// | `words-train`, `words-validation`, `words-heldout` | pictures of a word; held-out words are never shown in training |
  ///
  /// `samples/` is described at ``SceneSamples``.
  ///
  /// - Parameters:
  ///   - directory: where to write; files of these names are replaced, each pair at once.
  ///   - options: how many of what.
  ///   - progress: called after every batch with the rows written and the rows in all.
  /// - Returns: the names of the data sets and samples written, relative to `directory`, and why the
  ///   sample video is missing where it is.
  /// - Throws: `.usage` for options out of range; `.io` or `.noInput` where the system refuses.
  @discardableResult
  package static func write(
    to directory: String, options: ScenesOptions,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(InputError) -> ScenesReport {
    try options.check()
    try makeFolder(directory)
    let parts = parts(options)
    let total = parts.reduce(0) { $0 + $1.rows }
    var done = 0
    var report = ScenesReport()
    for part in parts {
      var writer = try TSVWriter(prefix: "\(directory)/\(part.name)")
      for start in stride(from: 0, to: part.rows, by: batch) {
        let range = start..<min(start + batch, part.rows)
        for row in rows(range, of: part, options) {
          try writer.append(
            key: row.annotations[0].key, images: row.images, annotations: row.annotations)
        }
        done += range.count
        progress(done, total)
      }
      try writer.finish()
      report.files += ["\(part.name).img.tsv", "\(part.name).caption.tsv"]
    }
    try SceneSamples.write(to: directory, options: options, report: &report)
    return report
  }

  /// Makes a folder and those above it; one that is there stays as it is.
  static func makeFolder(_ path: String) throws(InputError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        .io, "cannot make the output folder", expected: "a folder, or room to make one",
        found: "\(error)", in: path, advice: "choose another output folder")
    }
  }

  private static func parts(_ options: ScenesOptions) -> [Part] {
    var parts: [Part] = []
    func add(_ name: String, _ content: Content, training: Int, _ splits: [SceneSplit]) {
      guard training > 0 else { return }
      for split in splits {
        let rows = split.isForTraining ? training : options.evaluationRows(beside: training)
        parts.append(
          Part(name: "\(name)-\(split.rawValue)", split: split, content: content, rows: rows))
      }
    }
    let withoutOne: [SceneSplit] = [.train, .validation, .heldout]
    add("scenes", .scene(.image), training: options.images, SceneSplit.allCases)
    add("clips", .scene(.clip), training: options.clips, withoutOne)
    add("words", .sign, training: options.words, withoutOne)
    return parts
  }

  /// A row of a TSV pair.
  private struct Row: Sendable {
    var images: [[UInt8]]
    var annotations: [TextSample]
  }

  /// Renders rows on all threads and returns them in their order.
  private static func rows(
    _ range: Range<Int>, of part: Part, _ options: ScenesOptions
  ) -> [Row] {
    let made = Mutex([(index: Int, row: Row)]())
    let threads = min(options.threads, range.count)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for index in stride(from: range.lowerBound + thread, to: range.upperBound, by: threads) {
        let row = row(index, of: part, options)
        made.withLock { $0.append((index, row)) }
      }
    }
    return made.withLock { $0 }.sorted { $0.index < $1.index }.map(\.row)
  }

  private static func row(_ index: Int, of part: Part, _ options: ScenesOptions) -> Row {
    let pictures: [RGBImage]
    let caption: String
    let questions: [SceneQuestion]
    switch part.content {
    case .scene(let medium):
      let scene = Scene(seed: options.seed, index: index, split: part.split, medium: medium)
      let frames = medium == .clip ? options.frames : 1
      pictures = (0..<frames).map { scene.render(side: options.side, frame: $0, frames: frames) }
      caption = scene.caption
      questions = options.questions ? scene.questions(count: 2) : []
    case .sign:
      let sign = SceneSign(seed: options.seed, index: index, split: part.split)
      pictures = [sign.render(side: options.side)]
      caption = sign.caption
      questions = options.questions ? sign.questions : []
    }
    let digits = String(index)
    let padding = String(repeating: "0", count: max(0, 7 - digits.count))
    let key = "\(part.name)-\(padding)\(digits)"
    let answers = questions.map {
      TextSample(key: key, caption: $0.answer, question: $0.question)
    }
    return Row(
      images: pictures.map { $0.encodedJPEG(quality: 92) },
      annotations: [TextSample(key: key, caption: caption)] + answers)
  }
}

/// What ``SceneWriter`` wrote.
package struct ScenesReport: Sendable, Equatable {
  /// The files and folders of data sets and samples, relative to the output folder.
  package var files: [String] = []
  /// Why there is no sample video; nil where there is one.
  package var videoProblem: InputError?
}
