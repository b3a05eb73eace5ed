import Compiler
import Evaluation
import Formats
import Foundation
import Graph
import Testing

/// What `gitc inspect` says of plans of known shapes.
struct InspectionTests {
  /// A plan of a shape, whose weights are a hole in the file: they are never looked at.
  private static func report(
    _ configuration: GITConfiguration, _ precision: Precision
  ) throws -> FileReport {
    let graphs = try CaptionerGraphs(
      GIT.logits(configuration), ParameterStore([:]), precision: precision)
    let compiled = CompiledPlan(
      graphs.lowered,
      model: PlanModel(
        preprocessing: Preprocessing(imageSize: configuration.vision.imageSize),
        vocabulary: (0..<configuration.text.vocabularySize).map { "word\($0)" },
        maximumTextLength: configuration.text.maximumTextLength,
        maximumFrames: configuration.frames, precision: precision.rawValue))
    let path = FileManager.default.temporaryDirectory.path + "/gitc-\(UUID().uuidString).plan"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let front = PlanFile.front(of: compiled.plan, weightByteCount: compiled.weightByteCount)
    try Data(front).write(to: URL(filePath: path))
    try #require(truncate(path, off_t(front.count + compiled.weightByteCount)) == 0)
    return try FileReport.read(path: path)
  }

  @Test(arguments: Precision.allCases)
  func baseIsAsLargeAsItsShapeSays(precision: Precision) throws {
    let report = try Self.report(.gitBase, precision)
    guard case .plan(let plan) = report else {
      Issue.record("no plan")
      return
    }
    let text = report.text
    for (function, products) in [("encode", "17.6 G"), ("prefix", "7.6 G"), ("step", "0.068 G")] {
      let section = text.components(separatedBy: "\n\n").first { $0.hasPrefix("\(function): ") }
      #expect(try #require(section).contains(": \(products) multiply-adds"), "\(text)")
    }
    // Every projection of every function has its precision.
    let projections = plan.functions.flatMap(\.projections)
    #expect(projections.count == 1 + 12 * 4 + (1 + 5 * 4 + 1) + (6 * 4 + 1))
    #expect(projections.allSatisfy { $0.precision == (precision == .int8 ? "u7" : "f32") })
    #expect(projections[0].shape == [768, 768])
    for projection in projections { #expect(text.contains(projection.weight)) }
  }

  /// The largest set of buffers in use at once bounds every arena from below.
  @Test(arguments: [GITConfiguration.gitBase, .gitMicro(vocabularySize: 200)], Precision.allCases)
  func arenasAreWithinATenthOfTheirBound(
    configuration: GITConfiguration, precision: Precision
  ) throws {
    guard case .plan(let plan) = try Self.report(configuration, precision) else {
      Issue.record("no plan")
      return
    }
    for function in plan.functions {
      let cost = try #require(function.cost)
      #expect(cost.arenaLowerBoundBytes > 0)
      #expect(
        10 * cost.arenaBytes <= 11 * cost.arenaLowerBoundBytes,
        "\(function.name): \(cost.arenaBytes) of \(cost.arenaLowerBoundBytes)")
    }
  }
}
