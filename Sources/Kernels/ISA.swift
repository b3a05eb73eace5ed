package import CKernels

/// A cluster of instruction sets that kernels are compiled for, worst first.
package enum ISA: String, Sendable, CaseIterable {
  /// What every CPU of the architecture runs.
  case scalar
  /// AVX2, FMA and F16C.
  case avx2
  /// AVX2, FMA, F16C and AVX-VNNI.
  case avxvnni
  /// AVX-512 F, BW, VL, DQ and VNNI.
  case avx512vnni
  /// 64-bit Arm with dot products (FEAT_DotProd).
  case neondot

  /// The best cluster this CPU runs.
  package static var best: ISA { allCases.last(where: \.isSupported) ?? .scalar }

  /// Whether this CPU runs the cluster.
  package var isSupported: Bool { ck_supports(value) != 0 }

  /// The same cluster in C.
  package var value: ck_isa {
    switch self {
    case .scalar: CK_ISA_SCALAR
    case .avx2: CK_ISA_AVX2
    case .avxvnni: CK_ISA_AVXVNNI
    case .avx512vnni: CK_ISA_AVX512VNNI
    case .neondot: CK_ISA_NEONDOT
    }
  }
}
