import Data
package import Diagnostics
import Formats
import FoundationEssentials

/// Reads predictions that some program wrote.
///
/// | form | an entry |
/// |---|---|
/// | JSON list, or JSON lines | `{"key", "prediction", "references"}`; for the key also `image_id`, `question_id` or `id`, for the prediction also `caption` or `answer`; the results files of COCO and VQA are such lists |
/// | TSV | key ⇥ prediction, then references, if any; or key ⇥ JSON list of `{"caption"}` |
///
/// Without references in the file, data gives them.
package enum PredictionFile {
  fileprivate struct Entry: Decodable {
    var key: Identifier?
    var image_id: Identifier?
    var question_id: Identifier?
    var id: Identifier?
    var question: String?
    var prediction: String?
    var caption: String?
    var answer: String?
    var references: [String]?

    /// A name that files write as a number or as text.
    struct Identifier: Decodable {
      let text: String

      init(_ text: String) { self.text = text }

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
          text = String(number)
        } else {
          text = try container.decode(String.self)
        }
      }
    }
  }

  /// Whether a path is one of predictions, not of a plan.
  package static func isNamed(_ path: String) -> Bool {
    [".json", ".jsonl", ".tsv"].contains { path.hasSuffix($0) }
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - data: gives the references; nil where the file has them.
  /// - Returns: the predictions, in the order of the data or of the file.
  /// - Throws: `.noInput`, `.io` or `.badData` where it cannot be read, or a sample of the data has no
  ///   prediction.
  package static func read(
    _ path: String, data: EvaluationData?
  ) throws(InputError) -> [Prediction] {
    let entries = try path.hasSuffix(".tsv") ? table(path) : json(path)
    guard let data else {
      return try entries.enumerated().map { index, entry throws(InputError) in
        guard let references = entry.references, !references.isEmpty else {
          throw InputError(
            .badData, "a prediction has no references", expected: "references in the file",
            found: "none", in: "\(path), entry \(index + 1)",
            advice: "name the data they are from with --data")
        }
        return prediction(
          entry.said, key: entry.name ?? "\(index + 1)", question: entry.question, references)
      }
    }
    var said: [String: String] = [:]
    for entry in entries {
      if let name = entry.name { said[name] = entry.said }
      if let key = entry.name, let question = entry.question {
        said["\(key)\n\(question)"] = entry.said
      }
    }
    return try data.samples.map { sample throws(InputError) in
      let names = [sample.id, sample.question.map { "\(sample.name)\n\($0)" }, sample.name]
      guard let text = names.compactMap({ $0.flatMap { said[$0] } }).first else {
        throw InputError(
          .badData, "a sample has no prediction", expected: "one for \(sample.id ?? sample.name)",
          found: "none among \(entries.count)", in: path, advice: "predict all of the data")
      }
      return prediction(text, key: sample.name, question: sample.question, sample.references)
    }
  }

  private static func prediction(
    _ text: String, key: String, question: String?, _ references: [String]
  ) -> Prediction {
    func words(_ text: String) -> [Substring] {
      text.lowercased().split(whereSeparator: \.isWhitespace)
    }
    return Prediction(
      key: key, question: question, prediction: text, references: references,
      isExact: references.contains { words($0) == words(text) })
  }

  private static func json(_ path: String) throws(InputError) -> [Entry] {
    let file = try FileMapping(path: path)
    return try withExtendedLifetime(file) { () throws(InputError) in
      let bytes = file.bytes
      do {
        guard path.hasSuffix(".jsonl") else {
          return try JSONDecoder().decode([Entry].self, from: Data(bytes))
        }
        return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
          try JSONDecoder().decode(Entry.self, from: Data(line))
        }
      } catch {
        throw InputError(
          .badData, "the predictions cannot be read",
          expected: "a list of {\"key\", \"prediction\"}",
          found: "other JSON, or none", in: path, advice: "see gitc eval --help for the form")
      }
    }
  }

  private static func table(_ path: String) throws(InputError) -> [Entry] {
    let file = try TSVFile(path: path)
    var entries: [Entry] = []
    for row in 0..<file.count {
      let columns = try file.row(row)
      guard columns.count > 1 else {
        throw InputError(
          .badData, "a row has no prediction", expected: "key, tab, prediction",
          found: "\(columns.count) column", in: "\(path), row \(row + 1)", advice: "correct the row"
        )
      }
      var text = columns[1]
      if text.hasPrefix("[{"),
        let list = try? JSONDecoder().decode([Entry].self, from: Data(text.utf8)),
        let first = list.first
      {
        text = first.said
      }
      entries.append(
        Entry(key: columns[0], prediction: text, references: Array(columns.dropFirst(2))))
    }
    return entries
  }
}

extension PredictionFile.Entry {
  fileprivate init(key: String, prediction: String, references: [String]) {
    self.key = Identifier(key)
    self.prediction = prediction
    self.references = references
  }

  fileprivate var said: String { prediction ?? caption ?? answer ?? "" }
  fileprivate var name: String? { (key ?? question_id ?? image_id ?? id)?.text }
}
