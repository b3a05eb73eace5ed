import Diagnostics
import Graph
import TestSupport
import Testing

@Suite struct GraphTextTests {
  @Test func formIsReadable() {
    var graph = Graph()
    let batch = Dimension.symbol("B")
    let x = graph.input("x", .f32([batch, 197 * .symbol("F") + .symbol("T"), 768]))
    let gamma = graph.parameter("norm.weight", .f32([768]))
    let odd = graph.parameter("0 \"quoted\" \\", .f32([768]))
    let y = graph.layerNorm(x, gamma: gamma, beta: odd, epsilon: 1e-5)
    let parts = graph.apply(
      .linear(Linear(Epilogue(hasBias: true, splits: [1, 2]))),
      [y, graph.parameter("w", .f32([3, 768])), graph.parameter("b", .f32([3]))])
    graph.output("q", parts[0])
    graph.output("the rest", parts[1])
    #expect(
      graph.text == #"""
        input %x : f32[B, 197*F + T, 768]
        parameter %norm.weight : f32[768]
        parameter %"0 \"quoted\" \\" : f32[768]
        %0 = layer_norm %x, %norm.weight, %"0 \"quoted\" \\" {epsilon = 1e-05} : f32[B, 197*F + T, 768]
        parameter %w : f32[3, 768]
        parameter %b : f32[3]
        %1, %2 = linear %0, %w, %b {activation = "none", bias = 1, residual = 0, splits = [1, 2]} : f32[B, 197*F + T, 1], f32[B, 197*F + T, 2]
        output q = %1
        output "the rest" = %2

        """#)
  }

  @Test(arguments: OpSamples.all)
  func everyOpComesBackEqual(sample: OpSample) throws {
    #expect(try Graph(text: sample.graph.text, place: "test") == sample.graph)
  }

  @Test func modelsComeBackEqual() throws {
    let training = TrainingOptions(dropout: 0.1, smoothing: Smoothing(form: .kl, amount: 0.1))
    for graph in [
      GIT.logits(.gitMicro(vocabularySize: 200)), GIT.logits(.gitLarge, training: training),
    ] {
      #expect(try Graph(text: graph.text, place: "test") == graph)
    }
  }

  @Test func oddNamesAndNumbersComeBackEqual() throws {
    var graph = Graph()
    for name in ["0", "a.b", ".a", "a b", "\\", "\"", "inf", "größe", "input"] {
      _ = graph.input(name, .f32([]))
    }
    for value in [
      Float.infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e10,
      3,
    ] {
      let constant = graph.constant(value, [3 * .symbol("x_1") * .symbol("x_1") - 2, 0])
      graph.output("\(value)", constant)
    }
    let parsed = try Graph(text: graph.text, place: "test")
    #expect(parsed == graph)
    // -0 == 0, but not here.
    #expect(parsed.text == graph.text)
  }

  @Test func commentsBlankLinesAndAnyNamesAreAccepted() throws {
    let text = """
      // a model
      input %x : f32[ T+2 , 3 ]   // rows

      %first.one = slice %x {axis=0,end=2*T-T + 2,start=2} : f32[T, 3]
      output y = %first.one
      """
    let graph = try Graph(text: text, place: "test")
    #expect(
      graph.nodes.map(\.op) == [.slice(Slice(axis: 0, start: 2, end: .symbol("T") + 2))])
  }

  /// Each text is wrong at one place.
  static let mistakes: [(text: String, line: Int, column: Int, says: String)] = [
    ("inputs %x : f32[2]", 1, 1, "'inputs'"),
    ("\n  input x : f32[2]", 2, 9, "'%'"),
    ("input %x : f64[2]", 1, 12, "one of f32, i32, u8, s8, f16"),
    ("input %x : f32[2", 1, 17, "']'"),
    ("input %x : f32[2] f32", 1, 19, "the end of the line"),
    ("input %x : f32[2]\ninput %x : f32[2]", 2, 7, "a new name"),
    ("input %x : f32[2]\nparameter %\"x\" : f32[2]", 2, 11, "a new name"),
    ("input %1x : f32[2]", 1, 8, "begins with a letter"),
    ("input %\"x : f32[2]", 1, 8, "a closing quote"),
    ("input %x : f32[99999999999999999999]", 1, 16, "an integer"),
    ("input %x : f32[1099511627776, 2]", 1, 12, "too many elements"),
    ("input %x : f32[1,1,1,1,1,1,1,1,1]", 1, 12, "at most 8 axes"),
    ("input %x : f32[2*3]", 1, 16, "identifiers"),
    (
      "input %x : f32[\(String(repeating: "F", count: 257))]", 1, 12,
      "no identifier of at most 256 bytes"
    ),
    ("input %\(String(repeating: "x", count: 1025)) : f32[2]", 1, 7, "of 1 to 1024 bytes"),
    ("input %\"\" : f32[2]", 1, 7, "of 1 to 1024 bytes"),
    ("input %x : f32[*F]", 1, 16, "a number or a symbol"),
    ("%0 = scale %x {factor = 0.5} : f32[2]", 1, 13, "a value defined above"),
    ("%0 = halve : f32[2]", 1, 1, "unknown op 'halve'"),
    ("input %x : f32[2]\n%0 = scale %x {factor = 1} : f32[2]", 2, 1, "a float such as 0.5"),
    ("input %x : f32[2]\n%0 = scale %x : f32[2]", 2, 1, "found none"),
    (
      "input %x : f32[2]\n%0 = scale %x {factor = 0.5, by = 2} : f32[2]", 2, 1,
      "unknown attribute 'by'"
    ),
    (
      "input %x : f32[2]\n%0 = scale %x {factor = 0.5, factor = 0.5} : f32[2]", 2, 30,
      "each attribute once"
    ),
    ("input %x : f32[2]\n%0 = scale %x {factor = 0.5} : f32[3]", 2, 32, "f32[2]"),
    ("input %x : f32[2]\n%0, %1 = scale %x {factor = 0.5} : f32[2]", 2, 1, "1 results"),
    ("input %x : f32[2]\n%0 = add %x : f32[2]", 2, 1, "expected 2 inputs"),
    ("input %x : f32[2]\n%0 = scale %x {factor = 0.5 : f32[2]", 2, 29, "'}'"),
    ("output y = %x", 1, 13, "a value defined above"),
    ("input %x : f32[2]\noutput y = %x\noutput y = %x", 3, 8, "a new name"),
  ]

  @Test(arguments: mistakes.indices)
  func errorsTellLineAndColumn(index: Int) throws {
    let mistake = Self.mistakes[index]
    let error = try #require(throws: InputError.self) {
      try Graph(text: mistake.text, place: "a.graph")
    }
    #expect(error.place == "a.graph, line \(mistake.line), column \(mistake.column)")
    #expect("\(error)".contains(mistake.says), "\(error)")
  }

  /// A concatenation adds lengths up: more than 16 of different symbols are no length.
  @Test func sumsOfManyLengthsAreRefused() throws {
    for count in [16, 17] {
      let lines = (0..<count).map { "input %x\($0) : f32[S\($0)]\n" }
      let inputs = (0..<count).map { "%x\($0)" }.joined(separator: ", ")
      let sum = (0..<count).map { "S\($0)" }.sorted().joined(separator: " + ")
      let text = lines.joined() + "%0 = concat \(inputs) {axis = 0} : f32[\(sum)]"
      if count == 16 {
        #expect(try Graph(text: text, place: "test").nodes.count == 1)
      } else {
        #expect(throws: InputError.self) { try Graph(text: text, place: "test") }
      }
    }
  }

  /// Whatever is cut off, the answer is an error or a graph, never a trap.
  @Test func cutTextNeverTraps() throws {
    for sample in OpSamples.all {
      let text = sample.graph.text
      for length in 0..<text.count {
        _ = try? Graph(text: String(text.prefix(length)), place: "test")
      }
    }
  }
}
