import Compiler
import Graph
import Testing

@Suite("Graphs that cannot be taken apart")
struct PartitionErrorTests {
  /// A captioner of one attention, whose parts a test replaces.
  private struct Builder {
    var graph = Graph()
    let width: Dimension = 4
    let batch = Dimension.symbol("B")
    let frames = Dimension.symbol("F")
    let text = Dimension.symbol("T")

    mutating func pixels() -> Value { graph.input("pixels", .f32([batch, frames, 1, 2, 2])) }

    mutating func tokens() -> Value { graph.input("tokens", TensorType(.i32, [batch, text])) }

    mutating func image(_ pixels: Value) -> Value {
      let merged = graph.reshape(pixels, [batch * frames, 1, 2, 2])
      let rows = graph.gelu(graph.patches(merged, PatchForm(size: 2)), .erf)
      return graph.reshape(rows, [batch, frames, width])
    }

    mutating func rows(_ tokens: Value) -> Value {
      graph.embedding(graph.parameter("words", .f32([3, width])), ids: tokens)
    }

    mutating func decoded(_ image: Value, _ rows: Value) -> Value {
      let x = graph.concat([image, rows], axis: 1)
      let form = AttentionForm(heads: 1, scale: 1, prefix: frames)
      return graph.slice(
        graph.attention(x, x, x, form), axis: 1, from: frames, to: frames + text)
    }
  }

  private func error(_ build: (inout Builder) -> Void) -> CompileError? {
    var builder = Builder()
    build(&builder)
    return #expect(throws: CompileError.self) {
      try CaptionerGraphs(builder.graph, ParameterStore([:]), precision: .fp32)
    }
  }

  @Test func theyAreTakenApartWhenNothingIsReplaced() throws {
    var b = Builder()
    let (pixels, tokens) = (b.pixels(), b.tokens())
    let (image, rows) = (b.image(pixels), b.rows(tokens))
    b.graph.output("logits", b.decoded(image, rows))
    _ = try CaptionerGraphs(b.graph, ParameterStore([:]), precision: .fp32)
  }

  @Test func framesThatAreNotMerged() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let rows = b.rows(tokens)
      b.graph.output("logits", b.decoded(b.graph.reshape(pixels, [b.batch, b.frames, 4]), rows))
    }
    #expect(error?.expected == "a reshape that merges batch and frames of the pixels")
  }

  @Test func twoFeatureMaps() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let rows = b.rows(tokens)
      let merged = b.graph.reshape(pixels, [b.batch * b.frames, 1, 2, 2])
      let one = b.graph.patches(merged, PatchForm(size: 2))
      let two = b.graph.gelu(one, .erf)
      let shape: Shape = [b.batch, b.frames, b.width]
      let image = b.graph.add(b.graph.reshape(one, shape), b.graph.reshape(two, shape))
      b.graph.output("logits", b.decoded(image, rows))
    }
    #expect(error?.expected == "one feature map between encoder and decoder")
    #expect(error?.found == "2")
  }

  @Test func noTokens() {
    let error = error { b in
      let pixels = b.pixels()
      b.graph.output("logits", b.image(pixels))
    }
    #expect(error?.expected == "one input of tokens i32[B, T]")
  }

  @Test func textThatReadsImageRowsDirectly() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, rows) = (b.image(pixels), b.rows(tokens))
      let mean = b.graph.reshape(b.graph.sum(image, axes: [1]), [b.batch, 1, b.width])
      b.graph.output("logits", b.graph.add(b.decoded(image, rows), mean))
    }
    #expect(error?.expected == "add to read text rows one by one")
    #expect(error?.found == "image rows, which only attention may read")
  }

  @Test func positionsThatDoNotStartWithTheFirst() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, words) = (b.image(pixels), b.rows(tokens))
      let table = b.graph.parameter("table", .f32([9, b.width]))
      let rows = b.graph.add(words, b.graph.slice(table, axis: 0, from: 1, to: b.text + 1))
      b.graph.output("logits", b.decoded(image, rows))
    }
    #expect(error?.expected == "add to read text rows one by one")
    #expect(error?.found == "rows that depend on where they stand: f32[T, 4]")
  }

  @Test func textRowsThatAreMixed() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, rows) = (b.image(pixels), b.rows(tokens))
      let y = b.graph.transpose(b.decoded(image, rows), [0, 2, 1])
      b.graph.output("logits", y)
    }
    #expect(error?.found == "transpose, which may mix them")
  }

  @Test func attentionWithoutTheMask() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, rows) = (b.image(pixels), b.rows(tokens))
      let y = b.graph.attention(rows, image, image, AttentionForm(heads: 1, scale: 1))
      b.graph.output("logits", y)
    }
    #expect(error?.found == "no mask")
  }

  @Test(arguments: ["positions", "text_k.3", "features.bias"])
  func parametersNamedLikeInputs(name: String) {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, words) = (b.image(pixels), b.rows(tokens))
      let rows = b.graph.add(words, b.graph.parameter(name, .f32([b.width])))
      b.graph.output("logits", b.decoded(image, rows))
    }
    #expect(error?.found == "'\(name)'")
  }

  @Test func twoOutputs() {
    let error = error { b in
      let (pixels, tokens) = (b.pixels(), b.tokens())
      let (image, rows) = (b.image(pixels), b.rows(tokens))
      b.graph.output("logits", b.decoded(image, rows))
      b.graph.output("rows", rows)
    }
    #expect(error?.expected == "one output, the logits")
    #expect(error?.found == "2")
  }
}
