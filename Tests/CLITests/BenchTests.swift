import Foundation
import Testing

@Suite("gitc bench", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct BenchTests {
  @Test(
    "measures each workload, all captions of one length",
    arguments: [("image", 1, 1), ("video", 1, 4), ("stream", 1, 4), ("batch", 8, 1)])
  func workloads(workload: String, inputs: Int, frames: Int) throws {
    let workshop = try TinyWorkshop()
    let outcome = try Gitc.run(
      "bench", workshop.plan, "--workload", workload, "--rounds", "3", "--max-tokens", "5",
      "--beam", "2", "--threads", "2", "--format", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(outcome.json() as? [String: Any])
    #expect(report["workload"] as? String == workload)
    #expect(report["inputs"] as? Int == inputs && report["frames"] as? Int == frames)
    #expect(report["tokens"] as? Int == 5 && report["beams"] as? Int == 2)
    #expect(report["rounds"] as? Int == 3 && report["threads"] as? Int == 2)
    var minima: [String: Double] = [:]
    for name in [
      "encode_ms", "prefix_ms", "per_token_ms", "total_ms", "cpu_image_ms", "cpu_per_token_ms",
      "cpu_total_ms",
    ] {
      let times = try #require(report[name] as? [String: Double])
      let (minimum, median) = (try #require(times["minimum"]), try #require(times["median"]))
      #expect(0 < minimum && minimum <= median)
      minima[name] = minimum
    }
    // A round's total holds its parts, so the least total is no less than the least parts together.
    let parts = [("encode_ms", 1.0), ("prefix_ms", 1), ("per_token_ms", 5)]
    let least = parts.reduce(0) { $0 + (minima[$1.0] ?? 0) * $1.1 }
    #expect((minima["total_ms"] ?? 0) >= least * (1 - 1e-9))
    #expect(try #require(report["load_ms"] as? Double) > 0)
    #expect(try #require(report["first_ms"] as? Double) > 0)
  }

  @Test("prints a table for people, and generates no more than the model's length")
  func text() throws {
    let workshop = try TinyWorkshop()
    let outcome = try Gitc.run("bench", workshop.plan, "--rounds", "1")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.lines.first?.contains("11 tokens") == true, "\(outcome.output)")
    let words = outcome.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
    for word in ["encode", "prefix", "token", "total", "load", "first"] {
      #expect(words.contains(word), "\(outcome.output)")
    }
  }

  @Test("refuses numbers that measure nothing, and files that are no plans")
  func errors() throws {
    #expect(try Gitc.run("bench", "x.plan", "--rounds", "0").status == 64)
    expectError(try Gitc.run("bench", "missing.plan"), status: 66, "missing.plan")
  }
}
