#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Curves over steps as one inline SVG picture.
struct LineChart {
  typealias Curve = TrainingCurves.Curve

  var title: String
  var curves: [Curve]
  /// Equal factors are equally far apart; for losses, whose late differences matter too.
  var isLogarithmic = false
  /// Whether a curve of many points is drawn as its mean over a band from least to most.
  var hasBand = false
  /// The axis begins at 0 and, where given, ends here.
  var fixedTop: Double?

  private static let size = (width: 640.0, height: 250.0)
  private static let frame = (left: 52.0, right: 12.0, top: 12.0, bottom: 28.0)
  /// So many places across; a curve of more points is averaged.
  private static let columns = 240

  /// The picture with its title and, for several curves, a legend.
  var html: String {
    let shown = curves.filter { !$0.points.isEmpty }
    guard !shown.isEmpty else { return "" }
    let legend =
      shown.count < 2
      ? ""
      : "<ul class=\"legend\">"
        + shown.enumerated().map { "<li class=\"c\($0 % 6)\">\(HTML.text($1.name))</li>" }.joined()
        + "</ul>"
    return """
      <figure><figcaption>\(HTML.text(title))</figcaption>\(svg(shown))\(legend)</figure>
      """
  }

  private func svg(_ curves: [Curve]) -> String {
    let axes = axes(curves)
    let (size, frame) = (Self.size, Self.frame)
    var parts: [String] = []
    for tick in axes.ticks {
      let y = number(axes.y(tick))
      parts.append(
        "<line class=\"grid\" x1=\"\(number(frame.left))\" x2=\"\(number(size.width - frame.right))\" "
          + "y1=\"\(y)\" y2=\"\(y)\"/><text x=\"\(number(frame.left - 8))\" y=\"\(y)\" dy=\".32em\" "
          + "text-anchor=\"end\">\(label(tick))</text>")
    }
    for tick in Self.ticks(Double(axes.first), Double(axes.last), about: 6) where tick >= 0 {
      parts.append(
        "<text x=\"\(number(axes.x(tick)))\" y=\"\(number(size.height - 8))\" "
          + "text-anchor=\"middle\">\(label(tick))</text>")
    }
    for (index, curve) in curves.enumerated() {
      let columns = Self.averaged(curve)
      if hasBand && curve.points.count > Self.columns {
        let top = columns.map { "\(number(axes.x($0.step))),\(number(axes.y($0.most)))" }
        let bottom = columns.reversed().map {
          "\(number(axes.x($0.step))),\(number(axes.y($0.least)))"
        }
        parts.append(
          "<polygon class=\"band c\(index % 6)\" points=\"\((top + bottom).joined(separator: " "))\"/>"
        )
      }
      let line = columns.map { "\(number(axes.x($0.step))),\(number(axes.y($0.mean)))" }
      parts.append(
        "<polyline class=\"line c\(index % 6)\" points=\"\(line.joined(separator: " "))\"/>")
      if let last = columns.last {
        parts.append(
          "<circle class=\"dot c\(index % 6)\" cx=\"\(number(axes.x(last.step)))\" "
            + "cy=\"\(number(axes.y(last.mean)))\" r=\"3\"><title>\(HTML.text(curve.name)): "
            + "\(label(last.mean))</title></circle>")
      }
    }
    return "<svg viewBox=\"0 0 \(number(size.width)) \(number(size.height))\" role=\"img\" "
      + "aria-label=\"\(HTML.text(title))\">\(parts.joined())</svg>"
  }

  // MARK: Scales

  private struct Axes {
    var first: Int
    var last: Int
    var low: Double
    var high: Double
    var isLogarithmic: Bool
    var ticks: [Double]

    func x(_ step: Double) -> Double {
      let share = (step - Double(first)) / Double(max(1, last - first))
      return LineChart.frame.left
        + share * (LineChart.size.width - LineChart.frame.left - LineChart.frame.right)
    }

    func y(_ value: Double) -> Double {
      let (low, high, value) =
        isLogarithmic ? (log(low), log(high), log(max(value, 1e-12))) : (low, high, value)
      let share = min(1, max(0, (value - low) / max(high - low, 1e-12)))
      return LineChart.size.height - LineChart.frame.bottom
        - share * (LineChart.size.height - LineChart.frame.top - LineChart.frame.bottom)
    }
  }

  private func axes(_ curves: [Curve]) -> Axes {
    let steps = curves.flatMap { [$0.points.first?.step ?? 0, $0.points.last?.step ?? 0] }
    let columns = curves.flatMap(Self.averaged)
    let (least, most) =
      hasBand
      ? (columns.map(\.least).min() ?? 0, columns.map(\.most).max() ?? 1)
      : (columns.map(\.mean).min() ?? 0, columns.map(\.mean).max() ?? 1)
    let usesLog = isLogarithmic && least > 0 && most > 4 * least
    let high = fixedTop ?? (most > 0 ? most : 1)
    let low = usesLog ? least : 0
    return Axes(
      first: steps.min() ?? 0, last: steps.max() ?? 1, low: low,
      high: high, isLogarithmic: usesLog,
      ticks: usesLog ? Self.logarithmicTicks(low, high) : Self.ticks(low, high, about: 4))
  }

  private struct Column {
    var step: Double
    var mean: Double
    var least: Double
    var most: Double
  }

  private static func averaged(_ curve: Curve) -> [Column] {
    let points = curve.points
    let width = max(1, (points.count + columns - 1) / columns)
    return stride(from: 0, to: points.count, by: width).map { start in
      let part = points[start..<min(points.count, start + width)]
      let values = part.map(\.value)
      return Column(
        step: Double(part.map(\.step).reduce(0, +)) / Double(part.count),
        mean: values.reduce(0, +) / Double(part.count), least: values.min() ?? 0,
        most: values.max() ?? 0)
    }
  }

  /// Round numbers 1, 2 or 5 times a power of ten apart.
  static func ticks(_ low: Double, _ high: Double, about count: Double) -> [Double] {
    let raw = max(high - low, 1e-12) / count
    let power = pow(10, floor(log10(raw)))
    let step = ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10) * power
    return Array(stride(from: ceil(low / step) * step, through: high + step * 1e-9, by: step))
  }

  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    let powers = Int(floor(log10(low)))...Int(ceil(log10(high)))
    let all = powers.flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
    let inside = all.filter { $0 >= low && $0 <= high }
    return inside.count > 8 ? inside.filter { "\($0)".contains("1") } : inside
  }

  // MARK: Numbers

  private func number(_ value: Double) -> String { rounded(value, 1) }

  /// A number of an axis: 12k, 350, 0.02, 1e-5.
  private func label(_ value: Double) -> String {
    let magnitude = abs(value)
    func short(_ value: Double, _ places: Int) -> String {
      let text = rounded(value, places)
      guard text.contains(".") else { return text }
      let cut = text.reversed().drop { $0 == "0" }
      return String((cut.first == "." ? cut.dropFirst() : cut).reversed())
    }
    if magnitude >= 1e6 { return short(value / 1e6, 2) + "M" }
    if magnitude >= 1e4 { return short(value / 1e3, 1) + "k" }
    if magnitude == 0 { return "0" }
    if magnitude < 1e-3 {
      let power = floor(log10(magnitude))
      return "\(short(value / pow(10, power), 1))e\(Int(power))"
    }
    return short(value, magnitude < 0.1 ? 4 : magnitude < 10 ? 2 : 0)
  }
}
