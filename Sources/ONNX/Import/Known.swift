import Graph

/// A tensor whose elements the importer knows: weights, and everything that exporters compute from
/// shapes, whose integers are polynomials in the symbols.
///
/// An axis along which all elements are equal may be stored once (`lengths` 1), whatever its length in
/// `shape`; a symbolic axis always is, unless the elements count up along it.
struct Known {
  enum Elements {
    case floats([Float])
    case ints([Dimension])
    case bools([Bool])
  }

  var shape: Shape
  /// Elements stored along each axis: its length, or 1.
  private(set) var lengths: [Int]
  /// Row-major over `lengths`.
  private(set) var elements: Elements
  /// The axis along which integers go up by 1 from the one stored, such as positions 0, 1, 2, ….
  private(set) var counting: Int?
  /// The name of the weight this is.
  var name: String?

  /// A tensor from a file.
  init(_ tensor: ONNXTensor) {
    shape = tensor.shape.map { Dimension($0) }
    lengths = tensor.shape
    name = tensor.name.isEmpty ? nil : tensor.name
    switch tensor.elements {
    case .floats(let values): elements = .floats(values)
    case .ints(let values): elements = .ints(values.map { Dimension($0) })
    case .bools(let values): elements = .bools(values)
    }
  }

  /// A list of integers, such as a shape.
  init(ints: [Dimension]) {
    shape = [Dimension(ints.count)]
    lengths = [ints.count]
    elements = .ints(ints)
  }

  /// Stored elements under a shape; every axis stores 1 or all.
  init(_ elements: Elements, shape: Shape, lengths: [Int], counting: Int? = nil) {
    self.elements = elements
    self.shape = shape
    self.lengths = lengths
    self.counting = counting
  }

  /// Integers that go up by 1 from `first`.
  init(from first: Dimension, count: Dimension) {
    self.init(.ints([first]), shape: [count], lengths: [1], counting: 0)
  }

  /// Whether this is a weight, which stays one: the compiler moves its elements.
  var isWeight: Bool {
    if case .floats = elements { name != nil } else { false }
  }

  var storedCount: Int { lengths.reduce(1, *) }

  /// The only value, where there is one.
  var uniform: Elements? { counting == nil && storedCount == 1 ? elements : nil }

  /// The only value as a float.
  var uniformFloat: Float? {
    switch uniform {
    case .floats(let values): values[0]
    case .ints(let values): values[0].constant.map { Float($0) }
    default: nil
    }
  }

  /// All integers, row-major; nil for other types and symbolic shapes.
  var ints: [Dimension]? {
    guard counting == nil, case .ints(let values) = elements, let whole = shape.values([:]) else {
      return nil
    }
    return isWhole ? values : Self.places(whole, of: lengths).map { values[$0] }
  }

  /// Whether every element is stored.
  var isWhole: Bool { zip(shape, lengths).allSatisfy { $0 == Dimension($1) } }

  /// All floats, row-major; nil for other types and symbolic shapes.
  var floats: [Float]? {
    guard case .floats(let values) = elements, let whole = shape.values([:]) else { return nil }
    return isWhole
      ? values : Self.places(whole, of: lengths).map { values[$0] }
  }

  /// The same under another shape of the same rank and stored lengths or of equal stored order.
  func reshaped(_ shape: Shape, lengths: [Int], counting: Int? = nil) -> Known {
    precondition(lengths.reduce(1, *) == storedCount, "a reshape keeps the elements")
    return Known(elements, shape: shape, lengths: lengths, counting: counting)
  }

  /// For each element of `whole`, row-major, its place among elements stored with `lengths`, aligned
  /// at the last axis.
  static func places(_ whole: [Int], of lengths: [Int]) -> [Int] {
    var places = [0]
    var stride = lengths.reduce(1, *)
    let missing = whole.count - lengths.count
    for (axis, length) in whole.enumerated() {
      let stored = axis < missing ? 1 : lengths[axis - missing]
      stride /= max(1, stored)
      let step = stored == 1 ? 0 : stride
      places = places.flatMap { base in (0..<length).map { base + $0 * step } }
    }
    return places
  }
}

extension Known.Elements {
  func selecting(_ places: [Int]) -> Known.Elements {
    switch self {
    case .floats(let values): .floats(places.map { values[$0] })
    case .ints(let values): .ints(places.map { values[$0] })
    case .bools(let values): .bools(places.map { values[$0] })
    }
  }
}

extension Dimension {
  /// -1, 0 or 1 where the sign is the same for all lengths of 1 or more; else nil.
  var sign: Int? {
    let lowest = terms.reduce(0) { $0 + $1.coefficient }
    let rest = terms.filter { !$0.symbols.isEmpty }.map(\.coefficient)
    if terms.isEmpty { return 0 }
    if rest.allSatisfy({ $0 > 0 }), lowest > 0 { return 1 }
    if rest.allSatisfy({ $0 < 0 }), lowest < 0 { return -1 }
    return nil
  }

  /// The quotient, where the division leaves no rest for any value of the symbols; else nil.
  func dividedExactly(by divisor: Dimension) -> Dimension? {
    if self == divisor, !terms.isEmpty { return 1 }
    guard divisor.terms.count == 1 else { return nil }
    let (by, symbols) = (divisor.terms[0].coefficient, divisor.terms[0].symbols)
    var quotient: Dimension = 0
    for term in terms {
      var left = term.symbols
      for symbol in symbols {
        guard let index = left.firstIndex(of: symbol) else { return nil }
        left.remove(at: index)
      }
      guard term.coefficient % by == 0 else { return nil }
      quotient = quotient + left.reduce(Dimension(term.coefficient / by)) { $0 * .symbol($1) }
    }
    return quotient
  }
}
