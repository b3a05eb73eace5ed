import Diagnostics
import Formats
import Glibc
import Testing

@Suite("Plan files")
struct PlanFileTests {
  let sample = SamplePlan()

  private func write(_ sample: SamplePlan, to path: String) throws {
    try PlanFile.write(sample.plan, weightByteCount: sample.weights.count, to: path) {
      (file) throws(InputError) in try file.write(sample.weights)
    }
  }

  @Test("the sample uses every opcode")
  func sampleIsComplete() {
    let used = Set(sample.plan.functions.flatMap { $0.steps.map(\.opcode) })
    #expect(used == Set(PlanOpcode.allCases))
  }

  @Test("a plan read from bytes equals the plan that was written")
  func roundTrip() throws {
    let loaded = try LoadedPlan(bytes: sample.bytes, place: "test")
    #expect(loaded.plan == sample.plan)
    #expect(loaded.weightBytes == sample.weights)
    for index in sample.plan.weights.indices {
      let weight = sample.plan.weights[index]
      let bytes = loaded.bytes(ofWeight: index)
      defer { extendLifetime(loaded) }
      #expect(UInt(bitPattern: bytes.baseAddress) % 64 == 0)
      #expect(Array(bytes) == Array(sample.weights[weight.offset...].prefix(weight.byteCount)))
    }
    try loaded.verifyWeights()
  }

  @Test("a plan read from a file equals the plan that was written")
  func fileRoundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("sample.plan")
    try write(sample, to: path)
    let loaded = try LoadedPlan(path: path)
    #expect(loaded.plan == sample.plan)
    #expect(loaded.weightBytes == sample.weights)
    #expect(UInt(bitPattern: loaded.weights.baseAddress) % 4096 == 0, "the mapping is not copied")
    #expect(try folder.read("sample.plan") == sample.bytes)
  }

  @Test("a plan without model or weights is a plan")
  func trainingStep() throws {
    var plan = sample.plan
    plan.model = nil
    plan.functions = [plan.functions[0]]
    plan.functions[0].tensors = [PlanTensor(dtype: .f32, shape: [])]
    plan.functions[0].inputs = []
    plan.functions[0].outputs = [PlanPort(name: "zero", tensor: 0)]
    var step = PlanStep(.fill, operands: [], results: [0])
    step.value = 1
    plan.functions[0].steps = [step]
    plan.weights = []
    let loaded = try LoadedPlan(bytes: PlanFile.bytes(of: plan, weights: []), place: "test")
    #expect(loaded.plan == plan)
    #expect(loaded.weights.isEmpty)
    #expect(try LoadedPlan(plan, weights: [], place: "test").plan == plan)
  }

  // Every residue of the head's length modulo the alignment, so every length of the padding,
  // one-byte, two-byte, and the step between.
  @Test("the weights start on a page boundary whatever the head's length")
  func alignment() throws {
    var plan = sample.plan
    let (payload, length) = (sample.weights, sample.weights.count)
    for extra in 0..<4200 {
      plan.functions[0].name = String(repeating: "n", count: 1 + extra % 1000)
      plan.functions[1].name = String(repeating: "m", count: 1 + extra / 1000 * 1000 / 5)
      plan.functions[2].name = String(repeating: "o", count: 1 + extra / 1000 * 1000 / 4)
      let front = PlanFile.bytes(of: plan, weights: payload).count - length
      if front % 4096 != 0 { Issue.record("\(extra): payload at \(front)") }
    }
    let bytes = PlanFile.bytes(of: plan, weights: payload)
    #expect(try LoadedPlan(bytes: bytes, place: "test").plan == plan)
  }

  @Test("weights may come first, unaligned, and fields may stand on both sides")
  func foreignOrder() throws {
    let bytes = sample.bytes
    let head = PlanEncoder.head(of: sample.plan)
    let payload = Array(bytes.suffix(sample.weights.count + 3))  // tag, two bytes of length
    #expect(payload[0] == 15 << 3 | 2)
    for moved in [payload + head, Array(head[..<2]) + payload + Array(head[2...])] {
      let loaded = try LoadedPlan(bytes: moved, place: "test")
      #expect(loaded.plan == sample.plan)
      #expect(loaded.weightBytes == sample.weights)
      #expect(UInt(bitPattern: loaded.weights.baseAddress) % 64 == 0)
    }
  }

  @Test(
    "protoc reads the file as the message gitc.Plan",
    .enabled(if: Protoc.isInstalled, "protoc is not installed"))
  func protocReadsIt() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("sample.plan")
    try write(sample, to: path)
    let text = try Protoc.decode("gitc.Plan", path)
    #expect(text.contains("opcode: CACHED_ATTENTION"))
    #expect(text.contains("vocabulary: \"\\303\\251\""))
    #expect(text.contains("weights: \""))
    #expect(!text.contains("\n16:"))
    let names = sample.plan.functions.flatMap { $0.steps.map(\.opcode.protoName) }
    for name in names { #expect(text.contains("opcode: \(name)\n"), "\(name)") }
  }

  @Test("weights beyond 2 GiB are mapped, not read")
  func largeWeights() throws {
    let folder = try TemporaryFolder()
    var weights = [
      PlanWeight(name: "a", dtype: .f32, shape: [1 << 29, 2], layout: .dense),
      PlanWeight(name: "b", dtype: .f32, shape: [3], layout: .dense),
    ]
    let count = weights.placeInOrder()
    #expect(count == 1 << 32 + 12)
    var plan = sample.plan
    plan.weights = weights
    plan.functions = [
      PlanFunction(
        name: "f", symbols: [], tensors: [PlanTensor(dtype: .f32, shape: [3], weight: 1)],
        steps: [], inputs: [], outputs: [PlanPort(name: "b", tensor: 0)])
    ]
    // A file with a hole: it takes no room on the disk.
    let front = PlanFile.front(of: plan, weightByteCount: count)
    try folder.write(front, to: "large.plan")
    try #require(truncate(folder.path("large.plan"), off_t(front.count + count)) == 0)
    let loaded = try LoadedPlan(path: folder.path("large.plan"))
    #expect(loaded.plan == plan)
    #expect(loaded.weights.count == count)
    #expect(loaded.bytes(ofWeight: 1).allSatisfy { $0 == 0 })
    extendLifetime(loaded)
  }

  @Test("a plan beyond the format is refused before anything is written")
  func writerValidates() throws {
    let folder = try TemporaryFolder()
    var plan = sample.plan
    plan.weights[1].offset += 64
    let path = folder.path("bad.plan")
    let error = #expect(throws: InputError.self) {
      try PlanFile.write(plan, weightByteCount: sample.weights.count, to: path) {
        (_) throws(InputError) in Issue.record("weights were asked for")
      }
    }
    #expect(error?.kind == .badData)
    #expect(try folder.names() == [])
  }

  @Test("a missing file is no input, an empty one no plan")
  func noPlan() throws {
    let folder = try TemporaryFolder()
    #expect(throws: InputError.self) { try LoadedPlan(path: folder.path("none.plan")) }
    try folder.write([], to: "empty.plan")
    let error = #expect(throws: InputError.self) {
      try LoadedPlan(path: folder.path("empty.plan"))
    }
    #expect(error?.kind == .badData)
    #expect(error?.place.hasSuffix("empty.plan, field version") == true)
  }
}

extension LoadedPlan {
  /// A copy of the weight segment.
  var weightBytes: [UInt8] { Array(weights) }
}
