import Diagnostics
import Testing

@testable import Media

@Suite struct PixelArrayTests {
  /// An `.npy` file; version 2 and 3 have a longer length field.
  private func file(
    _ header: String, values: [Float], version: UInt8 = 1, length: Int? = nil
  ) -> [UInt8] {
    let count = length ?? header.utf8.count
    let bytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    let data = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    return NPYHeader.signature + [version, 0] + bytes + Array(header.utf8) + data
  }

  private func header(
    type: String = "'<f4'", order: String = "False", shape: String
  ) -> String {
    "{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }   \n"
  }

  private let six: [Float] = [0, 1, -2.5, 3, 4, 5]

  private func parse(_ bytes: [UInt8]) throws(InputError) -> PixelArray {
    try PixelArray.parse(bytes, place: "x.npy")
  }

  @Test("every version of the format is read", arguments: [1, 2, 3] as [UInt8])
  func versions(_ version: UInt8) throws {
    let array = try parse(file(header(shape: "(3, 1, 2)"), values: six, version: version))
    #expect(array.values == six)
    #expect(array.frames == 1 && array.height == 1 && array.width == 2)
  }

  @Test("keys come in any order, quotes of both kinds, with or without a last comma")
  func dialects() throws {
    let other = #"{"shape":(2,3,1,1),"fortran_order":False,"descr":"<f4"}"#
    let array = try parse(file(other, values: six))
    #expect(array.frames == 2 && array.height == 1 && array.width == 1)
  }

  @Test("an array of frames is loaded and sampled like a clip")
  func loading() throws {
    try withFolder { folder in
      let values = (0..<12).map(Float.init)
      try writeFile(folder + "/x.npy", file(header(shape: "(4, 3, 1, 1)"), values: values))
      #expect(
        try MediaInput.load(path: folder + "/x.npy", maximumFrames: 4)
          == .pixels(values, frames: 4, height: 1, width: 1))
      #expect(
        try MediaInput.load(path: folder + "/x.npy", maximumFrames: 2)
          == .pixels([3, 4, 5, 9, 10, 11], frames: 2, height: 1, width: 1))
    }
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var header: String
    var values: [Float] = [0, 1, -2.5, 3, 4, 5]
    var version: UInt8 = 1
    var length: Int?
    var place: String
  }

  /// Whoever multiplies the lengths must not overflow, in whatever order.
  @Test func anEmptyArrayHasLengthsThatCanBeMultiplied() throws {
    func array(_ shape: String) throws -> NPYArray {
      try NPYArray(file(header(shape: shape), values: []), place: "x.npy")
    }
    #expect(try array("(0, 3)").shape == [0, 3])
    #expect(throws: InputError.self) { try array("(0, 4611686018427387904, 4)") }
    #expect(throws: InputError.self) { try array("(4611686018427387904, 4, 0)") }
  }

  static let wrong: [Wrong] = {
    func header(_ type: String, _ order: String, _ shape: String) -> String {
      "{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }"
    }
    let good = header("'<f4'", "False", "(3, 1, 2)")
    let huge = "4611686018427387904"
    return [
      Wrong(
        testDescription: "double", header: header("'<f8'", "False", "(3, 1, 2)"),
        place: "x.npy, header field descr"),
      Wrong(
        testDescription: "big endian", header: header("'>f4'", "False", "(3, 1, 2)"),
        place: "x.npy, header field descr"),
      Wrong(
        testDescription: "record type", header: header("[('a', '<f4')]", "False", "(3, 1, 2)"),
        place: "x.npy, header"),
      Wrong(
        testDescription: "Fortran order", header: header("'<f4'", "True", "(3, 1, 2)"),
        place: "x.npy, header field fortran_order"),
      Wrong(
        testDescription: "two axes", header: header("'<f4'", "False", "(3, 2)"),
        place: "x.npy, header field shape"),
      Wrong(
        testDescription: "channels last", header: header("'<f4'", "False", "(1, 2, 3)"),
        place: "x.npy, header field shape"),
      Wrong(
        testDescription: "no pixel", header: header("'<f4'", "False", "(3, 0, 2)"),
        place: "x.npy, header field shape"),
      Wrong(
        testDescription: "negative", header: header("'<f4'", "False", "(3, -1, -2)"),
        place: "x.npy, header"),
      Wrong(
        testDescription: "a number beyond 64 bits",
        header: header("'<f4'", "False", "(3, 1, 99999999999999999999)"), place: "x.npy, header"),
      Wrong(
        testDescription: "a product beyond 64 bits",
        header: header("'<f4'", "False", "(\(huge), 3, \(huge), \(huge))"), place: "x.npy"),
      Wrong(
        testDescription: "a product that wraps to the right length",
        header: header("'<f4'", "False", "(\(huge), 3, 1, 2)"), place: "x.npy"),
      Wrong(
        testDescription: "too many axes",
        header: header(
          "'<f4'", "False", "(" + String(repeating: "1, ", count: 1000) + ")"),
        place: "x.npy, header"),
      Wrong(testDescription: "data too short", header: good, values: [1, 2, 3], place: "x.npy"),
      Wrong(
        testDescription: "data too long", header: good, values: [1, 2, 3, 4, 5, 6, 7],
        place: "x.npy"),
      Wrong(
        testDescription: "not a number", header: good, values: [1, 2, .nan, 4, 5, 6],
        place: "x.npy, value 2"),
      Wrong(
        testDescription: "infinite", header: good, values: [1, 2, 3, 4, 5, -.infinity],
        place: "x.npy, value 5"),
      Wrong(
        testDescription: "version 4", header: good, version: 4, place: "x.npy, header version"),
      Wrong(
        testDescription: "header longer than the file", header: good, version: 2,
        length: 0xFFFF_FFFF, place: "x.npy, header"),
      Wrong(
        testDescription: "a key twice", header: "{'shape': (3, 1, 2), 'shape': (3, 1, 2)}",
        place: "x.npy, header"),
      Wrong(
        testDescription: "a key missing", header: "{'descr': '<f4', 'shape': (3, 1, 2)}",
        place: "x.npy, header"),
      Wrong(
        testDescription: "an unknown key",
        header: good.dropLast() + "'more': 'x'}", place: "x.npy, header"),
      Wrong(
        testDescription: "code", header: "__import__('os').system('x')", place: "x.npy, header"),
      Wrong(testDescription: "an open string", header: "{'descr", place: "x.npy, header"),
      Wrong(testDescription: "text behind the end", header: good + " 1", place: "x.npy, header"),
      Wrong(testDescription: "an empty header", header: "", place: "x.npy, header"),
    ]
  }()

  @Test("a header or data that does not fit is an error that names its part", arguments: wrong)
  func refusing(_ one: Wrong) {
    let bytes = file(one.header, values: one.values, version: one.version, length: one.length)
    let error = #expect(throws: InputError.self) { try parse(bytes) }
    #expect(error?.kind == .badData)
    #expect(error?.place == one.place)
  }

  @Test("a file cut at any length is an error", arguments: [1, 3] as [UInt8])
  func truncation(_ version: UInt8) {
    let bytes = file(header(shape: "(3, 1, 2)"), values: six, version: version)
    for length in 0..<bytes.count {
      #expect(throws: InputError.self, "cut at \(length)") { try parse(Array(bytes[..<length])) }
    }
  }
}
