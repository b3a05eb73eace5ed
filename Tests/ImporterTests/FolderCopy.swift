import Checkpoint
import Diagnostics
import Formats
import Foundation
import Importer
import Testing

/// A copy of a golden folder that a test damages.
final class FolderCopy {
  let url: URL

  init(of name: String) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: ImportGolden.path(name), toPath: url.path)
  }

  deinit {
    do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(error)") }
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: url.appending(path: name))
  }

  /// Changes a JSON file: `edit` gets its root object.
  func edit(_ name: String, _ edit: (inout [String: Any]) throws -> Void) throws {
    let data = try Data(contentsOf: url.appending(path: name))
    var root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    try edit(&root)
    try JSONSerialization.data(withJSONObject: root).write(to: url.appending(path: name))
  }

  /// Writes `model.safetensors` again with other tensors.
  func editTensors(
    _ edit: (inout [(name: String, tensor: WeightTensor)]) throws -> Void
  ) throws {
    let file = try SafetensorsFile(path: path("model.safetensors"))
    var tensors = try file.names.map { (name: $0, tensor: try file.floats($0)) }
    try edit(&tensors)
    try SafetensorsWriter.write(tensors, to: path("model.safetensors"))
  }

  /// The error that importing gives: one line of the form all have, of kind `kind`, with these parts.
  func expectError(
    _ kind: InputError.Kind, _ parts: String..., at location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: InputError.self, sourceLocation: location) {
      try ModelImport.checkpoint(folder: self.url.path)
    }
    guard let error else { return }
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    #expect(!error.description.contains("\n"), "\(error)", sourceLocation: location)
    for part in parts {
      #expect(error.description.contains(part), "\(error)", sourceLocation: location)
    }
  }
}
