// swift-tools-version: 6.2
import PackageDescription

// The layers, bottom first; an arrow goes only to an earlier level (checked by Tools/check-layers).
// `Runtime` never depends on `Graph`, `Compiler` or `Trainer`: whatever it needs is in the plan.

let strict = Context.environment["GITC_STRICT"] != nil  // set by CI: warnings are errors

let swiftSettings: [SwiftSetting] =
  [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let cWarnings: [CSetting] =
  [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Wconversion"])]
  + (strict ? [.treatAllWarnings(as: .error)] : [])

// SwiftPM keeps only -I and -L of pkg-config, so the OpenMP pragmas are switched on here.
let openMP: [CSetting] = [.unsafeFlags(["-Xclang", "-fopenmp"])]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  let errors: [Target.Dependency] = name == "Diagnostics" ? [] : ["Diagnostics"]
  return .target(name: name, dependencies: errors + dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies + ["Diagnostics", "TestSupport"],
    swiftSettings: swiftSettings)
}

func system(_ name: String, _ pkgConfig: String, _ apt: [String]) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt(apt)])
}

// Yams: recipes are YAML, as users of other trainers write them; so is parameter.yaml of public weights.
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
// ArgumentParser: flags, help and usage errors in the form users of Swift tools know.
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "gitc",
  products: [
    .executable(name: "gitc", targets: ["gitc"]),
    .library(name: "Captioning", targets: ["Captioning"]),
    // Loaded with dlopen: linking FFmpeg's 150 libraries would cost 80 ms at every start.
    .library(name: "GitcVideo", type: .dynamic, targets: ["CVideo"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Level 0: C and system libraries.
    system("CProtobufC", "libprotobuf-c", ["libprotobuf-c-dev"]),  // the head of a plan
    system("CNettle", "nettle", ["nettle-dev"]),  // SHA-256; swift-crypto would build for a minute
    system("CTurboJPEG", "libturbojpeg", ["libturbojpeg0-dev"]),  // JPEG, bit-exact with Pillow
    system("CPNG", "libpng", ["libpng-dev"]),  // PNG
    system("CWebP", "libwebp", ["libwebp-dev"]),  // WebP
    system("CFFmpeg", "libavformat libavcodec libswscale libavutil", ["libavformat-dev"]),  // video
    .target(
      name: "CKernels", cSettings: cWarnings + openMP,
      linkerSettings: [
        .linkedLibrary("omp5", .when(platforms: [.linux])),
        .linkedLibrary("omp", .when(platforms: [.macOS])),
        .linkedLibrary("m"),
      ]),
    .target(name: "CFormats", dependencies: ["CProtobufC"]),  // protoc-c output, not edited
    .target(
      name: "CMedia", dependencies: ["CTurboJPEG", "CPNG", "CWebP"], cSettings: cWarnings),
    .target(name: "CVideo", dependencies: ["CFFmpeg"], cSettings: cWarnings),

    library("Diagnostics", []),  // the one error type for bad input
    // Memory for protobuf-c messages.
    .target(name: "Protobuf", dependencies: ["CProtobufC"], swiftSettings: swiftSettings),
    .target(name: "Randomness", swiftSettings: swiftSettings),  // one seeded generator for all

    // Level 1
    library("Graph", ["CFormats", "Protobuf"]),
    library("Formats", ["CFormats", "CNettle", "Protobuf"]),
    library("Kernels", ["CKernels"]),
    library("Media", ["CMedia", "Formats"]),
    library("Tokenizer", []),
    .target(name: "Metrics", swiftSettings: swiftSettings),  // what captions and answers are worth

    // Level 2
    // Serves tests and `verify`; no product path depends on it.
    library("Reference", ["Graph", "Randomness"]),
    library("Runtime", ["Formats", "Kernels", "CKernels", "Randomness"]),
    library("Checkpoint", ["Graph", "Formats"]),
    library("ONNX", ["Graph", "Formats", "CFormats", "Protobuf"]),
    library("Data", ["Formats", "Media", "Tokenizer", "Randomness"]),

    // Level 3
    library("Compiler", ["Graph", "Formats", "Kernels", "Checkpoint", "Runtime"]),
    library("Captioning", ["Formats", "Kernels", "Runtime", "Media", "Tokenizer"]),
    library("Importer", ["Graph", "Formats", "Checkpoint", "Tokenizer", yaml]),

    // Level 4
    library(
      "Trainer",
      [
        "Graph", "Formats", "Kernels", "Runtime", "Checkpoint", "Data", "Media", "Tokenizer",
        "Compiler", "CKernels", "Randomness", yaml,
      ]),
    library(
      "Evaluation",
      [
        "Graph", "Formats", "Kernels", "Checkpoint", "ONNX", "Compiler", "Runtime", "Captioning",
        "Data", "Media", "Tokenizer", "Metrics",
      ]),

    // Level 5
    .executableTarget(
      name: "gitc",
      dependencies: [
        "Trainer", "Evaluation", "Compiler", "Captioning", "Runtime", "Kernels", "Checkpoint",
        "ONNX", "Data", "Formats", "Graph", "Media", "Diagnostics", "Importer", argumentParser,
      ],
      swiftSettings: swiftSettings),

    // Benchmarks: not part of any product.
    .target(name: "CCeilings", path: "Benchmarks/CCeilings", cSettings: cWarnings),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "CCeilings", "CKernels", "Kernels", "Runtime", "Checkpoint", "Formats", "Graph",
        "Compiler", "Evaluation", "Trainer", "Diagnostics", argumentParser,
      ],
      path: "Benchmarks/Tool", swiftSettings: swiftSettings),

    .target(
      name: "TestSupport", dependencies: ["Graph", "Reference", "Kernels"],
      path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    // Counts allocations, for the test that a run makes none.
    .target(name: "CAllocations", path: "Tests/CAllocations", cSettings: cWarnings),
    tests("Graph", ["Graph", "Reference"]),
    tests("Formats", ["Formats", "CFormats", "Checkpoint", "Graph", "Randomness"]),
    // NEON kernels through SIMDe (headers alone), where it is installed, so that every machine tests them.
    .target(
      name: "CEmulatedKernels", dependencies: ["CKernels"], path: "Tests/CEmulatedKernels",
      cSettings: cWarnings),
    tests("Kernel", ["Kernels", "CKernels", "CEmulatedKernels", "Randomness", "Reference"]),
    tests("Media", ["Media", "Formats"]),
    tests("Tokenizer", ["Tokenizer"]),
    tests("Metrics", ["Metrics"]),
    tests("Data", ["Data", "Media"]),
    tests(
      "Compiler",
      [
        "Compiler", "Graph", "Reference", "Formats", "Checkpoint", "Runtime", "Kernels",
        "Randomness",
      ]),
    tests(
      "Runtime",
      [
        "Runtime", "Compiler", "Graph", "Reference", "Formats", "Checkpoint", "Captioning", "Data",
        "Media", "Kernels", "Tokenizer", "Evaluation", "Randomness", "CAllocations",
      ]),
    tests(
      "Importer",
      ["Importer", "Compiler", "Runtime", "Checkpoint", "Formats", "Graph", "Kernels"]),
    tests(
      "Trainer",
      [
        "Trainer", "Compiler", "Graph", "Reference", "Runtime", "Checkpoint", "Data", "Formats",
        "Kernels", "Media", "Tokenizer", "Randomness",
      ]),
    tests(
      "ONNX",
      ["ONNX", "Compiler", "Graph", "Reference", "Formats", "Checkpoint", "Runtime", "Kernels"]),
    tests("CLI", ["gitc", "Media", "Data", "Formats", "Checkpoint", "Graph", "Randomness"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)

// The fuzzer links libFuzzer, which Tools/fuzz brings; nothing else builds it.
if Context.environment["GITC_FUZZ"] != nil {
  package.targets += [
    .target(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer", cSettings: cWarnings),
    .executableTarget(
      name: "GitcFuzz",
      dependencies: [
        "CLibFuzzer", "Checkpoint", "Diagnostics", "Formats", "Graph", "Kernels", "Media", "ONNX",
        "Runtime",
      ],
      path: "Fuzzing/Fuzzer", swiftSettings: swiftSettings),
  ]
}
