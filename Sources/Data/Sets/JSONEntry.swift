import FoundationEssentials

/// An element of a list that may be damaged: the others are read all the same.
struct Lossy<Value: Decodable & Sendable>: Decodable, Sendable {
  let value: Value?
  /// Why there is no value.
  let problem: String

  init(from decoder: any Decoder) {
    do {
      value = try Value(from: decoder)
      problem = ""
    } catch {
      value = nil
      problem = AnnotationList.reason(error)
    }
  }
}

/// A name that files write as a number or as text.
struct Identifier: Decodable, Sendable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      text = String(number)
    } else {
      text = try container.decode(String.self)
    }
  }
}

/// One text or several.
struct Texts: Decodable, Sendable {
  let all: [String]

  private struct Answer: Decodable {
    var answer: String
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      all = [text]
    } else if let texts = try? container.decode([String].self) {
      all = texts
    } else {
      all = try container.decode([Answer].self).map(\.answer)
    }
  }
}

/// What lists of images, videos, texts and questions hold, whichever set they are of.
struct JSONEntry: Decodable, Sendable {
  struct Sentence: Decodable, Sendable {
    var raw: String
  }

  struct Region: Decodable, Sendable {
    var region_id: Identifier?
    var image_id: Identifier?
    var phrase: String
    var x: Double
    var y: Double
    var width: Double
    var height: Double
  }

  var id: Identifier?
  var image_id: Identifier?
  var question_id: Identifier?
  var cocoid: Identifier?
  var video_id: Identifier?
  var videoID: Identifier?
  var file_name: String?
  var filename: String?
  var filepath: String?
  var image: String?
  var image_path: String?
  var image_name: String?
  var video: String?
  var split: String?
  var set_name: String?
  var caption: Texts?
  var text: Texts?
  var caption_str: Texts?
  var enCap: Texts?
  var question: String?
  var answer: Texts?
  var answers: Texts?
  var sentences: [Lossy<Sentence>]?
  var regions: [Lossy<Region>]?

  /// What is said, in whatever field.
  var said: [String] { (caption ?? text ?? caption_str ?? enCap)?.all ?? [] }
  /// What is answered.
  var answered: [String] { (answers ?? answer)?.all ?? [] }
  /// The name of the video, where it is one.
  var clip: String? { video ?? videoID?.text ?? video_id?.text }
  /// The name of the image's file, or of the image.
  var picture: String? {
    file_name ?? image ?? image_path ?? image_name
      ?? filename.map { name in filepath.map { "\($0)/\(name)" } ?? name }
  }
}

/// A file of such lists: an object of lists by name, or one list.
struct JSONDocument: Decodable, Sendable {
  typealias List = [Lossy<JSONEntry>]

  var images: List?
  var annotations: List?
  var questions: List?
  var videos: List?
  var sentences: List?
  var data: List?

  private enum CodingKeys: CodingKey {
    case images, annotations, questions, videos, sentences, data
  }

  init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      data = try decoder.singleValueContainer().decode(List.self)
      return
    }
    images = try container.decodeIfPresent(List.self, forKey: .images)
    annotations = try container.decodeIfPresent(List.self, forKey: .annotations)
    questions = try container.decodeIfPresent(List.self, forKey: .questions)
    videos = try container.decodeIfPresent(List.self, forKey: .videos)
    sentences = try container.decodeIfPresent(List.self, forKey: .sentences)
    data = try container.decodeIfPresent(List.self, forKey: .data)
  }
}
