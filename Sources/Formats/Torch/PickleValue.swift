/// What a pickle of tensors is made of.
///
/// Containers lie in a list and are named by their index, so neither a cycle nor a nesting of
/// millions in a file can exhaust the stack of who reads or frees them.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  /// A function or type that may be called, or a storage type.
  case global(PickleGlobal)
  /// An index in ``PickleReader/objects``.
  case object(Int)

  /// What messages call it.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer: "an int"
    case .float: "a float"
    case .string: "a string"
    case .global(let global): "the name \(global.name)"
    case .object: "an object"
    }
  }
}

/// A container, a storage or a tensor.
enum PickleObject {
  case tuple([PickleValue])
  case list([PickleValue])
  case dict([(key: PickleValue, value: PickleValue)])
  case storage(TorchStorage)
  case tensor(TorchTensor)
}

/// Numbers of one type in an entry of their own.
struct TorchStorage: Equatable {
  /// The entry's name within the archive's `data` folder.
  var key: String
  var dtype: SafetensorsDType
  /// Numbers, not bytes.
  var count: Int
}

/// A view of a storage; not checked against it yet.
struct TorchTensor: Equatable {
  var storage: TorchStorage
  /// The first number.
  var offset: Int
  var shape: [Int]
  /// Per axis, in numbers.
  var strides: [Int]
}

/// The only names of Python that a pickle may mention.
enum PickleGlobal: Equatable {
  case orderedDict
  case rebuildTensor
  case rebuildParameter
  case storage(SafetensorsDType)

  private static let known: [String: PickleGlobal] = [
    "collections.OrderedDict": .orderedDict,
    "torch._utils._rebuild_tensor_v2": .rebuildTensor,
    "torch._utils._rebuild_parameter": .rebuildParameter,
    "torch.FloatStorage": .storage(.f32), "torch.HalfStorage": .storage(.f16),
    "torch.BFloat16Storage": .storage(.bf16), "torch.LongStorage": .storage(.i64),
    "torch.IntStorage": .storage(.i32), "torch.ByteStorage": .storage(.u8),
    "torch.CharStorage": .storage(.i8), "torch.BoolStorage": .storage(.bool),
  ]

  /// nil for every other name.
  init?(module: String, name: String) {
    guard let known = Self.known["\(module).\(name)"] else { return nil }
    self = known
  }

  var name: String { Self.known.first { $0.value == self }?.key ?? "" }
}
