import Checkpoint
import Diagnostics
import Formats

/// `preprocessor_config.json`, or `processor_config.json` of newer releases: how images are prepared.
struct HuggingFacePreprocessing: Decodable {
  /// A side: a number in older files, else by name.
  private struct Size: Decodable {
    /// nil where the two sides are not the same kind of thing as one.
    var side: Int?

    private enum CodingKeys: String, CodingKey {
      case shortestEdge = "shortest_edge"
      case height, width
    }

    init(from decoder: any Decoder) throws {
      if let side = try? decoder.singleValueContainer().decode(Int.self) {
        self.side = side
        return
      }
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      side = try fields.decodeIfPresent(Int.self, forKey: .shortestEdge)
      if side == nil {
        let height = try fields.decode(Int.self, forKey: .height)
        side = try fields.decode(Int.self, forKey: .width) == height ? height : nil
        isWhole = true
      }
    }

    /// Both sides are given: a size to stretch to, or to crop.
    var isWhole = false
  }

  /// Newer releases put it beside the settings of the tokenizer.
  private struct Processor: Decodable {
    var imageProcessor: HuggingFacePreprocessing

    private enum CodingKeys: String, CodingKey { case imageProcessor = "image_processor" }
  }

  private var resizes: Bool
  private var size: Size
  private var resample: Int
  private var crops: Bool
  private var cropSize: Size
  /// Absent in the oldest files, which always rescale.
  private var rescales: Bool?
  private var rescaleFactor: Double?
  private var normalizes: Bool
  private var mean: [Float]
  private var standardDeviation: [Float]

  private enum CodingKeys: String, CodingKey {
    case resizes = "do_resize"
    case size, resample
    case crops = "do_center_crop"
    case cropSize = "crop_size"
    case rescales = "do_rescale"
    case rescaleFactor = "rescale_factor"
    case normalizes = "do_normalize"
    case mean = "image_mean"
    case standardDeviation = "image_std"
  }

  /// Reads the folder's file for a model of this size.
  ///
  /// - Throws: `.noInput` where there is none; `.badData` naming what the runtime does not do.
  static func read(_ folder: SourceFolder, imageSize: Int) throws(InputError) -> Preprocessing {
    let (older, newer) = ("preprocessor_config.json", "processor_config.json")
    guard folder.has(older) || folder.has(newer) else {
      throw InputError(
        .noInput, "no preprocessing", expected: "\(older) or \(newer)", found: "neither",
        in: folder.path, advice: "download it too, or save the processor beside the model")
    }
    let name = folder.has(older) ? older : newer
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the preprocessing cannot be used", expected: expected, found: found,
        in: folder.path(name), advice: "use the file of a GIT model, unchanged")
    }
    let bytes = try folder.bytes(name)
    let invalid: (String) -> InputError = { fail("JSON of an image processor", $0) }
    let read: HuggingFacePreprocessing
    if name == older {
      read = try DecodedJSON.decode(bytes, failure: invalid)
    } else {
      let processor: Processor = try DecodedJSON.decode(bytes, failure: invalid)
      read = processor.imageProcessor
    }
    guard read.resizes, read.crops, read.normalizes, read.rescales ?? true else {
      throw fail("do_resize, do_center_crop, do_rescale and do_normalize", "one switched off")
    }
    guard !read.size.isWhole, read.size.side == imageSize else {
      throw fail(
        "size.shortest_edge \(imageSize), as in config.json",
        read.size.isWhole ? "height and width" : "\(read.size.side ?? 0)")
    }
    guard read.cropSize.side == imageSize else {
      throw fail(
        "crop_size \(imageSize), as in config.json",
        read.cropSize.side.map { "\($0)" } ?? "no square")
    }
    let factor = read.rescaleFactor ?? 1 / 255
    guard abs(factor * 255 - 1) < 1e-6 else { throw fail("rescale_factor 1/255", "\(factor)") }
    // Pillow's numbers.
    guard let resample = [2: Preprocessing.Resample.bilinear, 3: .bicubic][read.resample] else {
      throw fail("resample 2 (bilinear) or 3 (bicubic)", "\(read.resample)")
    }
    let preprocessing = Preprocessing(
      imageSize: imageSize, geometry: .centerCrop(.floor), resample: resample, mean: read.mean,
      standardDeviation: read.standardDeviation)
    if let fault = preprocessing.fault {
      throw fail("\(fault.field.rawValue) \(fault.expected)", fault.found)
    }
    return preprocessing
  }
}
