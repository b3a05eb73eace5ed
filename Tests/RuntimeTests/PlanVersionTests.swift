import Captioning
import Formats
import Foundation
import Kernels
import Runtime
import Testing

/// Plans as the first release of each version wrote them: they open, validate and say what they said.
@Suite("Plans of every version")
struct PlanVersionTests {
  /// A plan and what Tools/goldens/plans.py saw its release print.
  struct Fixture: Decodable, Sendable, CustomTestStringConvertible {
    enum CodingKeys: String, CodingKey {
      case plan, question, tokens, caption
      case logProbs = "token_logprobs"
    }

    var version = 0
    var plan: String
    var question: String?
    var tokens: [Int]
    var caption: String
    var logProbs: [Double]

    var path: String { PlanVersionTests.path("Tests/Goldens/plans/v\(version)/\(plan).plan") }
    var testDescription: String { "v\(version) \(plan)" }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      plan = try fields.decode(String.self, forKey: .plan)
      question = try fields.decodeIfPresent(String.self, forKey: .question)
      tokens = try fields.decode([Int].self, forKey: .tokens)
      caption = try fields.decode(String.self, forKey: .caption)
      logProbs = try fields.decode([Double].self, forKey: .logProbs)
    }
  }

  private static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(name)")
      .standardized.path
  }

  /// Throws where a version that this release reads has no fixtures.
  private static func fixtures() throws -> [Fixture] {
    try PlanLimits.versions.flatMap { version in
      let path = path("Tests/Goldens/plans/v\(version)/expected.json")
      let data = try Data(contentsOf: URL(filePath: path))
      return try JSONDecoder().decode([Fixture].self, from: data).map { fixture in
        var fixture = fixture
        fixture.version = version
        return fixture
      }
    }
  }

  @Test func everyVersionHasPlansOfBothPrecisions() throws {
    let fixtures = try Self.fixtures()
    for version in PlanLimits.versions {
      let plans = try fixtures.filter { $0.version == version }
        .map { try LoadedPlan(path: $0.path) }
      #expect(Set(plans.compactMap { $0.plan.model?.precision }) == ["int8", "fp32"])
      let hasChecksums = version >= PlanLimits.firstVersionWithChecksums
      for loaded in plans {
        try loaded.verifyWeights()
        #expect(loaded.plan.weights.allSatisfy { ($0.sha256 != nil) == hasChecksums })
      }
    }
  }

  @Test func everyPlanSaysWhatItSaid() throws {
    let fixtures = try Self.fixtures()
    #expect(!fixtures.isEmpty)
    for fixture in fixtures {
      let model = try CaptionModel(path: fixture.path)
      let captioner = try Captioner(model, kernels: KernelSet(), threads: 2)
      let caption = try captioner.caption(
        path: Self.path("samples/scene.png"), options: CaptionOptions(question: fixture.question))
      #expect(caption.tokens == fixture.tokens, "\(fixture.testDescription)")
      #expect(caption.caption == fixture.caption, "\(fixture.testDescription)")
      // int8 plans give the same scores everywhere; their exponentials and logarithms are the system's,
      // within a few roundings of 2^-23 at values of about 2. sgemm's sums of some hundred terms may
      // differ by as many roundings in each of a dozen layers.
      let tolerance = model.settings.precision == "int8" ? 0x1p-20 : 0x1p-12
      #expect(caption.tokenLogProbs.count == fixture.logProbs.count)
      for (value, expected) in zip(caption.tokenLogProbs, fixture.logProbs) {
        #expect(abs(Double(value) - expected) <= tolerance, "\(fixture.testDescription)")
      }
    }
  }
}
