import Compiler
import Diagnostics
import Dispatch
import Graph
import Kernels
import Media
import Randomness
import Runtime
import Synchronization
import Testing

/// The same bits from int8 plans, whatever computes them and whatever is computed beside them.
struct ExactnessTests {
  /// What differs in the way of an image to its text.
  enum Model: CaseIterable {
    /// A few tokens, two frames.
    case small
    /// A ViT with more rows, columns and heads than tiles of kernels have, none a multiple of them.
    case wide
    /// Shifted windows with biases and masks, convolutions.
    case coswin
    /// Positions interpolated to the image's size.
    case anySize

    var frames: Int { self == .small ? 2 : 1 }
    var size: PixelSize {
      switch self {
      case .small: PixelSize(height: 8, width: 8)
      case .wide: PixelSize(height: 44, width: 44)
      case .coswin: PixelSize(height: 32, width: 32)
      case .anySize: PixelSize(height: 8, width: 20)
      }
    }

    func captioner() throws -> TinyCaptioner {
      switch self {
      case .small: return try TinyCaptioner(seed: 6, frames: 2, precision: .int8)
      case .wide:
        return try TinyCaptioner(
          seed: 7, precision: .int8,
          vision: .init(
            imageSize: 44, patchSize: 4, width: 84, layers: 1, heads: 3, mlpWidth: 150),
          textWidth: 68, textMLPWidth: 132)
      case .coswin:
        return try TinyCaptioner(
          seed: 8, precision: .int8,
          vision: .coswin(
            CoSwin(
              imageSize: 32, stem: .init(size: 3, stride: 2, padding: 1), width: 16,
              depths: [2, 1], heads: [2, 4], window: 4)))
      case .anySize: return try TinyCaptioner(seed: 9, precision: .int8, sizes: .any)
      }
    }
  }

  private static let most = 8
  private static let tokens = [2, 5, 7, 4]

  /// The bits of the logits after each token, by image.
  private static func logits(
    _ session: CaptionSession, _ model: Model, _ pixels: [Float], images: Range<Int>
  ) throws -> [[UInt32]] {
    let each = pixels.count / most
    let own = Array(pixels[images.lowerBound * each..<images.upperBound * each])
    let state = try session.encode(
      own, size: model.size, images: images.count, frames: model.frames)
    return try session.logits(state, tokens: tokens).map { $0.map(\.bitPattern) }
  }

  @Test(arguments: Model.allCases)
  func logitsHaveTheSameBitsForAnyThreadsKernelsAndBatch(_ model: Model) throws {
    let captioner = try model.captioner()
    let pixels = TinyCaptioner.pixels(
      images: Self.most, frames: model.frames, size: model.size, seed: 24)
    let reference = try captioner.session(threads: 1, isa: .scalar)
    let expected = try (0..<Self.most).map {
      try Self.logits(reference, model, pixels, images: $0..<$0 + 1)[0]
    }
    #expect(Set(expected).count == Self.most)  // else equal bits would say nothing
    for isa in ISA.allCases where isa.isSupported {
      for threads in 1...4 {
        let session = try captioner.session(threads: threads, isa: isa)
        for count in 1...Self.most {
          let found = try Self.logits(session, model, pixels, images: 0..<count)
          #expect(
            found == Array(expected.prefix(count)),
            "\(isa.rawValue), \(threads) threads, \(count) images")
        }
      }
    }
  }

  @Test(arguments: [1, 2])
  func textsAreTheSameForAnyThreadsKernelsAndBatch(beams: Int) throws {
    let captioner = try Model.small.captioner()
    let pixels = TinyCaptioner.pixels(images: Self.most, frames: 2, seed: 24)
    let each = pixels.count / Self.most
    let options = SearchOptions(beams: beams, maximumTokens: 6, endID: TinyCaptioner.end)
    func run(_ session: CaptionSession, images: Int) throws -> [[Generation]] {
      try session.generateAll(
        session.encode(Array(pixels.prefix(images * each)), images: images, frames: 2),
        prompt: [TinyCaptioner.start], options: options)
    }
    let expected = try run(captioner.session(threads: 1, isa: .scalar), images: Self.most)
    for isa in ISA.allCases where isa.isSupported {
      for threads in 1...4 {
        let session = try captioner.session(threads: threads, isa: isa)
        for images in 1...Self.most {
          #expect(try run(session, images: images) == Array(expected.prefix(images)))
        }
      }
    }
  }

  @Test func sessionsSideBySideGiveWhatEachGivesAlone() throws {
    let captioner = try Model.wide.captioner()
    let pixels = TinyCaptioner.pixels(images: Self.most, size: Model.wide.size, seed: 25)
    let expected = try Self.logits(
      captioner.session(threads: 1), .wide, pixels, images: 0..<Self.most)
    let (model, group) = (captioner.model, DispatchGroup())
    let results = Mutex<[[[UInt32]]]>([])
    // A thread each, however few CPUs there are.
    for threads in [2, 3, 2] {
      DispatchQueue(label: "session").async(group: group) {
        let found = Result {
          let session = CaptionSession(model, kernels: try KernelSet(), threads: threads)
          return try (0..<3).map { _ in
            try Self.logits(session, .wide, pixels, images: 0..<Self.most)
          }
        }
        results.withLock { $0 += (try? found.get()) ?? [] }
      }
    }
    group.wait()
    results.withLock { #expect($0 == [[[UInt32]]](repeating: expected, count: 9)) }
  }
}
