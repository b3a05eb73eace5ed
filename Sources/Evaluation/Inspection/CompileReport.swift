package import Compiler
import Formats

/// What a compilation did: what `gitc compile --report` writes.
package struct CompileReport: Encodable, Sendable {
  /// What one pass did to one function.
  package struct Pass: Encodable, Sendable {
    package var pass: String
    /// "model" before the graph is taken apart.
    package var function: String
    package var rewrites: Int
  }

  /// A function of the plan.
  package struct Function: Encodable, Sendable {
    package var name: String
    package var steps: Int
    /// Steps by opcode.
    package var opcodes: [String: Int]
  }

  package var checkpoint: String
  package var plan: String
  package var precision: String
  /// Bytes of all weights in the plan.
  package var weightBytes: Int
  /// Bytes of the parameters in the checkpoint.
  package var parameterBytes: Int
  /// In running order.
  package var passes: [Pass]
  package var functions: [Function]
  /// nil where nothing was measured.
  package var calibration: CalibrationReport?

  /// Describes the compilation of a checkpoint whose parameters have `parameterBytes` bytes.
  package init(
    _ compiled: CompiledPlan, precision: Precision, parameterBytes: Int, checkpoint: String,
    plan: String
  ) {
    self.checkpoint = checkpoint
    self.plan = plan
    self.precision = precision.rawValue
    self.parameterBytes = parameterBytes
    weightBytes = compiled.weightByteCount
    passes = compiled.graphs.reports.map {
      Pass(pass: $0.pass, function: $0.function, rewrites: $0.rewrites)
    }
    functions = compiled.plan.functions.map { function in
      Function(
        name: function.name, steps: function.steps.count,
        opcodes: function.steps.reduce(into: [:]) { $0["\($1.opcode)", default: 0] += 1 })
    }
  }

  /// For people: the sizes in a line, then a line per pass that changed something.
  package var text: String {
    var table = TextTable()
    for pass in passes where pass.rewrites > 0 {
      table.add(pass.pass, pass.function, "\(pass.rewrites)", "rewrites")
    }
    for function in functions {
      table.add(function.name, "", "\(function.steps)", "steps")
    }
    let summary = """
      \(plan): \(precision), \(weightBytes) bytes of weights from \(parameterBytes)
      \(table.text)
      """
    return calibration.map { "\(summary)\n\($0.text)" } ?? summary
  }
}
