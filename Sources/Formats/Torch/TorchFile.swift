package import Diagnostics

/// The tensors of a state dict that `torch.save` wrote.
///
/// The zip form of PyTorch 1.6 and later, mapped and checked; nothing in it is run (``PickleReader``).
/// Checksums of the archive are not compared: with large files that costs more than reading them.
package final class TorchFile: Sendable {
  /// The file, for messages.
  package let place: String
  /// Type and shape of every tensor, by name.
  package let tensors: [String: SafetensorsEntry]
  /// The names in the order of the state dict.
  package let names: [String]
  /// Per axis, in numbers.
  private let strides: [String: [Int]]
  private let storage: ByteStorage

  /// Maps a file and finds the state dict under `key` of the dict it holds.
  ///
  /// - Throws: `.noInput` or `.io` where the file cannot be read; `.badData` for the older form of
  ///   `torch.save`, anything that is no dict of tensors, and damage.
  package convenience init(path: String, key: String) throws(InputError) {
    try self.init(.mapping(FileMapping(path: path)), key: key, place: path)
  }

  /// Reads a file in memory, copying it; `place` says in messages where it came from.
  ///
  /// - Throws: `.badData` as for files.
  package convenience init(bytes: [UInt8], key: String, place: String) throws(InputError) {
    try self.init(ByteStorage(copying: bytes), key: key, place: place)
  }

  private init(_ storage: ByteStorage, key: String, place: String) throws(InputError) {
    self.storage = storage
    self.place = place
    defer { extendLifetime(storage) }
    let archive = try TorchArchive(storage.bytes, place: place)
    var reader = PickleReader(archive.pickle, place: "\(place), data.pkl")
    let root = try reader.read()
    let model = try Self.members(root, of: reader, "a dict with the key '\(key)'")
      .first { $0.name == key }
    guard let model else {
      throw reader.fail("a dict with the key '\(key)'", "one without it")
    }
    var tensors: [String: SafetensorsEntry] = [:]
    var strides: [String: [Int]] = [:]
    var names: [String] = []
    let what = "a dict of tensors under '\(key)'"
    for (name, value) in try Self.members(model.value, of: reader, what) {
      guard case .object(let index) = value, case .tensor(let tensor) = reader.objects[index] else {
        throw reader.fail(what, "\(value.kind) as '\(name.prefix(200))'")
      }
      tensors[name] = SafetensorsEntry(
        dtype: tensor.storage.dtype, shape: tensor.shape,
        range: try archive.range(of: tensor, name: name))
      strides[name] = tensor.strides
      names.append(name)
    }
    (self.tensors, self.strides, self.names) = (tensors, strides, names)
  }

  /// The pairs of a dict whose keys are strings, each once.
  private static func members(
    _ value: PickleValue, of reader: PickleReader, _ expected: String
  ) throws(InputError) -> [(name: String, value: PickleValue)] {
    guard case .object(let index) = value, case .dict(let pairs) = reader.objects[index] else {
      throw reader.fail(expected, value.kind)
    }
    var seen: Set<String> = []
    var members: [(name: String, value: PickleValue)] = []
    for (key, value) in pairs {
      guard case .string(let name) = key else { throw reader.fail("names as keys", key.kind) }
      guard seen.insert(name).inserted else {
        throw reader.fail("each name once", "'\(name.prefix(200))' again")
      }
      members.append((name, value))
    }
    return members
  }

  /// The floats of a tensor of type F32, F16 or BF16; they stay in the file where they lie in order.
  ///
  /// - Precondition: there is such a tensor of such a type.
  package func floats(_ name: String) -> WeightTensor {
    guard let entry = tensors[name], let strides = strides[name], entry.dtype.isFloat else {
      preconditionFailure("no floats '\(name)'")
    }
    let whole = WeightTensor(
      shape: [entry.range.count / entry.dtype.byteCount], storage: storage, range: entry.range,
      dtype: entry.dtype)
    return Self.view(whole, shape: entry.shape, strides: strides)
  }

  private static func view(
    _ numbers: WeightTensor, shape: [Int], strides: [Int]
  ) -> WeightTensor {
    var natural = 1
    var inOrder = true
    for (length, stride) in zip(shape, strides).reversed() where length != 1 {
      if stride != natural { inOrder = false }
      natural *= length
    }
    if inOrder { return numbers.reshaped(shape) }
    return numbers.withFloats { values in
      var result: [Float] = []
      result.reserveCapacity(natural)
      func visit(_ axis: Int, _ offset: Int) {
        guard axis < shape.count else { return result.append(values[offset]) }
        for index in 0..<shape[axis] { visit(axis + 1, offset + index * strides[axis]) }
      }
      visit(0, 0)
      return WeightTensor(shape: shape, values: result)
    }
  }
}

