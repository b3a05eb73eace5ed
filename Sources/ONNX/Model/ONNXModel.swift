/// What gitc knows of an ONNX model: one graph of the standard operators.
struct ONNXModel {
  /// Integers of one constant.
  static let integerLimit = 1 << 22

  /// The version of the standard operators.
  var opset: Int
  var graph: ONNXGraph
}

struct ONNXGraph {
  var name: String
  var nodes: [ONNXNode] = []
  /// Constants; those that are weights as well.
  var initializers: [ONNXTensor] = []
  /// What the caller gives, and in old files the initializers again.
  var inputs: [ONNXPort] = []
  var outputs: [ONNXPort] = []
}

struct ONNXNode {
  var op: String
  var name = ""
  /// Names of values; empty where an optional one is left out.
  var inputs: [String]
  var outputs: [String]
  var attributes: [String: ONNXAttribute] = [:]
}

enum ONNXAttribute {
  case int(Int)
  case float(Float)
  case string(String)
  case ints([Int])
  case floats([Float])
  case tensor(ONNXTensor)
  /// A kind that no operator known here has.
  case other
}

/// The element types that are read; the raw values are ONNX's.
enum ONNXType: Int32 {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case int32 = 6
  case int64 = 7
  case bool = 9
  case double = 11

  /// Bytes of an element in `raw_data`.
  var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .float, .int32: 4
    case .int64, .double: 8
    }
  }

  var isFloating: Bool {
    switch self {
    case .float, .double: true
    default: false
    }
  }
}

/// A constant tensor, widened or narrowed to what our graphs compute with.
struct ONNXTensor {
  enum Elements {
    case floats([Float])
    case ints([Int])
    case bools([Bool])
  }

  var name: String
  var shape: [Int]
  var elements: Elements
}

/// An input or output of a graph.
struct ONNXPort {
  enum Axis {
    case length(Int)
    case symbol(String)
    case unknown
  }

  var name: String
  var type: ONNXType
  var shape: [Axis]
}
