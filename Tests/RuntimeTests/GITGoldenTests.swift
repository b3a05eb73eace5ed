import Graph
import Reference
import Testing

/// The model, in the reference's Double, against HuggingFace's port of the original.
@Suite struct GITGoldenTests {
  func logits(_ golden: GITGolden, of configuration: GITConfiguration) throws -> Tensor? {
    try Interpreter.run(
      GIT.logits(configuration),
      inputs: ["pixels": golden.pixels, "tokens": golden.tokens],
      parameters: golden.parameters)["logits"]
  }

  @Test func logitsOfAnImageModelAreThoseOfThePort() throws {
    let golden = try GITGolden.image.get()
    #expect(try golden.error(logits(golden, of: golden.configuration)) <= 1)
  }

  @Test func logitsOfAVideoModelAreThoseOfThePort() throws {
    let golden = try GITGolden.video.get()
    #expect(try golden.error(logits(golden, of: golden.configuration)) <= 1)
  }

  /// Swin's blocks, shifted and not, and CvT's embeddings before and between them.
  @Test func logitsOfACoSwinAreThoseOfThePortsParts() throws {
    let golden = try GITGolden.coswin.get()
    #expect(try golden.error(logits(golden, of: golden.configuration)) <= 1)
  }

  @Test func logitsOfAnImageOfAnotherSizeAreThoseOfThePort() throws {
    let golden = try GITGolden.sizes.get()
    // 27 x 41 pixels are three rows of five patches of 8; the port's convolution drops the rest.
    let whole = Tensor.f32(
      [1, 1, 3, 24, 40],
      (0..<3).flatMap { plane in
        (0..<24).flatMap { row in golden.pixels.values[((plane * 27 + row) * 41)...].prefix(40) }
      })
    let logits = try Interpreter.run(
      GIT.logits(golden.configuration, sizes: .any),
      inputs: ["pixels": whole, "tokens": golden.tokens], parameters: golden.parameters)["logits"]
    #expect(golden.error(logits) <= 1)
  }

  @Test func parameterNamesAreThoseOfThePort() throws {
    for golden in [
      try GITGolden.image.get(), try GITGolden.video.get(), try GITGolden.coswin.get(),
    ] {
      let names = GIT.logits(golden.configuration).parameters.map(\.name)
      #expect(Set(golden.parameters.keys) == Set(names))
    }
  }

  /// The weights are drawn so that a wrong epsilon shows; each here is another group's.
  @Test func everyEpsilonCounts() throws {
    let golden = try GITGolden.image.get()
    for epsilons in [
      GITConfiguration.Epsilons(vision: 1e-12), .init(projection: 1e-12), .init(decoder: 1e-5),
      .init(textEmbedding: 1e-8),
    ] {
      var configuration = golden.configuration
      configuration.epsilons = epsilons
      #expect(try golden.error(logits(golden, of: configuration)) > 5, "\(epsilons)")
    }
  }
}
