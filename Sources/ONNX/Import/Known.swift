import Graph

/// A tensor whose elements the importer knows: weights, and everything that exporters compute from
/// shapes, whose integers are polynomials in the symbols.
///
/// An axis along which all elements are equal may be stored once (`lengths` 1), whatever its length in
/// `shape`; a symbolic axis always is, unless the elements count up along it. Files decide what is computed
/// here, so shapes keep the limits of graphs, arithmetic on integers is checked, and no operation makes
/// many elements of few.
struct Known {
  enum Elements: Equatable {
    case floats([Float])
    case ints([Dimension])
    case bools([Bool])
  }

  /// The most elements that an operation makes of fewer: a mask of 2048 tokens.
  static let limit = 1 << 22

  let shape: Shape
  /// Elements stored along each axis: its length, or 1.
  let lengths: [Int]
  /// Row-major over `lengths`.
  let elements: Elements
  /// The axis along which integers go up by 1 from the one stored, such as positions 0, 1, 2, ….
  let counting: Int?
  /// The name of the weight this is.
  private(set) var name: String?

  /// A tensor from a file.
  init(_ tensor: ONNXTensor) throws(KnownError) {
    let elements: Elements =
      switch tensor.elements {
      case .floats(let values): .floats(values)
      case .ints(let values): .ints(values.map { Dimension($0) })
      case .bools(let values): .bools(values)
      }
    try self.init(elements, shape: tensor.shape.map { Dimension($0) }, lengths: tensor.shape)
    name = tensor.name.isEmpty ? nil : tensor.name
  }

  /// A list of integers, such as a shape.
  init(ints: [Dimension]) {
    shape = [Dimension(ints.count)]
    lengths = [ints.count]
    elements = .ints(ints)
    counting = nil
  }

  /// Stored elements under a shape; every axis stores 1 or all.
  ///
  /// - Throws: where no tensor of a graph has that shape.
  init(
    _ elements: Elements, shape: Shape, lengths: [Int], counting: Int? = nil
  ) throws(KnownError) {
    precondition(elements.count == lengths.reduce(1, *), "elements that do not fill \(lengths)")
    self.elements = elements
    self.shape = try shape.checked()
    self.lengths = lengths
    self.counting = counting
  }

  /// One number.
  init(_ number: Float) {
    (elements, shape, lengths, counting) = (.floats([number]), [], [], nil)
  }

  /// One integer.
  init(_ number: Dimension) {
    (elements, shape, lengths, counting) = (.ints([number]), [], [], nil)
  }

  /// Integers that go up by 1 from `first`.
  init(from first: Dimension, count: Dimension) throws(KnownError) {
    try self.init(.ints([first]), shape: [count], lengths: [1], counting: 0)
  }

  /// Whether this is a weight, which stays one: the compiler moves its elements.
  var isWeight: Bool {
    if case .floats = elements { name != nil } else { false }
  }

  var storedCount: Int { elements.count }

  /// What holding or reading it costs, in floats: an integer is a polynomial.
  var cost: Int {
    if case .ints = elements { 16 * storedCount } else { storedCount }
  }

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
    get throws(KnownError) {
      guard counting == nil, case .ints(let values) = elements, let whole = shape.values([:]) else {
        return nil
      }
      return isWhole ? values : try places(in: whole).map { values[$0] }
    }
  }

  /// Whether every element is stored.
  var isWhole: Bool { zip(shape, lengths).allSatisfy { $0 == Dimension($1) } }

  /// All floats, row-major; nil for other types and symbolic shapes.
  var floats: [Float]? {
    get throws(KnownError) {
      guard case .floats(let values) = elements, let whole = shape.values([:]) else { return nil }
      return isWhole ? values : try places(in: whole).map { values[$0] }
    }
  }

  /// The same under another shape of the same rank and stored lengths or of equal stored order.
  func reshaped(_ shape: Shape, lengths: [Int], counting: Int? = nil) throws(KnownError) -> Known {
    try Known(elements, shape: shape, lengths: lengths, counting: counting)
  }

  /// For each element of `whole`, row-major, its place among those stored.
  func places(in whole: [Int]) throws(KnownError) -> [Int] {
    guard counting == nil else { throw KnownError("positions of a symbolic length") }
    try Self.check(whole, madeOf: [self])
    return Self.places(whole, of: lengths)
  }

  /// Elements of these lengths may be made of `operands`.
  static func check(_ lengths: [Int], madeOf operands: [Known]) throws(KnownError) {
    let largest = operands.map(\.storedCount).max() ?? 0
    var count = 1
    for length in lengths {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { throw KnownError("constants of shape \(lengths)") }
      count = product
    }
    guard count <= max(limit, largest) else {
      throw KnownError("\(count) elements made of \(largest), more than \(limit)")
    }
  }

  /// For each element of `whole`, row-major, its place among elements stored with `lengths`, aligned
  /// at the last axis; `whole` was checked.
  static func places(_ whole: [Int], of lengths: [Int]) -> [Int] {
    // An axis before one of length 0 may have any length.
    if whole.contains(0) { return [] }
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

extension Shape {
  /// This shape, where a tensor of a graph can have it.
  func checked() throws(KnownError) -> Shape {
    do throws(GraphError) { try checkLimits("a constant or shape") } catch {
      throw KnownError(error.message)
    }
    guard allSatisfy({ $0.constant ?? 0 >= 0 }) else {
      throw KnownError("a length below 0: \(self)")
    }
    return self
  }
}

extension Dimension {
  /// This length, where an axis of a graph can have it.
  func checked() throws(KnownError) -> Dimension { try [self].checked()[0] }
}

extension Known.Elements {
  var count: Int {
    switch self {
    case .floats(let values): values.count
    case .ints(let values): values.count
    case .bools(let values): values.count
    }
  }

  func selecting(_ places: [Int]) -> Known.Elements {
    switch self {
    case .floats(let values): .floats(places.map { values[$0] })
    case .ints(let values): .ints(places.map { values[$0] })
    case .bools(let values): .bools(places.map { values[$0] })
    }
  }
}
