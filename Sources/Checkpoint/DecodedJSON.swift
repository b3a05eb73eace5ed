package import Diagnostics
import FoundationEssentials

/// JSON from outside, as the types that say what it must hold.
package enum DecodedJSON {
  /// Decodes `bytes`; keys that `Value` does not name are passed over.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - failure: makes the error of the fault in few words, such as "no 'size' at vision".
  /// - Returns: the value.
  /// - Throws: what `failure` makes.
  package static func decode<Value: Decodable>(
    _ bytes: [UInt8], failure: (String) -> InputError
  ) throws(InputError) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      throw failure(summary(error))
    }
  }

  /// Where and why in few words; the error's own description spans lines.
  private static func summary(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "text that is none" }
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "no '\(key.stringValue)'")
      case .typeMismatch(_, let context): (context, "another type")
      case .valueNotFound(_, let context): (context, "null")
      case .dataCorrupted(let context): (context, "a value that is not known")
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "a fault")
      }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return path.isEmpty ? what : "\(what) at \(path.prefix(200))"
  }
}
