import CFormats
import Diagnostics
import Formats

extension ONNXReader {
  /// A constant: from its raw bytes, its typed list, or the file beside the model that it names.
  func tensor(
    _ message: Onnx__TensorProto, _ field: String
  ) throws(InputError) -> ONNXTensor {
    let name = try text(message.name, "\(field).name")
    let field = name.isEmpty ? field : "\(field) '\(name.cut(to: 200))'"
    guard let type = ONNXType(rawValue: message.data_type) else {
      throw error(
        field, expected: "float, double, integers or bools",
        found: "element type \(message.data_type)")
    }
    let shape = UnsafeBufferPointer(start: message.dims, count: message.n_dims).map { Int($0) }
    var count = type.byteCount
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else {
        throw error(field, expected: "a shape that can be addressed", found: "\(shape.prefix(8))")
      }
      count = product
    }
    count /= type.byteCount
    try checkIntegers(type.isFloating || type == .bool ? 0 : count, field)
    var tensor = ONNXTensor(name: name, shape: shape, elements: .ints([]))
    if message.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL {
      let (file, range) = try external(message, byteCount: count * type.byteCount, field)
      defer { extendLifetime(file) }
      tensor.elements = elements(type, UnsafeRawBufferPointer(rebasing: file.bytes[range]))
    } else if message.has_raw_data != 0 {
      guard message.raw_data.len == count * type.byteCount else {
        throw error(
          field, expected: "\(count * type.byteCount) bytes for shape \(shape)",
          found: "\(message.raw_data.len)")
      }
      tensor.elements = elements(
        type, UnsafeRawBufferPointer(start: message.raw_data.data, count: message.raw_data.len))
    } else {
      tensor.elements = try listed(message, type, count, field)
    }
    return tensor
  }

  /// Where the bytes of an external tensor are: in a file of the model's own folder.
  private func external(
    _ message: Onnx__TensorProto, byteCount: Int, _ field: String
  ) throws(InputError) -> (FileMapping, Range<Int>) {
    var entries: [String: String] = [:]
    for entry in try list(message.external_data, message.n_external_data, field) {
      entries[try text(entry.key, field)] = try text(entry.value, field)
    }
    let location = entries["location"] ?? ""
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, parts.allSatisfy({ $0 != ".." && !$0.isEmpty }) else {
      throw error(
        "\(field), location", expected: "a file in the model's folder",
        found: "'\(location.cut(to: 200))'")
    }
    let folder = place.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path = (folder.map(String.init) + [location]).joined(separator: "/")
    let file = try neighbours.file(path)
    let offset = Int(entries["offset"] ?? "0")
    let length = entries["length"].map { Int($0) } ?? byteCount
    guard let offset, offset >= 0, length == byteCount, offset <= file.byteCount,
      byteCount <= file.byteCount - offset
    else {
      throw error(
        "\(field), offset and length", expected: "\(byteCount) bytes within \(file.byteCount)",
        found: "\(entries["length"] ?? "no length") at \(entries["offset"] ?? "0")")
    }
    guard neighbours.take(byteCount, of: path) else {
      throw error(
        "\(field), location", expected: "parts of '\(location.cut(to: 200))' that do not overlap",
        found: "more bytes than it has, \(file.byteCount)")
    }
    return (file, offset..<offset + byteCount)
  }

  /// Integers are few: shapes, positions and tables of indices, each of which the importer can compute with.
  func checkIntegers(_ count: Int, _ field: String) throws(InputError) {
    let limit = ONNXModel.integerLimit
    guard count <= limit else {
      throw error(field, expected: "at most \(limit) integers", found: "\(count)")
    }
  }

  private func elements(_ type: ONNXType, _ bytes: UnsafeRawBufferPointer) -> ONNXTensor.Elements {
    func map<Bits: BitwiseCopyable, Element>(_ convert: (Bits) -> Element) -> [Element] {
      let size = MemoryLayout<Bits>.size
      return (0..<bytes.count / size).map {
        convert(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Bits.self))
      }
    }
    switch type {
    case .float:
      return .floats(
        [Float](unsafeUninitializedCapacity: bytes.count / 4) { target, count in
          UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
          count = bytes.count / 4
        })
    case .double: return .floats(map { (value: Double) in Float(value) })
    case .int64: return .ints(map { (value: Int64) in Int(value) })
    case .int32: return .ints(map { (value: Int32) in Int(value) })
    case .int8: return .ints(map { (value: Int8) in Int(value) })
    case .uint8: return .ints(map { (value: UInt8) in Int(value) })
    case .bool: return .bools(map { (value: UInt8) in value != 0 })
    }
  }

  /// The elements of the list that belongs to the type.
  private func listed(
    _ message: Onnx__TensorProto, _ type: ONNXType, _ count: Int, _ field: String
  ) throws(InputError) -> ONNXTensor.Elements {
    let floats = UnsafeBufferPointer(start: message.float_data, count: message.n_float_data)
    let doubles = UnsafeBufferPointer(start: message.double_data, count: message.n_double_data)
    let ints = UnsafeBufferPointer(start: message.int32_data, count: message.n_int32_data)
    let longs = UnsafeBufferPointer(start: message.int64_data, count: message.n_int64_data)
    let (found, elements): (Int, ONNXTensor.Elements) =
      switch type {
      case .float: (floats.count, .floats(Array(floats)))
      case .double: (doubles.count, .floats(doubles.map { Float($0) }))
      case .int64: (longs.count, .ints(longs.map { Int($0) }))
      case .int32, .int8, .uint8: (ints.count, .ints(ints.map { Int($0) }))
      case .bool: (ints.count, .bools(ints.map { $0 != 0 }))
      }
    guard found == count else {
      throw error(field, expected: "\(count) elements", found: "\(found)")
    }
    return elements
  }
}

/// The files beside a model that hold its weights.
///
/// Each is mapped once, and tensors together have no more bytes than it: few bytes of a hostile model
/// could name a large file again and again.
final class NeighbourFiles {
  private var files: [String: (mapping: FileMapping, left: Int)] = [:]

  func file(_ path: String) throws(InputError) -> FileMapping {
    if let known = files[path] { return known.mapping }
    let mapping = try FileMapping(path: path)
    files[path] = (mapping, mapping.byteCount)
    return mapping
  }

  /// Whether that many bytes of a file were left, which they no longer are.
  func take(_ byteCount: Int, of path: String) -> Bool {
    guard let known = files[path], byteCount <= known.left else { return false }
    files[path] = (known.mapping, known.left - byteCount)
    return true
  }
}
