import Formats
import Foundation
import Testing

/// `formats/README.md` is what other implementers read: its tables are held to the code.
@Suite("formats/README.md")
struct ReadmeTests {
  private let lines: Set<String>

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let text = try String(contentsOf: root.appending(path: "formats/README.md"), encoding: .utf8)
    lines = Set(text.split(separator: "\n").map(String.init))
  }

  private func describe(_ slot: OpcodeSignature.Slot) -> String {
    let types = slot.dtypes.map { "\($0)" }.joined(separator: " or ")
    var text: String
    switch slot.presence {
    case .always: text = slot.name
    case .withBias, .withResidual, .float, .quantized: text = slot.name + "?"
    case .repeated(let range): text = "\(slot.name) × \(range.lowerBound)–\(range.upperBound)"
    }
    text += " \(types) \(slot.shape)"
    switch slot.storage {
    case .plain: break
    case .packedWeight: text += " packed"
    case .packedTable: text += " packed with 8 bits"
    case .mutable: text += " changed in place"
    }
    return text
  }

  @Test("the opcode table is the code's", arguments: PlanOpcode.allCases)
  func opcodes(_ opcode: PlanOpcode) {
    let signature = opcode.signature
    let attributes =
      signature.required.map { "`\($0.rawValue)`" }
      + signature.optional.map { "(`\($0.rawValue)`)" }
    let row = [
      "`\(opcode.protoName)`", signature.operands.map(describe).joined(separator: "; "),
      signature.results.map(describe).joined(separator: "; "),
      attributes.joined(separator: ", "),
    ].joined(separator: " | ")
    let isThere = lines.contains("| \(row) |")
    #expect(isThere, "| \(row) |")
  }

  @Test(
    "the limits are the code's",
    arguments: [
      ("bytes of the head", PlanLimits.headBytes),
      ("bytes the head fills once unpacked", PlanLimits.unpackedBytes),
      ("bytes of a name or vocabulary entry", PlanLimits.stringBytes),
      ("functions", PlanLimits.functions),
      ("weights; tensors, steps or ports of a function", PlanLimits.tableEntries),
      ("symbols of a function", PlanLimits.symbols), ("axes of a tensor", PlanLimits.rank),
      ("terms of a dimension", PlanLimits.terms), ("symbols of a term", PlanLimits.factors),
      ("terms of an alias's element count", PlanLimits.elementCountTerms),
      ("magnitude of a coefficient or known length", PlanLimits.coefficient),
      ("inputs of CONCAT", PlanLimits.repeatedOperands),
      ("columns K of a packed weight", PlanLimits.packedColumns),
      ("columns K of a weight packed with four bits", PlanLimits.fourBitColumns),
      ("heads", PlanLimits.heads),
      ("pixels of an image's side, and of a patch's", PlanLimits.imageSize),
      ("tokens of a window's side", PlanLimits.window),
      ("vocabulary entries", PlanLimits.vocabulary),
      ("tokens of a text", PlanLimits.textLength), ("frames of a clip", PlanLimits.frames),
    ] as [(String, Int)])
  func limits(_ what: String, _ limit: Int) {
    let isThere = lines.contains("| \(what) | \(limit) |")
    #expect(isThere, "| \(what) | \(limit) |")
  }
}
