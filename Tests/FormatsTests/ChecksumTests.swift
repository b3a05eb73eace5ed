import Diagnostics
import Formats
import Testing

@Suite("Checksums of plans")
struct ChecksumTests {
  private let sample = SamplePlan().withChecksums

  @Test(
    "SHA-256 gives the digests of FIPS 180-4's examples",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func digests(_ text: String, _ count: Int, _ digest: String) {
    let bytes = [UInt8](String(repeating: text, count: count).utf8)
    bytes.withUnsafeBytes { bytes in
      #expect(SHA256Digest(of: bytes).description == digest)
      // In two pieces, around the block of 64 bytes.
      for cut in [0, 1, 63, 64, 65, bytes.count] where cut <= bytes.count {
        let pieces = [bytes[..<cut], bytes[cut...]].map { UnsafeRawBufferPointer(rebasing: $0) }
        #expect(SHA256Digest(of: pieces).description == digest, "cut at \(cut)")
      }
    }
  }

  @Test("a plan that was written holds its checksums")
  func intact() throws {
    let checksums = try PlanChecksums(bytes: sample.bytes, place: "x.plan")
    #expect(checksums.mismatches.isEmpty)
    #expect(checksums.segments == 1 + sample.plan.weights.count)
    let head = PlanEncoder.head(of: sample.plan).count - 2 - SHA256Digest.byteCount
    #expect(checksums.byteCount == head + sample.plan.weights.reduce(0) { $0 + $1.byteCount })
    #expect(try LoadedPlan(bytes: sample.bytes, place: "x.plan").plan == sample.plan)
  }

  @Test("a byte that changed in a weight is found in that weight", arguments: 0..<5)
  func weights(_ index: Int) throws {
    let weight = sample.plan.weights[index]
    for byte in [weight.offset, weight.offset + weight.byteCount - 1] {
      var damaged = sample
      damaged.weights[byte] ^= 1
      let bytes = damaged.bytes
      // Opening does not look.
      #expect(try LoadedPlan(bytes: bytes, place: "x.plan").plan == sample.plan)
      let mismatches = try PlanChecksums(bytes: bytes, place: "x.plan").mismatches
      #expect(mismatches.map(\.segment) == ["weight_table[\(index)]"])
      #expect(mismatches.map(\.weight) == [weight.name])
      #expect(mismatches.map(\.expected) == [weight.sha256])
      #expect(mismatches.first.map { $0.found != $0.expected } == true)
    }
  }

  @Test("a head that changed, and is valid, is found")
  func head() throws {
    var bytes = sample.bytes
    // The last letter of the producer, after version, tag and length.
    bytes[4 + sample.plan.producer.utf8.count - 1] ^= 1
    #expect(try LoadedPlan(bytes: bytes, place: "x.plan").plan.producer == "gitc tesu")
    let mismatches = try PlanChecksums(bytes: bytes, place: "x.plan").mismatches
    #expect(mismatches.map(\.segment) == ["head"])
    #expect(mismatches.map(\.weight) == [nil])
  }

  @Test("another order of fields keeps the checksums")
  func order() throws {
    let front = PlanFile.front(of: sample.plan, weightByteCount: sample.weights.count)
    let head = PlanEncoder.head(of: sample.plan)
    let checksum = head.suffix(2 + SHA256Digest.byteCount)
    let rest = front.dropFirst(head.count) + sample.weights
    for bytes in [rest + head, checksum + rest + head.dropLast(checksum.count)] {
      let checksums = try PlanChecksums(bytes: Array(bytes), place: "x.plan")
      #expect(checksums.mismatches.isEmpty && checksums.segments == 6)
    }
  }

  @Test("a plan of version 1 opens, and says that it has none")
  func version1() throws {
    let old = SamplePlan()
    #expect(old.bytes.starts(with: [1 << 3, 1]) && sample.bytes.starts(with: [1 << 3, 2]))
    #expect(try LoadedPlan(bytes: old.bytes, place: "x.plan").plan == old.plan)
    let error = #expect(throws: InputError.self) {
      try PlanChecksums(bytes: old.bytes, place: "x.plan")
    }
    #expect(error?.place == "x.plan, field sha256" && error?.found == "version 1")
  }

  /// The sample's head without what `cut` bytes at its end hold, then `more`.
  private func error(_ plan: Plan, cut: Int = 0, _ more: [UInt8]) -> InputError? {
    let head = PlanEncoder.head(of: plan).dropLast(cut) + more
    return #expect(throws: InputError.self) { try LoadedPlan(bytes: Array(head), place: "x.plan") }
  }

  @Test("checksums are there exactly in the version that has them, each of 32 bytes")
  func form() {
    let whole = 2 + SHA256Digest.byteCount
    let digest = [UInt8](repeating: 7, count: SHA256Digest.byteCount)
    let missing = error(sample.plan, cut: whole, [])
    #expect(missing?.place == "x.plan, field sha256" && missing?.what.contains("missing") == true)
    let short = error(sample.plan, cut: whole, Proto.bytes(6, [1, 2]))
    #expect(short?.place == "x.plan, field sha256" && short?.found == "2")
    let twice = error(sample.plan, Proto.bytes(6, digest))
    #expect(twice?.expected.contains("field 6 once") == true)
    let early = error(SamplePlan().plan, Proto.bytes(6, digest))
    #expect(early?.place == "x.plan, field sha256" && early?.expected == "none in version 1")
    let weight =
      Proto.bytes(1, [65]) + Proto.number(2, 1) + Proto.bytes(3, [1]) + Proto.number(4, 1)
      + Proto.number(5, 0) + Proto.number(6, 4)
    for (bytes, what) in [
      ([], "missing"), (Proto.bytes(8, [1]), "no SHA-256"),
    ] as [([UInt8], String)] {
      let head =
        Proto.number(1, 2) + Proto.bytes(4, weight + bytes) + Proto.bytes(6, digest)
      let error = #expect(throws: InputError.self) { try LoadedPlan(bytes: head, place: "x.plan") }
      #expect(error?.place == "x.plan, field weight_table[0].sha256")
      #expect(error?.what.contains(what) == true, "\(error?.description ?? "")")
    }
    let bare =
      Proto.number(1, 1) + Proto.bytes(4, weight + Proto.bytes(8, digest))
    let early1 = #expect(throws: InputError.self) { try LoadedPlan(bytes: bare, place: "x.plan") }
    #expect(early1?.place == "x.plan, field weight_table[0].sha256")
  }

  @Test("a plan with checksums of some weights is not written")
  func mixed() {
    var plan = sample.plan
    plan.weights[3].sha256 = nil
    let error = #expect(throws: InputError.self) {
      try plan.validate(weightByteCount: sample.weights.count, place: "x.plan")
    }
    #expect(error?.place == "x.plan, field weight_table[3].sha256")
  }
}

extension SamplePlan {
  /// As `gitc compile` writes it.
  var withChecksums: SamplePlan {
    var sample = self
    for (index, weight) in plan.weights.enumerated() {
      sample.plan.weights[index].sha256 = weights.withUnsafeBytes { bytes in
        SHA256Digest(
          of: UnsafeRawBufferPointer(
            rebasing: bytes[weight.offset..<(weight.offset + weight.byteCount)]))
      }
    }
    return sample
  }
}
