public import Diagnostics
import Formats
import Runtime
import Tokenizer

/// The names of classes, one of which is generated: image classification by captioning.
///
/// Made by the captioner that uses them; see ``Captioner/classes(path:)``.
public struct CaptionClasses: Sendable, Equatable {
  /// As they are told.
  public let names: [String]
  /// The tokens of each name and [SEP].
  let trie: TokenTrie
}

extension Captioner {
  /// Reads names of classes from a file, one per line; blank lines and spaces around names do not
  /// count, and a line that is there twice counts once.
  ///
  /// - Parameter path: a UTF-8 file.
  /// - Returns: the classes.
  /// - Throws: `InputError`: `.noInput` or `.io` where the file cannot be read; `.badData` where it is
  ///   not UTF-8, and as ``classes(_:place:)``.
  public func classes(path: String) throws(InputError) -> CaptionClasses {
    let file = try FileMapping(path: path)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw InputError(
        .badData, "the classes are not text", expected: "UTF-8, one name per line",
        found: "bytes that are not UTF-8", in: path, advice: "save the file as UTF-8")
    }
    return try classes(text.split(whereSeparator: \.isNewline).map(String.init), place: path)
  }

  /// Prepares names of classes for this model.
  ///
  /// - Parameters:
  ///   - names: spaces around them are taken off, blank ones and repetitions left out.
  ///   - place: where they are from, for errors.
  /// - Returns: the classes.
  /// - Throws: `InputError` of kind `.badData` where there is no name, where the vocabulary cannot
  ///   spell one, or where two are the same to the model, as "Crane" and "crane" are.
  public func classes(
    _ names: [String], place: String = "the classes"
  ) throws(InputError) -> CaptionClasses {
    let vocabulary = tokenizer.vocabulary
    var known: [String] = []
    var sequences: [[Int]] = []
    var firsts: [[Int]: String] = [:]
    for line in names {
      let name = String(line.trimmingSpaces)
      if name.isEmpty { continue }
      let tokens = tokenizer.encode(name)
      guard !tokens.isEmpty, !tokens.contains(vocabulary.unknownID),
        !tokens.contains(vocabulary.endID)
      else {
        throw InputError(
          .badData, "a class cannot be spelled", expected: "words of the model's vocabulary",
          found: "'\(name)'", in: place, advice: "write it otherwise or leave it out")
      }
      if let first = firsts[tokens] {
        if first == name { continue }
        throw InputError(
          .badData, "two classes are the same to the model", expected: "names of different tokens",
          found: "'\(first)' and '\(name)'", in: place, advice: "make one more precise")
      }
      firsts[tokens] = name
      known.append(name)
      sequences.append(tokens + [vocabulary.endID])
    }
    if known.isEmpty {
      throw InputError(
        .badData, "there are no classes", expected: "one name per line", found: "none", in: place,
        advice: "list the names to choose from")
    }
    return CaptionClasses(names: known, trie: TokenTrie(sequences))
  }
}

extension CaptionClasses {
  /// The class that was generated.
  func name(of tokens: some Sequence<Int>) -> String? { trie.index(of: tokens).map { names[$0] } }
}

extension StringProtocol {
  /// Without white space at both ends.
  fileprivate var trimmingSpaces: SubSequence {
    let start = drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { start[...$0] } ?? start[start.endIndex...]
  }
}