/// The entries of a file that `torch.save` wrote.
private struct TorchArchive {
  let pickle: UnsafeRawBufferPointer
  private let directory: ZipDirectory
  /// The folder all entries lie in, with its slash.
  private let folder: String
  private let place: String

  init(_ file: UnsafeRawBufferPointer, place: String) throws(InputError) {
    self.place = place
    // A pickle of protocol 2 and later, whose first value is the number the older form begins with.
    if file.count > 1, file[0] == 0x80, file[1] <= 5 {
      throw InputError(
        .badData, "a file in the older form of torch.save",
        expected: "the zip form of PyTorch 1.6 and later", found: "a bare pickle", in: place,
        advice: "load it with PyTorch and save it again with torch.save")
    }
    directory = try ZipDirectory(file, place: place)
    let pickles = directory.entries.keys.filter {
      $0.hasSuffix("/data.pkl") && $0.count { $0 == "/" } == 1
    }
    guard pickles.count == 1, let name = pickles.first, let range = directory.entries[name] else {
      throw InputError(
        .badData, "not a file of torch.save", expected: "one entry 'NAME/data.pkl'",
        found: "\(pickles.count) among \(directory.entries.count)", in: place,
        advice: "check that this is model.pt")
    }
    folder = String(name.dropLast("data.pkl".count))
    pickle = UnsafeRawBufferPointer(rebasing: file[range])
    if let order = directory.entries[folder + "byteorder"] {
      let text = String(decoding: file[order], as: UTF8.self)
      guard text == "little" else {
        throw InputError(
          .badData, "numbers of another byte order", expected: "little",
          found: "'\(text.prefix(20))'",
          in: "\(place), entry byteorder", advice: "save the file on a little-endian machine")
      }
    }
  }

  /// The bytes of the file from the first to the last number of a tensor.
  func range(of tensor: TorchTensor, name: String) throws(InputError) -> Range<Int> {
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "tensor '\(name.prefix(200))' does not fit its storage", expected: expected,
        found: found, in: "\(place), entry data/\(tensor.storage.key.prefix(100))",
        advice: "get the file again")
    }
    let (size, count) = (tensor.storage.dtype.byteCount, tensor.storage.count)
    guard let entry = directory.entries["\(folder)data/\(tensor.storage.key)"] else {
      throw fail("an entry of this name", "none")
    }
    guard entry.count / size == count, entry.count % size == 0 else {
      throw fail("\(count) numbers of \(size) bytes", "\(entry.count) bytes")
    }
    guard tensor.shape.count == tensor.strides.count, tensor.offset >= 0 else {
      throw fail("as many strides as axes", "\(tensor.strides.count)")
    }
    // An axis of length 0 does not hide an overflow of the others: whoever reads shapes multiplies.
    var (elements, last) = (1, tensor.offset)
    for (length, stride) in zip(tensor.shape, tensor.strides) {
      let (product, overflow) = elements.multipliedReportingOverflow(by: max(1, length))
      let (reach, farOverflow) = max(0, length - 1).multipliedReportingOverflow(by: stride)
      let (end, endOverflow) = last.addingReportingOverflow(reach)
      guard length >= 0, stride >= 0, !overflow, !farOverflow, !endOverflow,
        product <= Int.max / size
      else { throw fail("at most \(count) numbers", "shape \(tensor.shape)") }
      (elements, last) = (product, end)
    }
    guard !tensor.shape.contains(0) else { return entry.lowerBound..<entry.lowerBound }
    guard elements <= count, last < count else {
      throw fail("numbers up to \(count - 1)", "\(elements) up to number \(last)")
    }
    return entry.lowerBound + tensor.offset * size..<entry.lowerBound + (last + 1) * size
  }
}
