import Formats
import Graph
import Reference
import TestSupport
import Testing

/// Against PyTorch, in Tests/Goldens/interpolation.safetensors.
@Suite struct InterpolationGoldenTests {
  private static let cases = [
    "3x2-5x4", "14x14-9x22", "4x4-4x4", "1x1-3x2", "7x5-2x9", "2x6-6x1",
  ]

  private static func golden(_ name: String) throws -> Tensor {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    let file = try SafetensorsFile(
      path: root.joined(separator: "/") + "/Goldens/interpolation.safetensors")
    let weights = try file.floats(name)
    return .f32(weights.shape, weights.floats.map(Double.init))
  }

  /// All is stored in f32: every input is off by half a last digit, and a result mixes inputs with
  /// weights whose sizes add up to less than 2 along each axis; gradients add up as many results as a
  /// point is in.
  private static func expectEqual(_ found: Tensor, _ golden: Tensor, terms: Double) {
    let largest = golden.values.map(abs).max() ?? 0
    #expect(largestDifference(found, golden) <= terms * largest * 0x1p-23)
  }

  @Test(arguments: cases)
  func aGridAtAnotherSizeIsPyTorchs(_ name: String) throws {
    let (x, y) = (try Self.golden("\(name).x"), try Self.golden("\(name).y"))
    let op = Interpolate(rows: Dimension(y.shape[0]), columns: Dimension(y.shape[1]))
    Self.expectEqual(try evaluate(.interpolate(op), [x])[0], y, terms: 4)
    if x.shape == y.shape { #expect(try evaluate(.interpolate(op), [x])[0] == x) }
  }

  @Test(arguments: cases)
  func itsDerivativeIsPyTorchs(_ name: String) throws {
    let (dy, dx) = (try Self.golden("\(name).dy"), try Self.golden("\(name).dx"))
    let op = InterpolateGradient(rows: Dimension(dx.shape[0]), columns: Dimension(dx.shape[1]))
    Self.expectEqual(try evaluate(.interpolateGradient(op), [dy])[0], dx, terms: 32)
  }
}
