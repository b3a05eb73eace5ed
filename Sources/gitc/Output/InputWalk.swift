import Diagnostics
import Evaluation

/// The inputs of a command line, taken apart one after the other.
struct InputWalk {
  /// Paths; `-` stands for those on stdin, one per line.
  let paths: [String]
  /// Whether the images of a folder are inputs of their own.
  let each: Bool

  /// Whether one path that names one input is all there is.
  var isSingle: Bool {
    paths.count == 1 && paths[0] != "-" && !each
      && ![".tsv", ".tar"].contains { paths[0].hasSuffix($0) }
  }

  /// Calls `body` with every source, or with why there is none, as stdin gives them, until it returns
  /// false.
  func forEach(_ body: (_ path: String, Result<InputSource, InputError>) -> Bool) {
    func visit(_ path: String) -> Bool {
      body(path, Result { () throws(InputError) in try InputSource(path: path, each: each) })
    }
    for path in paths {
      if path != "-" {
        if !visit(path) { return }
      } else {
        while let line = readLine() {
          if !line.isEmpty, !visit(line) { return }
        }
      }
    }
  }
}
