import Diagnostics
import FoundationEssentials

/// The JSON column of a caption or question TSV: a list of `{"caption"}` and `{"question","answer"}`.
///
/// Other fields, such as ids, are ignored.
enum AnnotationList {
  private struct Entry: Codable {
    var caption: String?
    var question: String?
    var answer: String?
  }

  /// Reads the list; an empty one is a row without text.
  ///
  /// - Parameters:
  ///   - json: the column.
  ///   - key: the row's key, which all samples get.
  ///   - place: file and row, for the error.
  /// - Returns: one sample per entry, in order.
  /// - Throws: `.badData` where this is no such list.
  static func decode(
    _ json: UnsafeRawBufferPointer, key: String, place: String
  ) throws(InputError) -> [TextSample] {
    let entries: [Entry]
    do {
      entries = try JSONDecoder().decode([Entry].self, from: Data(json))
    } catch {
      throw bad(found: reason(error), place)
    }
    var samples: [TextSample] = []
    for (index, entry) in entries.enumerated() {
      switch (entry.caption, entry.question, entry.answer) {
      case (let caption?, _, nil):
        samples.append(TextSample(key: key, caption: caption, question: entry.question))
      case (nil, let question?, let answer?):
        samples.append(TextSample(key: key, caption: answer, question: question))
      case (let caption, let question, let answer):
        let fields = [("caption", caption), ("question", question), ("answer", answer)]
          .compactMap { $0.1 == nil ? nil : $0.0 }
        throw bad(
          found: fields.isEmpty ? "none of these fields" : fields.joined(separator: " and "),
          "\(place), entry \(index + 1)")
      }
    }
    return samples
  }

  /// Writes the list as the reference does: sorted keys, no spaces.
  ///
  /// A question is written with its answer, anything else as a caption.
  static func encode(_ samples: [TextSample]) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let entries = samples.map { sample in
      sample.question == nil
        ? Entry(caption: sample.caption)
        : Entry(question: sample.question, answer: sample.caption)
    }
    do {
      return Array(try encoder.encode(entries))
    } catch {
      preconditionFailure("strings are always encodable: \(error)")
    }
  }

  private static func bad(found: String, _ place: String) -> InputError {
    InputError(
      .badData, "a row's annotations cannot be read",
      expected: "a JSON list of {\"caption\": …} or {\"question\": …, \"answer\": …}",
      found: found, in: place, advice: "correct the row")
  }

  /// A decoding error in a few words.
  static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.keyNotFound(_, let context):
      let path = context.codingPath.map { $0.intValue.map { "entry \($0 + 1)" } ?? $0.stringValue }
      let words = context.debugDescription
      return path.isEmpty ? "\"\(words)\"" : "\"\(words)\" at \(path.joined(separator: ", "))"
    default: return "text that is not JSON"
    }
  }
}
