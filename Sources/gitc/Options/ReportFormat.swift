import ArgumentParser
import Diagnostics
import FoundationEssentials

/// Text for people, or JSON for programs.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
}

/// The one form of JSON that commands print.
enum JSONText {
  /// A value with keys in snake case and sorted, so that equal results are equal bytes; on one line
  /// unless `lines` is true.
  static func of(_ value: some Encodable, lines: Bool = true) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if lines { encoder.outputFormatting.insert(.prettyPrinted) }
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      // Reports have no keys but strings and no numbers but finite ones.
      preconditionFailure("\(type(of: value)) has no JSON: \(error)")
    }
  }
}
