/// IEEE binary16, without the `Float16` type that some platforms lack.
package enum Half {
  /// The number that 16 bits stand for, exact.
  package static func float(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 31
    let fraction = UInt32(bits & 1023)
    switch exponent {
    case 0:  // zeros and subnormals: a multiple of 2^-24, exact in binary32
      return Float(bitPattern: sign | (Float(fraction) * 0x1p-24).bitPattern)
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// The nearest binary16, ties to even; infinity from 65520 on, a NaN for a NaN.
  package static func bits(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = value.magnitude
    if value.isNaN { return sign | 0x7e00 }
    if magnitude >= 65520 { return sign | 0x7c00 }
    if magnitude < 0x1p-14 {
      // Whole multiples of 2^-24; the largest may round up to the least normal number, the next bits.
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let bits = magnitude.bitPattern - 112 << 23
    return sign | UInt16((bits + 0xfff + (bits >> 13 & 1)) >> 13)
  }
}
