import Diagnostics
import Formats
import FoundationEssentials

/// Data sets that are JSON files beside a folder of images or videos, told apart by what they hold.
///
/// | set | what the file holds |
/// |---|---|
/// | COCO captions | `images` and `annotations` with `image_id` and `caption` |
/// | Karpathy's split | `images` with `sentences` and `split` |
/// | VQAv2 | `questions`; the answers are in a file beside it |
/// | Visual Genome | a list of `regions` with `phrase` and a rectangle |
/// | MSR-VTT | `videos` and `sentences` with `video_id` |
/// | others | a list, or `data`: an image or video each, with captions or a question and answers |
///
/// - Source: the sets' own files; the last form is that of VATEX, TextVQA, TextCaps, LAVIS and others.
enum JSONSet {
  /// Opens the set at a location.
  ///
  /// - Throws: `.noInput`, `.io` or `.badData` where the file cannot be read, is of no known form, or
  ///   gives no row.
  static func open(_ location: DatasetLocation) throws(InputError) -> FileDataset {
    let document = try read(location.path)
    if document.questions != nil { return try questions(document, location) }
    if let annotations = document.annotations {
      if let images = document.images { return try captions(images, annotations, location) }
      if annotations.contains(where: { $0.value?.answers != nil }) {
        return try questions(document, location)
      }
    }
    if let images = document.images, images.contains(where: { $0.value?.sentences != nil }) {
      return try karpathy(images, location)
    }
    if let sentences = document.sentences {
      return try videoSentences(document.videos ?? [], sentences, location)
    }
    if let data = document.data {
      return data.contains(where: { $0.value?.regions != nil })
        ? try regions(data, location) : try list(data, location)
    }
    throw InputError(
      .badData, "the JSON file is of no known form",
      expected: "captions, questions, regions or videos as docs/data.md has them",
      found: "none of their lists", in: location.path, advice: "check that it is the right file")
  }

  /// Opens an `imagefolder`: a line per image, `{"file_name", "text"}`.
  static func openMetadata(
    _ location: DatasetLocation, folder: String
  ) throws(InputError) -> FileDataset {
    var inside = location
    inside.images = location.images ?? folder
    let path = "\(folder)/metadata.jsonl"
    inside.path = location.path.hasSuffix(".jsonl") ? location.path : path
    let lines = try TextLines.read(inside.path).filter { !$0.allSatisfy(\.isWhitespace) }
    let entries = lines.map { line in
      (try? JSONDecoder().decode(Lossy<JSONEntry>.self, from: Data(line.utf8)))
    }
    return try list(entries, inside)
  }

  static func read(_ path: String) throws(InputError) -> JSONDocument {
    let file = try FileMapping(path: path)
    do {
      return try withExtendedLifetime(file) {
        try JSONDecoder().decode(JSONDocument.self, from: Data(file.bytes))
      }
    } catch {
      throw InputError(
        .badData, "the data set is not JSON of a known form", expected: "a list, or lists by name",
        found: AnnotationList.reason(error), in: path, advice: "fetch the file again")
    }
  }

  static func damaged(
    _ what: String, _ found: String, _ index: Int, _ location: DatasetLocation
  ) -> InputError {
    InputError(
      .badData, "an entry cannot be used", expected: what, found: found,
      in: "\(location.path), entry \(index + 1)", advice: "correct or remove the entry")
  }

  // MARK: Forms

  private static func captions(
    _ images: JSONDocument.List, _ annotations: JSONDocument.List, _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    var builder = try RowBuilder(location, clips: false)
    try builder.refuseSplit()
    var names: [String: String] = [:]
    for image in images {
      if let id = image.value?.id?.text { names[id] = image.value?.picture }
    }
    for (index, annotation) in annotations.enumerated() {
      guard let entry = annotation.value, let id = entry.image_id?.text, !entry.said.isEmpty else {
        builder.skip(
          damaged("image_id and caption", annotation.found("a field is missing"), index, location))
        continue
      }
      builder.add(
        key: id, files: [names[id]].compactMap { $0 } + imageNames(id),
        texts: entry.said.map { TextSample(key: id, caption: $0) })
    }
    return try builder.dataset()
  }

  private static func karpathy(
    _ images: JSONDocument.List, _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    var builder = try RowBuilder(location, clips: false)
    let splits = try SplitFilter(
      location, known: Set(images.compactMap { $0.value?.split }))
    for (index, image) in images.enumerated() {
      guard let entry = image.value, let name = entry.picture, let filename = entry.filename else {
        builder.skip(
          damaged("filename and sentences", image.found("no filename"), index, location))
        continue
      }
      guard splits.contains(entry.split) else { continue }
      // Microsoft's key is the COCO number.
      let key = entry.cocoid?.text ?? filename
      let texts = (entry.sentences ?? []).compactMap { $0.value?.raw }
      builder.add(
        key: key, files: [name, filename],
        texts: texts.map { TextSample(key: key, caption: $0) })
    }
    return try builder.dataset()
  }

