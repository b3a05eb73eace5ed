import Diagnostics
import Formats

extension Binder {
  /// Checks that every tensor is given or computed once, and before it is read.
  func checkOrder() throws(InputError) {
    func fail(_ what: String, _ tensor: Int, _ expected: String, _ found: String, _ place: String)
      -> InputError
    {
      InputError(
        .badData, "tensor \(tensor) \(what)", expected: expected, found: found,
        in: "\(self.place), \(place)", advice: "compile the model again")
    }
    var isDefined = tensors.map { $0.weight != nil && $0.root == $0.index }
    for (index, port) in function.inputs.enumerated() {
      let tensor = tensors[port.tensor]
      guard tensor.root == tensor.index, !isDefined[tensor.index] else {
        throw fail(
          "cannot be an input", tensor.index, "a tensor of its own, given once",
          tensor.weight != nil ? "a weight" : "an alias or another input", "inputs[\(index)]")
      }
      isDefined[tensor.index] = true
    }
    for (index, step) in function.steps.enumerated() {
      for operand in step.operands where !isDefined[tensors[operand].root] {
        throw fail(
          "is read too early", operand, "an input, a weight or the result of an earlier step",
          "none of them", "steps[\(index)]")
      }
      for result in step.results {
        guard tensors[result].root == result, !isDefined[result] else {
          throw fail(
            "cannot be a result", result, "a tensor of its own, computed once",
            tensors[result].root == result ? "one that already has a value" : "an alias",
            "steps[\(index)]")
        }
        isDefined[result] = true
      }
    }
    for (index, port) in function.outputs.enumerated() where !isDefined[tensors[port.tensor].root] {
      throw fail(
        "is no result", port.tensor, "an output that a step computes", "none", "outputs[\(index)]")
    }
  }

  /// The role of every buffer, and the addresses the caller gave.
  ///
  /// - Precondition: `external` names only inputs and outputs, no name stands for both, and
  ///   addresses are multiples of 4.
  func roles(
    external: [String: UnsafeMutableRawPointer]
  ) throws(InputError) -> (roles: [BufferPlan.Role], external: [Int: UnsafeMutableRawPointer]) {
    var roles = [BufferPlan.Role](repeating: .local, count: bufferBytes.count)
    for tensor in tensors {
      if tensor.root != tensor.index {
        roles[tensor.index] = .none
      } else if tensor.weight != nil {
        roles[tensor.index] = .weight
      }
    }
    for port in function.outputs where roles[tensors[port.tensor].root] == .local {
      roles[tensors[port.tensor].root] = .output
    }
    for port in function.inputs { roles[port.tensor] = .input }
    if let samples { roles[samples.buffer] = .input }
    for buffer in top?.results ?? [] { roles[buffer] = .output }

    var addresses: [Int: UnsafeMutableRawPointer] = [:]
    for (name, address) in external.sorted(by: { $0.key < $1.key }) {
      let input = function.inputs.first { $0.name == name }
      let output = function.outputs.first { $0.name == name }
      precondition(
        (input == nil) != (output == nil), "'\(name)' is not one input or output of \(place)")
      precondition(UInt(bitPattern: address) % 4 == 0, "'\(name)' is not aligned to 4 bytes")
      guard let port = input ?? output else { continue }
      let buffer = tensors[port.tensor].root
      let isFree = roles[buffer] == .input || roles[buffer] == .output
      guard isFree, input != nil || roles[buffer] == .output else {
        throw InputError(
          .badData, "output '\(name)' cannot be placed", expected: "the result of a step",
          found: "an input, a weight or another output", in: place,
          advice: "compile the model again")
      }
      roles[buffer] = .external
      addresses[buffer] = address
    }
    return (roles, addresses)
  }
}
