import Diagnostics

/// Builds the values of a pickle that holds tensors, and nothing else.
///
/// It knows the opcodes that state dicts need and the names in ``PickleGlobal``. It calls nothing and
/// imports nothing. Memory is in proportion to the pickle's length.
/// - Source: the opcodes as CPython's `pickletools` documents them; the forms of tensors and storages
///   as `torch.save` of PyTorch 1.6 and later writes them.
struct PickleReader {
  /// Containers, storages and tensors, by the index in ``PickleValue/object(_:)``.
  private(set) var objects: [PickleObject] = []
  private var stack: [PickleValue] = []
  /// Stack heights.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var reader: LittleEndianReader
  private let place: String

  /// Far above any model's: git-large has 500 tensors in 60 kB.
  static let byteLimit = 1 << 26
  /// Axes of a tensor.
  private static let rank = 8

  init(_ bytes: UnsafeRawBufferPointer, place: String) {
    reader = LittleEndianReader(bytes)
    self.place = place
  }

  func fail(_ expected: String, _ found: String) -> InputError {
    InputError(
      .badData, "not a pickle of tensors", expected: expected, found: found, in: place,
      advice: "use a file of a state dict that torch.save wrote; nothing in it was run")
  }

  /// The value the pickle stands for.
  ///
  /// - Throws: `.badData` naming the opcode or name that is not allowed, or what does not fit.
  mutating func read() throws(InputError) -> PickleValue {
    guard reader.remaining <= Self.byteLimit else {
      throw fail("at most \(Self.byteLimit) bytes", "\(reader.remaining)")
    }
    while true {
      let position = reader.position
      guard let code: UInt8 = reader.integer() else { throw fail("opcode STOP", "its end") }
      if code == UInt8(ascii: ".") { return try pop() }
      try step(code, at: position)
    }
  }

  private mutating func step(_ code: UInt8, at position: Int) throws(InputError) {
    switch Unicode.Scalar(code) {
    case "\u{80}": _ = try number(UInt8.self)  // PROTO
    case "\u{95}": _ = try number(UInt64.self)  // FRAME
    case "(": marks.append(stack.count)
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "J": stack.append(.integer(Int(try number(Int32.self))))
    case "K": stack.append(.integer(Int(try number(UInt8.self))))
    case "M": stack.append(.integer(Int(try number(UInt16.self))))
    case "\u{8a}": stack.append(.integer(try longInteger()))
    case "G":
      stack.append(.float(Double(bitPattern: try number(UInt64.self).byteSwapped)))
    case "X": stack.append(.string(try text(Int(try number(UInt32.self)))))
    case "\u{8c}": stack.append(.string(try text(Int(try number(UInt8.self)))))
    case "}": push(.dict([]))
    case "]": push(.list([]))
    case ")": push(.tuple([]))
    case "t": push(.tuple(try popToMark()))
    case "\u{85}": push(.tuple(try pop(1)))
    case "\u{86}": push(.tuple(try pop(2)))
    case "\u{87}": push(.tuple(try pop(3)))
    case "q": memo[Int(try number(UInt8.self))] = try top()
    case "r": memo[Int(try number(UInt32.self))] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h": stack.append(try remembered(Int(try number(UInt8.self))))
    case "j": stack.append(try remembered(Int(try number(UInt32.self))))
    case "a": try append([try pop()])
    case "e": try append(try popToMark())
    case "s": try set(try pop(2))
    case "u": try set(try popToMark())
    case "c": try pushGlobal(module: try line(), name: try line())
    case "\u{93}":
      let names = try pop(2)
      guard case .string(let module) = names[0], case .string(let name) = names[1] else {
        throw fail("a module and a name", "\(names[0].kind) and \(names[1].kind)")
      }
      try pushGlobal(module: module, name: name)
    case "Q": push(.storage(try storage(try pop())))
    case "R":
      let call = try pop(2)
      try reduce(call[0], arguments: try tuple(call[1]))
    case "b": try build()
    default: throw fail("opcodes that state dicts need", "\(Self.name(code)) at byte \(position)")
    }
  }

  /// The names of the opcodes that files try: they call what they like, or need another reader.
  private static func name(_ code: UInt8) -> String {
    let names: [UInt8: String] = [
      0x69: "INST", 0x6f: "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2",
      0x84: "EXT4", 0x50: "PERSID", 0x49: "INT", 0x4c: "LONG", 0x53: "STRING", 0x56: "UNICODE",
      0x46: "FLOAT", 0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x64: "DICT", 0x6c: "LIST",
      0x70: "PUT", 0x67: "GET", 0x8b: "LONG4", 0x8e: "BINBYTES8", 0x42: "BINBYTES",
      0x43: "SHORT_BINBYTES", 0x54: "BINSTRING", 0x55: "SHORT_BINSTRING", 0x8f: "EMPTY_SET",
      0x90: "ADDITEMS", 0x91: "FROZENSET", 0x8d: "BINUNICODE8", 0x96: "BYTEARRAY8",
    ]
    return "opcode \(names[code] ?? "0x" + String(code, radix: 16))"
  }

  // MARK: Arguments of opcodes

