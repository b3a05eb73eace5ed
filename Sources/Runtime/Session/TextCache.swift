import Diagnostics
import Formats

/// Keys and values of the text of every sequence, f32[Q, L, D] twice per decoder layer.
///
/// L is what texts need rather than the most the model allows: with the released models' 1024 rows
/// between them, short sequences would be spread over hundreds of MB.
final class TextCache {
  /// Q: sequences there is room for; functions bound for fewer use the first ones.
  let sequences: Int
  /// L.
  let capacity: Int
  /// D.
  let width: Int
  /// Where `text_k.i` and `text_v.i` begin.
  let addresses: [String: UnsafeMutableRawPointer]
  private let arena: Arena

  /// Makes room for `sequences` of `length` tokens, at most the model's text length.
  init(_ model: CaptionModel, sequences: Int, length: Int) throws(InputError) {
    self.sequences = sequences
    // Lengths differ from text to text: a few steps save making a new cache for each.
    let step = 64
    capacity = min((length + step - 1) / step * step, model.settings.maximumTextLength)
    let place = "\(model.loaded.place), function 'step', inputs"
    // Without layers there is nothing to keep.
    var width = 0
    if let port = model.step.inputs.first(where: { $0.name == "text_k.0" }) {
      let last = model.step.tensors[port.tensor].shape[2]
      guard let known = last.terms.allSatisfy({ $0.symbols.isEmpty }) ? last.value([]) : nil else {
        throw InputError(
          .badData, "the width of 'text_k.0' is not known", expected: "a number",
          found: "symbols", in: place, advice: "compile the model again")
      }
      width = known
    }
    self.width = width
    let names = (0..<model.layers).flatMap { ["text_k.\($0)", "text_v.\($0)"] }
    var (bytes, total) = (MemoryLayout<Float>.stride, names.count)
    var hasOverflow = false
    for factor in [sequences, capacity, width] {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
      (bytes, hasOverflow) = (product, hasOverflow || overflow)
    }
    let (product, overflow) = total.multipliedReportingOverflow(by: bytes)
    total = product
    if hasOverflow || overflow {
      throw InputError(
        .badData, "the text cache is too large", expected: "less than 2^63 bytes", found: "more",
        in: place, advice: "use fewer beams or images at once")
    }
    arena = try Arena(byteCount: total, place: place)
    var addresses: [String: UnsafeMutableRawPointer] = [:]
    for (index, name) in names.enumerated() { addresses[name] = arena.base + index * bytes }
    self.addresses = addresses
  }
}