  private static func regions(
    _ images: JSONDocument.List, _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    var builder = try RowBuilder(location, clips: false)
    try builder.refuseSplit()
    for (index, image) in images.enumerated() {
      guard let entry = image.value, let regions = entry.regions else {
        builder.skip(damaged("id and regions", image.found("no regions"), index, location))
        continue
      }
      for (number, region) in regions.enumerated() {
        guard let part = region.value, let id = (part.image_id ?? entry.image_id ?? entry.id)?.text,
          let rectangle = FileDataset.Region(part)
        else {
          builder.skip(
            damaged("phrase, x, y, width, height", region.found("other fields"), index, location))
          continue
        }
        let key = part.region_id?.text ?? "\(id)-\(number)"
        builder.add(
          key: key, files: imageNames(id), region: rectangle,
          texts: [TextSample(key: key, caption: part.phrase)])
      }
    }
    return try builder.dataset()
  }

  private static func videoSentences(
    _ videos: JSONDocument.List, _ sentences: JSONDocument.List, _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    var builder = try RowBuilder(location, clips: true)
    var splitOf: [String: String] = [:]
    for video in videos {
      if let id = video.value?.video_id?.text { splitOf[id] = video.value?.split }
    }
    let splits = try SplitFilter(location, known: Set(splitOf.values))
    for (index, sentence) in sentences.enumerated() {
      guard let entry = sentence.value, let id = entry.video_id?.text, !entry.said.isEmpty else {
        builder.skip(
          damaged("video_id and caption", sentence.found("a field is missing"), index, location))
        continue
      }
      guard splits.contains(splitOf[id]) else { continue }
      builder.add(
        key: id, files: [id], texts: entry.said.map { TextSample(key: id, caption: $0) })
    }
    return try builder.dataset()
  }

  /// A list of images or videos, each with what is said about it; a nil entry is no JSON at all.
  private static func list(
    _ entries: [Lossy<JSONEntry>?], _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    let clips = entries.contains { $0?.value?.clip != nil }
    var builder = try RowBuilder(location, clips: clips)
    let known = Set(entries.compactMap { $0?.value?.split ?? $0?.value?.set_name })
    let splits = try SplitFilter(location, known: known)
    for (index, element) in entries.enumerated() {
      let entry = element?.value
      guard let entry, let name = clips ? entry.clip : entry.picture ?? entry.image_id?.text else {
        builder.skip(
          damaged(
            "a file name, and a caption or a question with its answer",
            element?.found("none of these fields") ?? "text that is not JSON", index, location))
        continue
      }
      guard splits.contains(entry.split ?? entry.set_name) else { continue }
      let texts =
        entry.question.map { question in
          entry.answered.map { TextSample(key: name, caption: $0, question: question) }
        } ?? entry.said.map { TextSample(key: name, caption: $0) }
      builder.add(
        key: name, files: [name] + (entry.image_id.map { imageNames($0.text) } ?? []), texts: texts)
    }
    return try builder.dataset()
  }

  /// Names that an image known by a number may have.
  static func imageNames(_ id: String) -> [String] {
    let padded = String(repeating: "0", count: max(0, 12 - id.count)) + id
    return [id, padded]
      + ["train2014", "val2014", "test2015"].map { "COCO_\($0)_\(padded)" }
  }
}

extension Lossy {
  /// Why an entry is of no use: it could not be read, or `otherwise`.
  func found(_ otherwise: String) -> String { value == nil ? problem : otherwise }
}

extension FileDataset.Region {
  /// Rounded to whole pixels; nil for numbers that are none.
  fileprivate init?(_ region: JSONEntry.Region) {
    let numbers = [region.x, region.y, region.width, region.height]
    guard numbers.allSatisfy({ $0.isFinite && abs($0) < 1e9 }) else { return nil }
    let whole = numbers.map { Int($0.rounded()) }
    self.init(left: whole[0], top: whole[1], width: max(1, whole[2]), height: max(1, whole[3]))
  }
}

/// The splits that are wanted, such as "train+restval".
struct SplitFilter {
  private let wanted: Set<String>?

  /// - Throws: `.usage` where one of them is none of the set's.
  init(_ location: DatasetLocation, known: Set<String>) throws(InputError) {
    wanted = location.split.map { Set($0.split(separator: "+").map(String.init)) }
    guard let unknown = wanted?.subtracting(known).min() else { return }
    throw InputError(
      .usage, "the data set has no such split",
      expected: known.isEmpty ? "no split" : known.sorted().joined(separator: ", "),
      found: "'\(unknown)'", in: location.path,
      advice: "choose a split of the set, or several with +")
  }

  func contains(_ split: String?) -> Bool {
    guard let wanted else { return true }
    return split.map(wanted.contains) ?? false
  }
}
