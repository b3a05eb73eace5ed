import Diagnostics
import Formats
import Foundation
import Randomness
import Testing

/// A safetensors file by hand: the header as given, then data.
private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
  let bytes = Array(header.utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) } + bytes + data
}

@Suite("Safetensors")
struct SafetensorsTests {
  private let tensors: [(name: String, tensor: WeightTensor)] = [
    (
      "b.weight",
      WeightTensor(
        shape: [2, 3], values: [0, -0.0, 1.5, .pi, Float(bitPattern: 0x8000_0001), 3e38])
    ),
    ("a \"quoted\" \\ name\n\u{1}é", WeightTensor(shape: [], values: [7])),
    ("empty", WeightTensor(shape: [0, 4], values: [])),
    ("c", WeightTensor(shape: [1], values: [.infinity])),
  ]
  private let metadata = ["z": "line\none", "a": "tab\t\"x\" \u{1F600}", "long": ""]

  @Test("a file reads as it was written, in the same order")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("a"))
    let file = try SafetensorsFile(path: folder.path("a"))
    #expect(file.metadata == metadata)
    #expect(file.names.filter { $0 != "empty" } == tensors.map(\.name).filter { $0 != "empty" })
    #expect(Set(file.names) == Set(tensors.map(\.name)))
    for (name, tensor) in tensors {
      let read = try file.floats(name)
      #expect(read.shape == tensor.shape)
      #expect(read.floats.map(\.bitPattern) == tensor.floats.map(\.bitPattern))
      #expect(file.tensors[name]?.dtype == .f32)
    }
  }

  @Test("equal contents make equal files whose data starts at a multiple of 64")
  func deterministic() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("a"))
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("b"))
    #expect(try folder.read("a") == folder.read("b"))
    let read = try SafetensorsFile(path: folder.path("a"))
    #expect((read.tensors["b.weight"]?.range.lowerBound ?? 1) % 64 == 0)
  }

  @Test("floats are written as the nearest 16 bits")
  func halves() throws {
    let folder = try TemporaryFolder()
    func written(_ values: [Float]) throws -> [Float] {
      let tensor = WeightTensor(shape: [values.count], values: values)
      try SafetensorsWriter.write([("h", tensor)], isHalf: true, to: folder.path("a"))
      let file = try SafetensorsFile(path: folder.path("a"))
      #expect(file.tensors["h"]?.dtype == .f16)
      return try file.floats("h").floats
    }
    // What has 16 bits comes back: every finite number, through the reader that the test above holds
    // against its own arithmetic.
    let all = (UInt16.min...UInt16.max).filter { $0 & 0x7c00 != 0x7c00 }
    let data = all.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let header = """
      {"h":{"dtype":"F16","shape":[\(all.count)],"data_offsets":[0,\(data.count)]}}
      """
    let exact = try SafetensorsFile(bytes: file(header, data), place: "x").floats("h").floats
    #expect(try written(exact).map(\.bitPattern) == exact.map(\.bitPattern))
    // Between two neighbours: the nearer, and of both the even one.
    for (low, high) in [(Float(1), Float(0x1.004p0)), (0x1.ff8p-15, 0x1p-14), (0, 0x1p-24)] {
      let middle = (low + high) / 2
      #expect(try written([middle.nextDown, middle.nextUp]) == [low, high])
      #expect(
        try written([-middle]) == [
          (low / (high - low)).remainder(dividingBy: 2) == 0 ? -low : -high
        ])
    }
    #expect(try written([65519.996, 65520, -.infinity]) == [65504, .infinity, -.infinity])
    #expect(try written([.nan])[0].isNaN)
  }

  @Test("floats of a mapped file are not copied and outlive the file object")
  func lifetime() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, to: folder.path("a"))
    let tensor = try SafetensorsFile(path: folder.path("a")).floats("b.weight")
    #expect(tensor.withFloats { UInt(bitPattern: $0.baseAddress) % 64 } == 0)
    #expect(tensor.floats[3] == .pi)
  }

  @Test("16-bit floats are widened exactly")
  func widening() throws {
    let half: [UInt16] = [0, 0x8000, 0x3c00, 0xc000, 1, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00]
    let expected: [Float] = [
      0, -0.0, 1, -2, 0x1p-24, 0x1.ff8p-15, 0x1p-14, 65504, .infinity, -.infinity,
    ]
    let brain: [UInt16] = [0x3f80, 0xbf80, 0x4049, 0x0001, 0x7f80]
    let data = (half + brain).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let header = """
      {"h":{"dtype":"F16","shape":[10],"data_offsets":[0,20]},
       "b":{"dtype":"BF16","shape":[5],"data_offsets":[20,30]}}
      """
    let read = try SafetensorsFile(bytes: file(header, data), place: "x")
    #expect(try read.floats("h").floats.map(\.bitPattern) == expected.map(\.bitPattern))
    #expect(
      try read.floats("b").floats.map(\.bitPattern) == brain.map { UInt32($0) << 16 })
    for bits in UInt16.min...UInt16.max where bits % 7 == 0 && bits & 0x7c00 != 0x7c00 {
      let one = [UInt8(bits & 255), UInt8(bits >> 8)]
      let header = #"{"h":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}"#
      let value = try SafetensorsFile(bytes: file(header, one), place: "x").floats("h").floats[0]
      let magnitude =
        bits & 0x7c00 == 0
        ? Double(bits & 0x3ff) * 0x1p-24
        : Double(0x400 | bits & 0x3ff) * pow(2, Double(bits >> 10 & 31) - 25)
      #expect(Double(value) == (bits & 0x8000 == 0 ? magnitude : -magnitude), "\(bits)")
    }
  }

  @Test("unaligned floats of other writers are copied, integers refused")
  func otherWriters() throws {
    let header = """
      {"flag":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},
       "ids":{"data_offsets":[1,9],"shape":[1],"dtype":"I64"},
       "w":{"dtype":"F32","shape":[2],"data_offsets":[9,17]}}
      """
    let floats: [Float] = [1.5, -2]
    let data =
      [UInt8](repeating: 1, count: 9)
      + floats.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
      }
    let read = try SafetensorsFile(bytes: file(header, data), place: "x.safetensors")
    #expect(try read.floats("w").floats == floats)
    #expect(read.names == ["flag", "ids", "w"])
    let error = #expect(throws: InputError.self) { try read.floats("ids") }
    #expect(error?.found == "I64")
    #expect(throws: InputError.self) { try read.floats("none") }
  }

  @Test("escapes are read as JSON has them")
  func escapes() throws {
    let header = #" { "__metadata__" : { "\u0041\/\n" : "\ud83d\ude00\"\\\b\f\r\t" } } "#
      .dropFirst()
    let read = try SafetensorsFile(bytes: file(String(header)), place: "x")
    #expect(read.metadata == ["A/\n": "\u{1F600}\"\\\u{8}\u{c}\r\t"])
  }

  private static let one = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#
  private static let rejected: [(header: String, data: Int)] = [
    ("", 0), ("x", 0), ("[]", 0), (" {}", 0), ("{", 0), ("{}}", 0), ("{},", 0), ("{\"a\"}", 0),
    ("{'a':1}", 0), ("{\"a\":1}", 0), ("{\"a\":{}}", 0), ("{}", 1),
    ("{\"a\":{\(one)},}", 4), ("{\"a\":{\(one),}}", 4), ("{\"a\":{\(one)} \"b\":{\(one)}}", 4),
    ("{\"a\":{\(one)},\"a\":{\(one)}}", 4),  // a name twice
    ("{\"\\u0061\":{\(one)},\"a\":{\(one)}}", 4),  // the same, escaped
    ("{\"a\":{\(one),\"dtype\":\"F32\"}}", 4),  // a key twice
    ("{\"a\":{\(one),\"extra\":1}}", 4),
    ("{\"__metadata__\":{},\"__metadata__\":{}}", 0),
    ("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0),
    ("{\"__metadata__\":{\"a\":1}}", 0), ("{\"__metadata__\":[]}", 0),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4),
    ("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8),
    ("{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(String(repeating: "1,", count: 64))1],"
        + "\"data_offsets\":[0,4]}}", 4
    ),  // 65 axes
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,0],\"data_offsets\":[0,0]}}", 0),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3),  // beyond the file
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5),  // bytes left over
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8),  // a hole first
    ("{\"a\":{\(one)},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12),
    ("{\"a\":{\(one)},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6),
    ("{\"a\":{\(one)},\"b\":{\(one)}}", 4),  // the same bytes twice
    (#"{"__metadata__":{"a":"\x"}}"#, 0), (#"{"__metadata__":{"a":"\u12"}}"#, 0),
    (#"{"__metadata__":{"a":"\ud800"}}"#, 0), (#"{"__metadata__":{"a":"\ud800\u0041"}}"#, 0),
    (#"{"__metadata__":{"a":"\udc00"}}"#, 0), ("{\"__metadata__\":{\"a\":\"\n\"}}", 0),
    ("{\"__metadata__\":{\"a\":\"", 0), ("{\"__metadata__\":{\"a\":\"\\", 0),
  ]

  @Test("headers that are not the format's are refused", arguments: rejected)
  func rejection(_ header: String, _ data: Int) {
    let bytes = file(header, [UInt8](repeating: 0, count: data))
    let error = #expect(throws: InputError.self) { try SafetensorsFile(bytes: bytes, place: "x") }
    #expect(error?.kind == .badData)
    #expect(error?.place.hasPrefix("x") == true)
  }

  @Test("a header length beyond the file, the limit or 63 bits is refused")
  func lengths() {
    for length in [3, 100_000_001, UInt64(1) << 63, .max] {
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + Array("{}".utf8)
      #expect(throws: InputError.self) { try SafetensorsFile(bytes: bytes, place: "x") }
    }
    for count in 0..<8 {
      #expect(throws: InputError.self) {
        try SafetensorsFile(bytes: [UInt8](repeating: 0, count: count), place: "x")
      }
    }
  }

  @Test("text that is not UTF-8 is refused, and deep nesting costs nothing")
  func hostile() {
    var bytes = file("{\"__metadata__\":{\"a\":\"?\"}}")
    bytes[8 + 22] = 0xff
    #expect(throws: InputError.self) { try SafetensorsFile(bytes: bytes, place: "x") }
    let deep = "{\"a\":" + String(repeating: "[", count: 1 << 20)
    #expect(throws: InputError.self) { try SafetensorsFile(bytes: file(deep), place: "x") }
  }

  @Test("a file cut short anywhere is refused, whole it is read")
  func truncation() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("a"))
    let bytes = try folder.read("a")
    for end in 0..<bytes.count {
      #expect(throws: InputError.self, "\(end) bytes") {
        try SafetensorsFile(bytes: Array(bytes[..<end]), place: "x")
      }
    }
    #expect(try SafetensorsFile(bytes: bytes, place: "x").names.count == 4)
  }

  @Test("flipped bits give an error or a file of the same size, never a crash")
  func bitFlips() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.path("a"))
    let bytes = try folder.read("a")
    var random = SeededRandom(seed: 99)
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      do {
        let file = try SafetensorsFile(bytes: damaged, place: "x")
        let sizes = file.tensors.values.map(\.range.count)
        let header = damaged.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(sizes.reduce(8 + header, +) == bytes.count)
        for (name, entry) in file.tensors where entry.dtype == .f32 {
          #expect(try file.floats(name).floats.count * 4 == entry.range.count)
        }
      } catch { #expect(error.kind == .badData) }
    }
  }
}
