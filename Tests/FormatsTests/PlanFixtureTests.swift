import Formats
import Foundation
import Testing

/// Plans of every released version, as they were written then and never will be again.
@Suite("Plans of earlier versions")
struct PlanFixtureTests {
  /// The head of version 1, with every opcode, in base64.
  private static let version1 = """
    CAESCWdpdGMgdGVzdBqfBAoGZW5jb2RlEgFCGh0IARIHCgUIAhIBABIECgIIBhIECgIICBIECgIIChoKCAESBAoC
    CAwYARoXCAESBwoFCAISAQASBAoCCAgSBAoCCBgaFwgBEgcKBQgCEgEAEgQKAggIEgQKAggMGhAIARIECgIIDBIE
    CgIIGBgAGhcIARIHCgUIAhIBABIECgIICBIECgIIDBoXCAMSBwoFCAISAQASBAoCCAgSBAoCCAwaFwgBEgcKBQgC
    EgEAEgQKAggIEgQKAggEGhcIARIHCgUIAhIBABIECgIICBIECgIIDBoXCAESBwoFCAISAQASBAoCCAgSBAoCCAwa
    FwgBEgcKBQgCEgEAEgQKAggIEgQKAggMGhAIBBIECgIIJBIECgIIDBgCGgoIARIECgIIJBgDGhcIARIHCgUIAhIB
    ABIECgIICBIECgIIDBoTCAESBwoFCAISAQASBAoCCDAgDRoRCAMSBwoFCAISAQASBAoCCDAaEQgBEgcKBQgCEgEA
    EgQKAggEIgsIFhIBABoBAnoBAiIOCAESAwIEARoBAyADKAEiGAgGEgQDAwEBGgMFBgcwATgBRazFJzdQfyIPCAIS
    BAYHCwwaAwgJClB/IhcIBBIDCAkKGgENTQAAAD9YAmIECgIICCIMCAcSAQ4aAg8QUP8BKgoKBnBpeGVscxAAMggK
    BHJvd3MQEDIKCgZ0b2tlbnMQDzIKCgZmbG9hdHMQBRr1AgoEc3RlcBIBURIBTBoRCAISBwoFCAISAQASBAoCCAIa
    FwgBEgcKBQgCEgEAEgQKAggCEgQKAggMGhAIARIECgIIBhIECgIIDBgEGhQIARIECgIIAhIECgIICBIECgIIDBoU
    CAESBAoCCAISBAoCCAgSBAoCCAwaGggBEgcKBQgCEgEAEgcKBQgCEgEBEgQKAggMGhoIARIHCgUIAhIBABIHCgUI
    AhIBARIECgIIDBoLCAISBwoFCAISAQAaFAgCEgcKBQgCEgEAEgcKBQgCEgEBGggIAhIECgIIAhoXCAESBwoFCAIS
    AQASBAoCCAISBAoCCAwiCQgVEgICABoBASIYCAUSCgEBAQMEBQYHCAkaAQpNAACAP1gDKgcKA2lkcxAAKgUKAWsQ
    AyoFCgF2EAQqCgoGdGV4dF9rEAUqCgoGdGV4dF92EAYqCgoGc291cmNlEAcqCQoFc2xvdHMQCCoNCglwb3NpdGlv
    bnMQCTIFCgF5EAoaywgKBXRyYWluEgFGEgFUGiIIARIOCgUIBBIBAAoFCAISAQESDgoFCAQSAQAKBQgCEgEBGggI
    AhIECgIIAhoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4K
    BQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgC
    EgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQS
    AQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAES
    DgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIB
    ARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEACgUIAhIBARoiCAESDgoFCAQSAQAKBQgCEgEBEg4KBQgEEgEA
    CgUIAhIBARoOCAESBAoCCAISBAoCCAgaDggBEgQKAggGEgQKAggIGg4IARIECgIIDBIECgIICBoOCAESBAoCCAQS
    BAoCCAgaDggBEgQKAggMEgQKAggIGggIARIECgIICBoICAISBAoCCAwaAggBGg4IARIECgIIDBIECgIICBoOCAES
    BAoCCAwSBAoCCAgaCAgBEgQKAggIGggIARIECgIICBoOCAESBAoCCBISBAoCCAgaFAgBEgQKAggCEgQKAggEEgQK
    AggIGhQIARIECgIIAhIECgIIBBIECgIICBoUCAESBAoCCAISBAoCCAQSBAoCCAgaFAgBEgQKAggCEgQKAggEEgQK
    AggIIhEICRIBABoBAmIHCgUIAhIBACIICAgSAQIaAQMiCggKEgEDGgEEIAEiDQgNEgEEGgEFTQAAAAAiFQgXEgIF
    ARoBBk3NzMw9iAH/////DyIJCAsSAgYAGgEHIgkIDBICBwAaAQgiDAgPEgEIGgEJegIBACILCAMSAgkAGgEKcAEi
    CQgaEgIKABoBCyILCBkSAgsAGgEMIAIiCggOGgENTQAAgP8iCAgSEgENGgEOIgwIEBICDg4aAQ96AQAiEggREgEP
    GgEQegEAggEECgIICCIOCBMSARAaARF6AQCCAQAiCwgUEgERGgESegEAIhEIGBICDxMaARRNAAAAAJABASISCB4S
    Aw8TFBoBFU3NzMw9kAEAIhEIGxIDDxIVGgMWFxhFrMUnNyIJCB0SAhMWGgEZIhQIHBIEGhoaGhoDGxwdTQAAgD9Y
    ASoFCgF4EAAqCAoEc2VlZBABKgoKBmxhYmVscxATKgUKAXEQGjIICgRsb3NzEBQyCAoEbGFzdBAMIhQKBXBhdGNo
    EAEaAgYMIAEoADCgAiITCgVnYW1tYRABGgEGIAEowAIwGCITCgNxa3YQBBoCEgYgAiiAAzCIAiIXCglxa3Yuc2Nh
    bGUQARoBEiABKMAFMEgiFAoFdGFibGUQARoCAwYgASjABjBIKkUKJwgEEgdiaWN1YmljGgwAAAA/zczMPpqZmT4i
    DM3MTD6amZk+zczMPhIFW1BBRF0SBVtDTFNdEgLDqRgIIAAqBGludDg=
    """

