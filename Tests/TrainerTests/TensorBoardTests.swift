import FoundationEssentials
import Testing

@testable import Trainer

@Suite("Event files for TensorBoard") struct TensorBoardTests {
  @Test("checksums are CRC-32C's, masked")
  func checksum() {
    // RFC 3720, B.4: 32 zeros give 0x8A9136AA, 32 ones 0x62A8AB43; and "123456789" 0xE3069283.
    func mask(_ sum: UInt32) -> UInt32 { (sum >> 15 | sum << 17) &+ 0xA282_EAD8 }
    #expect(EventEncoding.maskedChecksum([UInt8](repeating: 0, count: 32)) == mask(0x8A91_36AA))
    #expect(EventEncoding.maskedChecksum([UInt8](repeating: 255, count: 32)) == mask(0x62A8_AB43))
    #expect(EventEncoding.maskedChecksum(Array("123456789".utf8)) == mask(0xE306_9283))
  }

  @Test("records are what tensorboard's own writer makes of the same events")
  func records() {
    // EventFileWriter of tensorboard 2.21 with wall_time 1.5; see Tools/goldens/events.py.
    func hex(_ bytes: [UInt8]) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(hex(EventEncoding.record(.version, step: 0, time: 1.5)) == TensorBoardGolden.version)
    #expect(
      hex(EventEncoding.record(.scalars([("loss", 0.25), ("a/b", -3)]), step: 300, time: 1.5))
        == TensorBoardGolden.scalars)
    #expect(hex(EventEncoding.record(.start, step: 7, time: 1.5)) == TensorBoardGolden.start)
  }

  @Test("a run's file begins with the version and holds every step and validation")
  func file() throws {
    let data = try ColouredImages()
    let folder = data["events/run"]
    do {
      let log = try TensorBoardLog(folder: folder, firstStep: 1)
      try log.write(
        .step(
          TrainingStep(
            step: 1, steps: 2, loss: 1, learningRate: 2, gradientNorm: 3, samplesPerSecond: 4,
            secondsLeft: 5)))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 1 && names[0].hasPrefix("events.out.tfevents."))
    let bytes = try data.bytes("events/run/\(names[0])")
    let text = String(decoding: bytes, as: UTF8.self)
    for part in ["brain.Event:2", "loss", "learning_rate", "gradient_norm", "samples_per_second"] {
      #expect(text.contains(part))
    }
  }
}
