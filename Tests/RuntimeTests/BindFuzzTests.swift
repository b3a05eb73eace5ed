import Diagnostics
import Formats
import Randomness
import Runtime
import TestSupport
import Testing

/// Steps with something wrong somewhere: binding refuses them, or their kernels stay in bounds.
struct BindFuzzTests {
  /// Changes one to three things of a function of one step.
  private static func damage(_ function: inout PlanFunction, _ random: inout SeededRandom) {
    for _ in 0...random.index(3) {
      let tensor = random.index(function.tensors.count)
      let length = PlanDimension([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 31][random.index(12)])
      let isWeight = function.tensors[tensor].weight != nil
      switch random.index(function.steps.isEmpty ? 3 : 12) {
      case 0, 1, 2:
        guard !isWeight, !function.tensors[tensor].shape.isEmpty else { continue }
        let axis = random.index(function.tensors[tensor].shape.count)
        function.tensors[tensor].shape[axis] = length
        // The same change to a tensor of the same rank, so that some survive.
        let other = random.index(function.tensors.count)
        let rank = function.tensors[other].shape.count
        if rank > axis, function.tensors[other].weight == nil, random.index(2) == 0 {
          function.tensors[other].shape[axis] = length
        }
      case 3: function.tensors[tensor].shape.append(length)
      case 4:
        function.tensors[tensor].dtype = PlanDType.allCases[random.index(PlanDType.allCases.count)]
      case 5: function.steps[0].heads = random.index(5)
      case 6: function.steps[0].axes = (0..<random.index(6)).map { _ in random.index(5) }
      case 7: function.steps[0].start = length
      case 8: function.steps[0].prefix = length
      case 9: function.steps[0].transposeA.toggle()
      case 10: function.steps[0].levels = [0, 127, 255, 64][random.index(4)]
      default:
        let operands = function.steps[0].operands.count
        if operands > 0 {
          function.steps[0].operands[random.index(operands)] = tensor
        }
      }
    }
  }

  @Test(arguments: OpSamples.all)
  func damagedStepsAreRefusedOrStayInBounds(_ sample: OpSample) throws {
    var random = SeededRandom(77)
    let program = OpSampleProgram(sample, seed: 13)
    var bound = 0
    for round in 0..<60 {
      var builder = program.builder
      if round > 0 { Self.damage(&builder.function, &random) }
      var symbols = program.symbols
      if random.index(3) == 0, let name = symbols.keys.sorted().first {
        symbols[name] = random.index(6)
      }
      var memory: [GuardedMemory] = []
      var external: [String: UnsafeMutableRawPointer] = [:]
      var sizes: [String: Int] = [:]
      do {
        // Once for the sizes, once with every port against a forbidden page.
        let first = try builder.bound(symbols)
        for port in builder.function.inputs {
          sizes[port.name] = first.function.input(port.name).count
        }
        for port in builder.function.outputs {
          let root = builder.function.tensors[port.tensor].aliasOf ?? port.tensor
          if !builder.function.inputs.contains(where: { $0.tensor == root }) {
            sizes[port.name] = first.function.output(port.name).count
          }
        }
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
          // Pages begin at multiples of 4, and so must what lies against their ends.
          let isAtStart = random.index(2) == 0 || size % 4 != 0
          let guarded = GuardedMemory(byteCount: size, atStart: isAtStart)
          external[name] = guarded.base
          memory.append(guarded)
          for byte in 0..<size {
            guarded.base.storeBytes(
              of: UInt8(random.index(256)), toByteOffset: byte, as: UInt8.self)
          }
        }
        let guarded = try builder.bound(symbols, external: external)
        guarded.function.run()
        bound += 1
      } catch is InputError {
        continue
      }
    }
    // The sample itself, and what damage does not touch.
    #expect(bound >= 3)
  }
}