  @Test("version 1 still reads")
  func version1() throws {
    let text = Self.version1.filter { !$0.isWhitespace }
    let head = [UInt8](try #require(Data(base64Encoded: text)))
    // Field 15 with 904 zeros: what its weight table asks for.
    let bytes = head + [15 << 3 | 2, 0x88, 0x07] + [UInt8](repeating: 0, count: 904)
    let plan = try LoadedPlan(bytes: bytes, place: "version 1").plan
    #expect(plan.producer == "gitc test")
    #expect(plan.functions.map(\.name) == ["encode", "step", "train"])
    #expect(plan.functions.map(\.steps.count) == [6, 2, 22])
    #expect(plan.weights.map(\.name) == ["patch", "gamma", "qkv", "qkv.scale", "table"])
    #expect(plan.weights[2].layout == .packedN8K4)
    #expect(plan.model?.vocabulary == ["[PAD]", "[CLS]", "é"])
    #expect(plan.model?.preprocessing.mean == [0.5, 0.4, 0.3])
    // From before there was a choice.
    #expect(plan.model?.preprocessing.geometry == .centerCrop(.halfEven))
    let layerNorm = plan.functions[0].steps[2]
    #expect(layerNorm.opcode == .layerNorm)
    #expect(layerNorm.epsilon == 1e-5)
    #expect(layerNorm.levels == 127)
    #expect(layerNorm.hasResidual && layerNorm.keepsFloat && !layerNorm.hasBias)
    #expect(plan.functions[0].steps[4].prefix == 4)
    #expect(plan.functions[0].tensors[14].aliasOf == 13)
    #expect(plan.functions[2].tensors[0].shape[0].value([3, 10]) == 16)
  }
}
