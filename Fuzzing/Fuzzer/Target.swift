import Checkpoint
import CLibFuzzer
import Diagnostics
import Formats
import Graph
import Media
import ONNX

/// A form of input from outside that is fuzzed.
enum Target: String, CaseIterable {
  /// Bytes of a plan, and running what is accepted.
  case plan
  /// The message gitc.Graph.
  case graph
  /// A graph in its text form.
  case text
  /// A safetensors file that claims to be a checkpoint.
  case checkpoint
  case onnx
  /// What `torch.save` writes.
  case torch
  /// A NumPy array.
  case array
  /// JPEG, PNG and WebP.
  case image

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// In no folder that there is: models may name files beside them.
  private static let place = "nowhere/input"

  /// Loads and checks `bytes`; whatever they are, it ends with a value or an error of the right form.
  func run(_ bytes: UnsafeRawBufferPointer) {
    if let rejection = rejection(of: Array(bytes)) { Rejection.check(rejection) }
  }

  /// Why `bytes` are not taken; nil where they are.
  func rejection(of bytes: [UInt8]) -> InputError? {
    do throws(InputError) { try load(bytes) } catch { return error }
    return nil
  }

  private func load(_ bytes: [UInt8]) throws(InputError) {
    switch self {
    case .plan: try PlanRun.load(bytes, place: Self.place)
    case .graph: try Self.check(Graph(serialized: bytes, place: Self.place))
    case .text:
      let graph = try Graph(text: String(decoding: bytes, as: UTF8.self), place: Self.place)
      try Self.check(graph)
    case .checkpoint:
      let checkpoint = try Checkpoint.read(bytes: bytes, place: Self.place)
      for tensor in checkpoint.parameters.values { _ = tensor.floats }
    case .onnx:
      let model = try ImportedModel.read(bytes: bytes, place: Self.place)
      for tensor in model.parameters.values { _ = tensor.floats }
    case .torch:
      let file = try TorchFile(bytes: bytes, key: "model", place: Self.place)
      for name in file.names where file.tensors[name]?.dtype.isFloat == true {
        if (file.tensors[name]?.shape.reduce(1) { $0.multipliedFull(by: $1) } ?? 0) < 1 << 16 {
          _ = file.floats(name).floats
        }
      }
    case .array: _ = try NPYArray(bytes, place: Self.place)
    case .image: _ = try RGBImage.decode(bytes, place: Self.place, upright: true)
    }
  }

  /// A graph that was accepted is one that can be written and read again.
  private static func check(_ graph: Graph) throws(InputError) {
    let again = try Graph(serialized: graph.serialized, place: "what was written of \(place)")
    precondition(again.text == graph.text, "a graph changed on its way through a file")
  }

  /// Changes an input of `size` bytes in place.
  func mutate(_ buffer: UnsafeMutableBufferPointer<UInt8>, _ size: Int, _ seed: UInt32) -> Int {
    var random = Random(seed)
    // Bytes as libFuzzer changes them are worth something for all; messages that stay messages are
    // worth more.
    let changed: [UInt8]? =
      switch self {
      case .plan, .graph, .onnx:
        random.below(8) == 0 ? nil : MessageMutator.change(Array(buffer[..<size]), &random)
      case .checkpoint: HeaderMutator.change(Array(buffer[..<size]), &random)
      case .text: TextMutator.change(Array(buffer[..<size]), &random)
      case .torch, .array, .image: nil
      }
    guard let changed, changed.count <= buffer.count, let base = buffer.baseAddress else {
      return buffer.baseAddress.map { LLVMFuzzerMutate($0, size, buffer.count) } ?? 0
    }
    base.update(from: changed, count: changed.count)
    return changed.count
  }
}

extension Int {
  /// The product, or `max` where it overflows.
  func multipliedFull(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

/// What every rejection says, whatever was rejected.
enum Rejection {
  /// The longest message in bytes: of five parts that are cut, controls escaped, or of a checkpoint's list
  /// of tensors that differ.
  private static let limit = 1 << 16

  /// Traps, which is a finding, where a part is missing or the message is not one line.
  static func check(_ error: InputError) {
    for part in [error.what, error.expected, error.found, error.place, error.advice] {
      precondition(!part.isEmpty, "a rejection lacks a part: \(error)")
    }
    let line = error.description.utf8
    precondition(line.count <= limit, "a rejection of \(line.count) bytes: \(error)")
    precondition(line.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "controls in a rejection: \(error)")
  }
}

/// A small generator: mutations need speed, not quality.
///
/// - Source: Marsaglia 2003, "Xorshift RNGs".
struct Random {
  private var state: UInt64

  init(_ seed: UInt32) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// 0 ..< `bound`, which is at least 1.
  mutating func below(_ bound: Int) -> Int { Int(next() >> 1) % bound }
}
