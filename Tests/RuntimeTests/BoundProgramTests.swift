import Formats
import Randomness
import Runtime
import Testing

/// Functions of several steps: order, sharing of memory, meetings of threads.
struct BoundProgramTests {
  /// A random program of elementwise steps over vectors, with the vectors that it must give.
  private struct RandomProgram {
    var builder = FunctionBuilder("random")
    var inputs: [String: [Float]] = [:]
    /// By tensor.
    var values: [[Float]] = []
    var outputs: [(name: String, tensor: Int)] = []

    init(seed: UInt64, steps: Int) {
      var random = SeededRandom(seed)
      let lengths = [1, 5, 16, 200, 3000]
      func vector(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.index(9)) - 4 } }
      for (index, length) in (lengths + lengths).enumerated() {
        _ = builder.input("x\(index)", [length])
        values.append(vector(length))
        inputs["x\(index)"] = values[index]
      }
      for _ in 0..<steps {
        let x = random.index(values.count)
        let alike = values.indices.filter { values[$0].count == values[x].count }
        let y = alike[random.index(alike.count)]
        let result = builder.f32([values[x].count])
        switch random.index(4) {
        case 0:
          builder.step(.scale, [x], [result]) { $0.value = 0.5 }
          values.append(values[x].map { $0 * 0.5 })
        case 1:
          builder.step(.add, [x, y], [result])
          values.append(zip(values[x], values[y]).map { $0 + $1 })
        case 2:
          builder.step(.slice, [x], [result]) {
            $0.axes = [0]
            $0.start = PlanDimension(0)
          }
          values.append(values[x])
        default:
          builder.step(.fill, [], [result]) { $0.value = 2 }
          values.append([Float](repeating: 2, count: values[x].count))
        }
        if random.index(5) == 0 {
          outputs.append(("y\(outputs.count)", result))
          builder.output("y\(outputs.count - 1)", result)
        }
      }
      if outputs.isEmpty {
        outputs = [("y", values.count - 1)]
        builder.output("y", values.count - 1)
      }
    }
  }

  // Halves and sums of small integers are exact, so any mix-up of memory shows.
  @Test(arguments: UInt64(0)..<60)
  func sharingMemoryDoesNotChangeResults(seed: UInt64) throws {
    let random = RandomProgram(seed: seed, steps: 3 + Int(seed))
    let program = try random.builder.bound(threads: 1 + Int(seed % 4))
    for (name, values) in random.inputs { program.set(name, values) }
    // Twice: inputs stay as they were.
    for _ in 0..<2 {
      program.function.run()
      for (name, tensor) in random.outputs {
        #expect(program.floats(name) == random.values[tensor], "\(name)")
      }
    }
    let facts = program.function.facts
    #expect(facts.arenaBytes >= facts.lowerBoundBytes)
    // Greedy placement has no guarantee; on programs like these it is this good.
    #expect(Double(facts.arenaBytes) <= 1.1 * Double(facts.lowerBoundBytes))
  }

  /// Both parts of a roll go straight to where they belong, unless somebody else wants one.
  @Test func slicesThatAreOnlyJoinedAreNotMade() throws {
    func calls(outputs: Int) throws -> Int {
      var builder = FunctionBuilder()
      let x = builder.input("x", [2, 5])
      let parts = [builder.f32([2, 3]), builder.f32([2, 2])]
      for (part, start) in zip(parts, [2, 0]) {
        builder.step(.slice, [x], [part]) {
          $0.axes = [1]
          $0.start = PlanDimension(start)
        }
      }
      let y = builder.f32([2, 5])
      builder.step(.concat, parts, [y]) { $0.axes = [1] }
      builder.output("y", y)
      for part in 0..<outputs { builder.output("part\(part)", parts[part]) }
      let program = try builder.bound(threads: 2)
      program.set("x", (0..<10).map { Float($0) })
      program.function.run()
      #expect(program.floats("y") == [2, 3, 4, 0, 1, 7, 8, 9, 5, 6])
      if outputs > 0 { #expect(program.floats("part0") == [2, 3, 4, 7, 8, 9]) }
      return program.function.facts.calls
    }
    #expect(try calls(outputs: 0) == 2)
    #expect(try calls(outputs: 1) == 3)
  }

  @Test func aResultTakesThePlaceOfAnOperandThatDies() throws {
    func arena(keepsMiddle: Bool) throws -> Int {
      var builder = FunctionBuilder()
      let x = builder.input("x", [1000])
      let middle = (0..<3).map { _ in builder.f32([1000]) }
      builder.step(.scale, [x], [middle[0]]) { $0.value = 3 }
      builder.step(.gelu, [middle[0]], [middle[1]]) { $0.activation = .geluErf }
      builder.step(.add, [keepsMiddle ? middle[0] : x, middle[1]], [middle[2]])
      builder.output("y", middle[2])
      let program = try builder.bound()
      let values = (0..<1000).map { Float($0 % 7) }
      program.set("x", values)
      program.function.run()
      let y = program.floats("y")
      for (value, x) in zip(y, values) {
        let gelu = x == 0 ? 0 : 3 * x  // Φ(3) and more is 1 to three digits
        #expect(abs(value - gelu - (keepsMiddle ? 3 * x : x)) <= 0.01 * gelu)
      }
      return program.function.facts.arenaBytes
    }
    // The input stays; all others share one vector, or two where the first is read again.
    #expect(try arena(keepsMiddle: false) == 2 * 4032)
    #expect(try arena(keepsMiddle: true) == 3 * 4032)
  }

  @Test func inputsAndOutputsCanLieWithTheCaller() throws {
    var builder = FunctionBuilder()
    let x = builder.input("x", [4])
    let y = builder.f32([4])
    builder.step(.scale, [x], [y]) { $0.value = 2 }
    builder.output("y", y)
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 8)
    defer { memory.deallocate() }
    _ = memory.initialize(from: [1, 2, 3, 4, 0, 0, 0, 0])
    let base = UnsafeMutableRawPointer(try #require(memory.baseAddress))
    let program = try builder.bound(external: ["x": base, "y": base + 16])
    program.function.run()
    #expect(Array(memory) == [1, 2, 3, 4, 2, 4, 6, 8])
    #expect(program.function.input("x").baseAddress == base)
    #expect(program.function.output("y").baseAddress == base + 16)
    #expect(program.function.facts.arenaBytes == 0)
  }

  @Test func functionsThatRunInTurnCanShareMemory() throws {
    let memory = SharedArena()
    let programs = try [3000, 40, 500].map { count in
      var builder = FunctionBuilder()
      let x = builder.input("x", [count])
      let (a, b) = (builder.f32([count]), builder.f32([count]))
      builder.step(.scale, [x], [a]) { $0.value = 2 }
      builder.step(.add, [a, x], [b])
      builder.output("b", b)
      return (count, try builder.bound(sharing: memory))
    }
    let bases = Set(programs.map { $0.1.function.input("x").baseAddress })
    #expect(bases.count == 1)
    for _ in 0..<2 {
      for (count, program) in programs {
        let x = (0..<count).map { Float($0 % 11) }
        program.set("x", x)
        program.function.run()
        #expect(program.floats("b") == x.map { 3 * $0 })
      }
    }
  }

  @Test func sharedMemoryThatIsTooSmallStaysWithItsFunction() throws {
    let memory = SharedArena()
    func program(_ count: Int) throws -> Program {
      var builder = FunctionBuilder()
      let x = builder.input("x", [count])
      let y = builder.f32([count])
      builder.step(.scale, [x], [y]) { $0.value = 2 }
      builder.output("y", y)
      return try builder.bound(sharing: memory)
    }
    let (small, large) = (try program(8), try program(4096))
    large.set("x", [Float](repeating: 1, count: 4096))
    small.set("x", [Float](repeating: 3, count: 8))
    large.function.run()
    small.function.run()
    #expect(large.floats("y") == [Float](repeating: 2, count: 4096))
    #expect(small.floats("y") == [Float](repeating: 6, count: 8))
  }

  @Test func anOutputCanBeAnInputOrAnAlias() throws {
    var builder = FunctionBuilder()
    let x = builder.input("x", [4])
    let square = builder.tensor(.f32, [2, 2], aliasOf: x)
    builder.output("same", x)
    builder.output("square", square)
    let program = try builder.bound()
    program.set("x", [1, 2, 3, 4])
    program.function.run()
    #expect(program.floats("same") == [1, 2, 3, 4])
    #expect(program.floats("square") == [1, 2, 3, 4])
    #expect(program.function.outputShape("square") == [2, 2])
  }

  @Test func threadsMeetOnlyBetweenStepsThatDepend() throws {
    var builder = FunctionBuilder()
    let x = builder.input("x", [64])
    let (a, b, c) = (builder.f32([64]), builder.f32([64]), builder.f32([64]))
    builder.step(.scale, [x], [a]) { $0.value = 2 }
    builder.step(.scale, [x], [b]) { $0.value = 3 }
    builder.step(.add, [a, b], [c])
    builder.output("c", c)
    builder.output("a", a)
    let program = try builder.bound()
    #expect(program.function.facts.calls == 3)
    #expect(program.function.facts.barriers == 1)
    program.set("x", (0..<64).map { Float($0) })
    program.function.run()
    #expect(program.floats("c") == (0..<64).map { 5 * Float($0) })
  }

  @Test func aConcatenationIsOneStepForItsThreads() throws {
    var builder = FunctionBuilder()
    let parts = (0..<3).map { builder.input("x\($0)", [4, 8]) }
    let (all, y) = (builder.f32([4, 24]), builder.f32([4, 24]))
    builder.step(.concat, parts, [all]) { $0.axes = [1] }
    builder.step(.scale, [all], [y]) { $0.value = 1 }
    builder.output("y", y)
    let facts = try builder.bound().function.facts
    #expect(facts.calls == 4)
    #expect(facts.barriers == 1)
  }

  /// x + (2 w + (3 + 3)), where all but x is known when the function is bound.
  private func constantProgram() throws -> Program {
    var builder = FunctionBuilder()
    let x = builder.input("x", [64])
    let w = builder.weight("w", [64], (0..<64).map { Float($0) })
    let (doubled, three, six, sum) = (
      builder.f32([64]), builder.f32([64]), builder.f32([64]), builder.f32([64])
    )
    let (scaled, y) = (builder.f32([64]), builder.f32([64]))
    builder.step(.scale, [x], [scaled]) { $0.value = 1 }
    builder.step(.scale, [w], [doubled]) { $0.value = 2 }
    builder.step(.fill, [], [three]) { $0.value = 3 }
    builder.step(.add, [three, three], [six])
    builder.step(.add, [doubled, six], [sum])
    builder.step(.add, [scaled, sum], [y])
    builder.output("y", y)
    return try builder.bound()
  }

  @Test func whatDependsOnWeightsAloneIsComputedOnceAndKept() throws {
    let program = try constantProgram()
    #expect(program.function.facts.calls == 2)
    func expected(_ offset: Float) -> [Float] {
      (0..<64).map { (index: Int) -> Float in Float(2 * index + 6) + offset }
    }
    for offset in [Float(0), 100, -7] {
      program.set("x", [Float](repeating: offset, count: 64))
      program.function.run()
      #expect(program.floats("y") == expected(offset))
    }
    // Weights are not looked at again.
    program.setWeights([Float](repeating: 1, count: 64))
    program.function.run()
    #expect(program.floats("y") == expected(-7))
  }

  @Test func anOutputOfWeightsAloneIsComputedAtEveryRun() throws {
    var builder = FunctionBuilder()
    let w = builder.weight("w", [4], [1, 2, 3, 4])
    let y = builder.f32([4])
    builder.step(.scale, [w], [y]) { $0.value = 2 }
    builder.output("y", y)
    let program = try builder.bound()
    for _ in 0..<2 {
      program.function.run()
      #expect(program.floats("y") == [2, 4, 6, 8])
      program.function.output("y").initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  @Test func inSharedMemoryNothingIsKeptSoWeightsMayChange() throws {
    var builder = FunctionBuilder()
    let x = builder.input("x", [4])
    let w = builder.weight("w", [4], [1, 2, 3, 4])
    let (doubled, y) = (builder.f32([4]), builder.f32([4]))
    builder.step(.scale, [w], [doubled]) { $0.value = 2 }
    builder.step(.add, [doubled, x], [y])
    builder.output("y", y)
    let program = try builder.bound(sharing: SharedArena())
    program.set("x", [0, 0, 0, 0])
    program.function.run()
    #expect(program.floats("y") == [2, 4, 6, 8])
    program.setWeights([5, 5, 5, 5])
    program.function.run()
    #expect(program.floats("y") == [10, 10, 10, 10])
  }

  @Test func memoryUsedAgainIsADependence() throws {
    var builder = FunctionBuilder()
    let x = builder.input("x", [64])
    let (a, b, c, d) = (
      builder.f32([64]), builder.f32([64]), builder.f32([64]), builder.f32([64])
    )
    // c and d have nothing to do with a and b but their places.
    builder.step(.scale, [x], [a]) { $0.value = 2 }
    builder.step(.sum, [a], [b]) { $0.axes = [] }
    builder.step(.scale, [x], [c]) { $0.value = 3 }
    builder.step(.sum, [c], [d]) { $0.axes = [] }
    builder.output("b", b)
    builder.output("d", d)
    let program = try builder.bound()
    #expect(program.function.facts.arenaBytes == 4 * 256)
    #expect(program.function.facts.barriers == 3)
  }
}