  private mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type
  ) throws(InputError) -> Number {
    guard let number: Number = reader.integer() else {
      throw fail("\(MemoryLayout<Number>.size) bytes", "\(reader.remaining), cut short")
    }
    return number
  }

  private mutating func text(_ length: Int) throws(InputError) -> String {
    guard let bytes = reader.slice(length) else {
      throw fail("a string of \(length) bytes", "\(reader.remaining), cut short")
    }
    return try text(bytes)
  }

  private mutating func line() throws(InputError) -> String {
    guard let bytes = reader.line() else { throw fail("a line", "its end") }
    return try text(bytes)
  }

  private func text(_ bytes: UnsafeRawBufferPointer) throws(InputError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw fail("UTF-8", "other bytes")
    }
    return text
  }

  /// Two's complement of up to 8 bytes.
  private mutating func longInteger() throws(InputError) -> Int {
    let length = Int(try number(UInt8.self))
    guard length <= 8, let bytes = reader.slice(length) else {
      throw fail("an integer of at most 8 bytes", "\(length)")
    }
    var value = bytes.last.map { $0 >= 0x80 } == true ? -1 : 0
    for byte in bytes.reversed() { value = value << 8 | Int(byte) }
    return value
  }

  // MARK: Stack

  private mutating func push(_ object: PickleObject) {
    objects.append(object)
    stack.append(.object(objects.count - 1))
  }

  private func top() throws(InputError) -> PickleValue {
    guard let last = stack.last, stack.count > marks.last ?? 0 else {
      throw fail("a value on the stack", "none")
    }
    return last
  }

  private mutating func pop() throws(InputError) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  /// The last `count` values, deepest first.
  private mutating func pop(_ count: Int) throws(InputError) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw fail("\(count) values on the stack", "fewer")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(InputError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fail("a mark on the stack", "none") }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private func remembered(_ index: Int) throws(InputError) -> PickleValue {
    guard let value = memo[index] else { throw fail("a value remembered as \(index)", "none") }
    return value
  }

  // MARK: Containers

  private mutating func append(_ values: [PickleValue]) throws(InputError) {
    guard case .object(let index) = try top(), case .list(var list) = objects[index] else {
      throw fail("a list to append to", "\(try top().kind)")
    }
    objects[index] = .list([])  // so that the list grows in place
    list += values
    objects[index] = .list(list)
  }

  /// Sets pairs of the dict on top of the stack.
  private mutating func set(_ values: [PickleValue]) throws(InputError) {
    guard case .object(let index) = try top(), case .dict(var pairs) = objects[index] else {
      throw fail("a dict to set items of", "\(try top().kind)")
    }
    guard values.count % 2 == 0 else { throw fail("keys with values", "a key alone") }
    objects[index] = .dict([])
    for pair in stride(from: 0, to: values.count, by: 2) {
      pairs.append((values[pair], values[pair + 1]))
    }
    objects[index] = .dict(pairs)
  }

  /// State of an `OrderedDict`: the versions of modules, which say nothing about the tensors.
  private mutating func build() throws(InputError) {
    _ = try pop()
    guard case .object(let index) = try top(), case .dict = objects[index] else {
      throw fail("opcode BUILD on a dict alone", "it on \(try top().kind)")
    }
  }

  private func tuple(_ value: PickleValue) throws(InputError) -> [PickleValue] {
    guard case .object(let index) = value, case .tuple(let values) = objects[index] else {
      throw fail("a tuple", value.kind)
    }
    return values
  }

  // MARK: Names

  private mutating func pushGlobal(module: String, name: String) throws(InputError) {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw fail(
        "tensors and dicts alone", "the name \(module.prefix(100)).\(name.prefix(100))")
    }
    stack.append(.global(global))
  }

  private mutating func reduce(
    _ function: PickleValue, arguments: [PickleValue]
  ) throws(InputError) {
    guard case .global(let global) = function else {
      throw fail("a call of a known name", "a call of \(function.kind)")
    }
    switch global {
    case .orderedDict:
      guard arguments.isEmpty else {
        throw fail("an empty OrderedDict", "\(arguments.count) arguments")
      }
      push(.dict([]))
    case .rebuildTensor: push(.tensor(try tensor(arguments)))
    case .rebuildParameter:
      guard case .object(let index)? = arguments.first, case .tensor(let tensor) = objects[index]
      else { throw fail("a parameter of a tensor", arguments.first?.kind ?? "nothing") }
      push(.tensor(tensor))
    case .storage: throw fail("a storage in an entry of its own", "a call of \(global.name)")
    }
  }

  /// `('storage', type, key, device, count)`.
  private func storage(_ value: PickleValue) throws(InputError) -> TorchStorage {
    let parts = try tuple(value)
    guard parts.count == 5, case .string("storage") = parts[0],
      case .global(.storage(let dtype)) = parts[1], case .string(let key) = parts[2],
      case .string = parts[3], case .integer(let count) = parts[4], count >= 0
    else { throw fail("('storage', type, key, device, count)", "another reference") }
    return TorchStorage(key: key, dtype: dtype, count: count)
  }

  /// `(storage, offset, shape, strides, requires_grad, hooks, …)`.
  private func tensor(_ arguments: [PickleValue]) throws(InputError) -> TorchTensor {
    guard arguments.count >= 4, case .object(let index) = arguments[0],
      case .storage(let storage) = objects[index], case .integer(let offset) = arguments[1]
    else { throw fail("(storage, offset, shape, strides)", "other arguments of a tensor") }
    func integers(_ value: PickleValue) throws(InputError) -> [Int] {
      var result: [Int] = []
      let values = try tuple(value)
      // Each tensor copies them, and a few bytes name a tuple again.
      guard values.count <= Self.rank else {
        throw fail("at most \(Self.rank) axes", "\(values.count)")
      }
      for value in values {
        guard case .integer(let number) = value else { throw fail("whole numbers", value.kind) }
        result.append(number)
      }
      return result
    }
    return TorchTensor(
      storage: storage, offset: offset, shape: try integers(arguments[2]),
      strides: try integers(arguments[3]))
  }
}
