/// `value` with so many decimals; one that is too large for them, or no number, as Swift prints it.
package func rounded(_ value: Double, _ places: Int) -> String {
  let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
  let units = (value.magnitude * scale).rounded()
  guard units < 0x1p53 else { return "\(value)" }
  let digits = String(Int(units))
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  let sign = value < 0 && units > 0 ? "-" : ""
  return sign + padded.dropLast(places) + (places > 0 ? "." : "") + padded.suffix(places)
}
