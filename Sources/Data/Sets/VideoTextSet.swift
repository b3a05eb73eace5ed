import Diagnostics

/// MSVD's `AllVideoDescriptions.txt`: a line per sentence, `<id>_<start>_<end>`, a space, the text.
///
/// Empty lines and lines that begin with `#` are passed over.
/// - Source: Chen and Dolan 2011, the Microsoft Research video description corpus.
enum VideoTextSet {
  static func open(_ location: DatasetLocation) throws(InputError) -> FileDataset {
    let path = location.path
    var builder = try RowBuilder(location, clips: true)
    try builder.refuseSplit()
    for (index, line) in try TextLines.read(path).enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let space = line.firstIndex(of: " "), line[..<space].count(where: { $0 == "_" }) >= 2
      else {
        builder.skip(
          InputError(
            .badData, "the line names no clip", expected: "id_start_end, a space and a sentence",
            found: "'\(line.prefix(40))'", in: "\(path), line \(index + 1)",
            advice: "correct the line"))
        continue
      }
      let key = String(line[..<space])
      builder.add(
        key: key, files: [key],
        texts: [TextSample(key: key, caption: String(line[line.index(after: space)...]))])
    }
    return try builder.dataset()
  }
}
