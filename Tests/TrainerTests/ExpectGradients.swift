import Formats
import Testing

@testable import Trainer

/// Holds every gradient of `program` to the golden of the name `prefix.<parameter>`, in the Euclidean norm.
func expectGradients(
  _ program: TrainingProgram, _ file: SafetensorsFile, _ prefix: String
) throws {
  for weight in program.buffers.table {
    func golden(_ name: String) throws -> [Float] {
      try file.floats("\(prefix).\(name)").floats
    }
    let found = program.buffers.slice(program.buffers.gradients, weight)
    let error = zip(found, try golden(weight.name)).reduce(0.0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }.squareRoot()
    // The gradient of a key's bias is 0 but for rounding, which is that of the key matrix's.
    let isKeyBias = ["key.bias", "k_proj.bias"].contains { weight.name.hasSuffix($0) }
    let scale = try golden(isKeyBias ? weight.name.dropLast(4) + "weight" : weight.name)
      .reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    // Some 40 ops of 2⁻²⁴ each, and gradients that cancel to a hundredth of their terms.
    #expect(error <= 1e-4 * scale, "\(weight.name): off by \(error) of \(scale)")
  }
}
