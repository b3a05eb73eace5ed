import Compiler
import Diagnostics
import Formats
import Graph
import Kernels
import Testing

@testable import Runtime

/// Samples of images beside what they are when they are normalised.
struct FramePixelsTests {
  private static func samples(_ count: Int, seed: Int = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 2_654_435_761 >> 13) }
  }

  @Test func samplesAreNormalisedAsTheirImageIs() {
    let preprocessing = Preprocessing(
      imageSize: 2, mean: [0.5, 0.25, 0.125], standardDeviation: [0.5, 2, 4])
    let pixels = FramePixels.samples(
      [0, 0, 0, 255, 255, 255, 51, 102, 153, 7, 8, 9] + Array(0..<12))
    let values = pixels.normalised(preprocessing, frames: 2)
    func number(_ sample: UInt8, _ channel: Int) -> Float {
      (Float(sample) / 255 - preprocessing.mean[channel]) / preprocessing.standardDeviation[channel]
    }
    #expect(
      Array(values[..<12])
        == [0, 255, 51, 7].map { number($0, 0) } + [0, 255, 102, 8].map { number($0, 1) }
        + [0, 255, 153, 9].map { number($0, 2) })
    #expect(values[12...15].elementsEqual([0, 3, 6, 9].map { number($0, 0) }))
    #expect(FramePixels.normalised(values).normalised(preprocessing, frames: 2) == values)
  }

  /// Models whose encoder reads samples, without padding and with it, and one that is given floats.
  enum Model: CaseIterable, Sendable {
    case oneSize, anySize, coswin, floats

    var size: PixelSize {
      switch self {
      case .oneSize, .floats: PixelSize(height: 8, width: 8)
      case .anySize: PixelSize(height: 8, width: 12)
      case .coswin: PixelSize(height: 32, width: 32)
      }
    }

    func captioner() throws -> TinyCaptioner {
      switch self {
      case .oneSize: try TinyCaptioner(seed: 91, precision: .int8)
      case .anySize: try TinyCaptioner(seed: 92, precision: .int8, sizes: .any)
      case .coswin:
        try TinyCaptioner(
          seed: 93, precision: .int8,
          vision: .coswin(
            CoSwin(
              imageSize: 32, stem: .init(size: 3, stride: 2, padding: 1), width: 16,
              depths: [2, 1], heads: [2, 4], window: 4)))
      case .floats: try TinyCaptioner(seed: 94, precision: .fp32)
      }
    }
  }

  @Test(arguments: Model.allCases)
  func featuresAreThoseOfNormalisedPixels(model: Model) throws {
    let (captioner, size) = (try model.captioner(), model.size)
    let samples = FramePixels.samples(Self.samples(3 * 3 * size.height * size.width))
    let normalised = FramePixels.normalised(
      samples.normalised(captioner.model.settings.preprocessing, frames: 3))
    for isa in ISA.allCases where isa.isSupported {
      for threads in [1, 3] {
        let session = try captioner.session(threads: threads, isa: isa)
        let found = Array(try session.encode(samples, size: size, images: 3).features)
        // In turn, by functions that are bound once.
        #expect(Array(try session.encode(normalised, size: size, images: 3).features) == found)
        #expect(Array(try session.encode(samples, size: size, images: 3).features) == found)
      }
    }
    let encode = try captioner.model.bind(
      captioner.model.encode, ["N": 1, "H": 2, "W": 2],
      to: CaptionSession.Machine(kernels: KernelSet(), threads: 1),
      sampled: SampledInput(name: "pixels", table: captioner.model.sampleTable))
    #expect((encode.samples == nil) == (model == .floats))
  }

  @Test func samplesAndNumbersAreDifferentPixels() throws {
    let captioner = try TinyCaptioner(seed: 92, precision: .int8)
    let session = try captioner.session()
    let samples = FramePixels.samples(Self.samples(3 * 64))
    let normalised = FramePixels.normalised(
      samples.normalised(captioner.model.settings.preprocessing, frames: 1))
    let known = try session.features(samples)
    #expect(try session.features(samples, known: [known]) === known)
    #expect(try session.features(normalised, known: [known]) !== known)
    #expect(!samples.isLike(normalised))
    #expect(
      FramePixels.joined([samples, samples]) == .samples(Self.samples(192) + Self.samples(192)))
  }
}
