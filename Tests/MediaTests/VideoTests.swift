import Diagnostics
import Testing

@testable import Media

@Suite struct VideoTests {
  /// Frame `index`, readable after lossy coding: ten blocks of 16 x 16, black or white, are its bits.
  private func coded(_ index: Int) -> RGBImage {
    var pixels = [UInt8](repeating: 0, count: 160 * 16 * 3)
    for y in 0..<16 {
      for x in 0..<160 where index >> (x / 16) & 1 == 1 {
        for c in 0..<3 { pixels[(y * 160 + x) * 3 + c] = 255 }
      }
    }
    return RGBImage(width: 160, height: 16, pixels: pixels)
  }

  private func index(of frame: RGBImage) -> Int {
    (0..<10).reduce(0) { $0 | (frame.pixels[(8 * 160 + $1 * 16 + 8) * 3] > 127 ? 1 << $1 : 0) }
  }

  private func frames(_ path: String, _ maximum: Int) throws -> [RGBImage] {
    guard case .frames(let frames) = try MediaInput.load(path: path, maximumFrames: maximum) else {
      return []
    }
    return frames
  }

  private func write(
    _ path: String, count: Int, framesPerSecond: Int, codec: VideoCodec? = nil
  ) throws {
    let writer = try VideoWriter(
      path: path, width: 160, height: 16, framesPerSecond: framesPerSecond, codec: codec)
    for i in 0..<count { try writer.append(coded(i)) }
    try writer.finish()
  }

  @Test("a video lasts as long as its frames are shown; other inputs do not say")
  func duration() throws {
    try withFolder { folder in
      try write(folder + "/clip.mp4", count: 30, framesPerSecond: 12)
      // MP4 counts in whole units of its time base, which a rate of 12 divides.
      #expect(try MediaInput.duration(path: folder + "/clip.mp4") == 2.5)
      try writeFile(folder + "/image.png", coded(1).encodedPNG())
      #expect(try MediaInput.duration(path: folder + "/image.png") == nil)
      #expect(try MediaInput.duration(path: folder) == nil)
      try writeFile(folder + "/note.mp4", Array("no video at all".utf8))
      let error = #expect(throws: InputError.self) {
        try MediaInput.duration(path: folder + "/note.mp4")
      }
      #expect(error?.kind == .badData)
    }
  }

  @Test(
    "of twelve frames, the six nearest to the middles of equal parts come back in order, coloured")
  func colours() throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      let colours: [[UInt8]] = (0..<12).map { [UInt8($0 * 20), UInt8(240 - $0 * 20), 60] }
      let writer = try VideoWriter(path: path, width: 64, height: 48, framesPerSecond: 4)
      for colour in colours {
        let pixels = Array([[UInt8]](repeating: colour, count: 64 * 48).joined())
        try writer.append(RGBImage(width: 64, height: 48, pixels: pixels))
      }
      try writer.finish()
      #expect(names(in: folder) == ["clip.mp4"])
      let back = try frames(path, 6)
      #expect(back.count == 6)
      for (frame, index) in zip(back, [1, 3, 5, 7, 9, 11]) {
        #expect(frame.width == 64 && frame.height == 48)
        // A flat colour loses the rounding of YCbCr (a step is up to 2 of red, green or blue) and of
        // quantization at CRF 18; neighbours are 40 apart.
        let found = frame.pixels[(24 * 64 + 32) * 3..<(24 * 64 + 33) * 3]
        for (a, b) in zip(found, colours[index]) {
          #expect(abs(Int(a) - Int(b)) <= 8, "frame \(index): \(found), expected \(colours[index])")
        }
      }
    }
  }

  @Test("sampling by time picks what sampling by index picks", arguments: VideoCodec.allCases)
  func indexes(_ codec: VideoCodec) throws {
    try withFolder { folder in
      for count in [1, 5, 6, 7, 18, 31, 100] {
        let path = folder + "/\(count).mp4"
        try write(path, count: count, framesPerSecond: 30, codec: codec)
        for maximum in [1, 6] {
          let found = try frames(path, maximum).map(index(of:))
          #expect(
            found == FrameSampling.indexes(count: count, maximum: maximum), "\(maximum) of \(count)"
          )
        }
      }
    }
  }

  /// Frame i is shown from i² tenths of a second on, so the video lasts 12.1 s and a mean spacing more.
  @Test(
    "frames of a variable rate are sampled by time",
    arguments: [
      // Middles at 1.1, 3.3, 5.5, 7.7, 9.9 and 12.1 s; at 6.6 s; at 3.3 and 9.9 s.
      (6, [3, 6, 7, 9, 10, 11]), (1, [8]), (2, [6, 10]), (12, Array(0..<12)), (20, Array(0..<12)),
    ])
  func variableRate(maximum: Int, expected: [Int]) throws {
    #expect(try frames(Golden.path("vfr.mp4"), maximum).map(index(of:)) == expected)
  }

  @Test("jumping through a long video finds the same frames")
  func seeking() throws {
    try withFolder { folder in
      let path = folder + "/long.mp4"
      try write(path, count: 1000, framesPerSecond: 10)  // 100 s, a key frame every 4.8 s
      for maximum in [1, 2, 6, 9] {
        let found = try frames(path, maximum).map(index(of:))
        #expect(found == FrameSampling.indexes(count: 1000, maximum: maximum))
      }
      let slow = folder + "/rare.mp4"
      try write(slow, count: 120, framesPerSecond: 1)  // key frames 48 s apart: jumps land behind
      #expect(
        try frames(slow, 6).map(index(of:)) == FrameSampling.indexes(count: 120, maximum: 6))
    }
  }

  /// The frames of a stream with the parts they stand for, milliseconds.
  private func parts(_ path: String, every interval: Int) throws -> [FrameSampling.Part] {
    var parts: [FrameSampling.Part] = []
    try MediaInput.forEachFrame(path: path, every: interval) { frame in
      guard case .frames(let images) = frame.input, images.count == 1 else { return false }
      parts.append(
        FrameSampling.Part(
          frame: index(of: images[0]), start: Int((frame.start * 1000).rounded()),
          end: Int((frame.end * 1000).rounded())))
      return true
    }
    return parts
  }

  @Test("a video of a frame per second has the parts of a folder of its frames")
  func parts() throws {
    try withFolder { folder in
      let (path, frames) = (folder + "/a.mp4", folder + "/frames")
      try makeFolder(frames)
      for count in [2, 7, 40] {
        try write(path, count: count, framesPerSecond: 1)
        for frame in 0..<count {
          try writeFile("\(frames)/\(frame).png", coded(frame).encodedPNG())
        }
        for interval in [400, 1000, 1500, 2000, 9000, 100_000] {
          let expected = FrameSampling.parts(count: count, every: interval)
          #expect(try parts(path, every: interval) == expected, "\(count) every \(interval)")
          #expect(try parts(frames, every: interval) == expected, "\(count) every \(interval)")
        }
      }
    }
  }

  @Test("parts of a long video are found by jumping, and of one with a variable rate by time")
  func jumpingParts() throws {
    try withFolder { folder in
      let path = folder + "/long.mp4"
      try write(path, count: 1000, framesPerSecond: 10)
      // 100 s: middles at 10, 30, …; at 3.5 s, the last of 14 parts to the end.
      #expect(try parts(path, every: 20_000).map(\.frame) == [100, 300, 500, 700, 900])
      let sevens = try parts(path, every: 7000)
      #expect(sevens.map(\.frame) == (0..<14).map { 35 + 70 * $0 })
      #expect(sevens.last?.end == 100_000)
      // Frame i is shown from i² tenths of a second on; middles at 1, 3, 5, … s.
      #expect(
        try parts(Golden.path("vfr.mp4"), every: 2000).map(\.frame) == [3, 5, 7, 8, 9, 10, 11])
    }
  }

  @Test("a stream goes no further than somebody wants it, and says why it has no frames")
  func stopping() throws {
    try withFolder { folder in
      try write(folder + "/a.mp4", count: 30, framesPerSecond: 1)
      var count = 0
      try MediaInput.forEachFrame(path: folder + "/a.mp4", every: 1000) { _ in
        count += 1
        return count < 3
      }
      #expect(count == 3)
      try writeFile(folder + "/note.mp4", Array("no video at all".utf8))
      let error = #expect(throws: InputError.self) {
        try MediaInput.forEachFrame(path: folder + "/note.mp4", every: 1000) { _ in true }
      }
      #expect(error?.kind == .badData)
    }
  }

  @Test("the same frames give the same bytes")
  func deterministic() throws {
    try withFolder { folder in
      try write(folder + "/a.mp4", count: 20, framesPerSecond: 8)
      try write(folder + "/b.mp4", count: 20, framesPerSecond: 8)
      #expect(try readFile(folder + "/a.mp4") == readFile(folder + "/b.mp4"))
    }
  }

  @Test("a writer that is not finished leaves the old file and nothing else")
  func abandoned() throws {
    try withFolder { folder in
      let path = folder + "/a.mp4"
      try writeFile(path, [1, 2, 3])
      do {
        let writer = try VideoWriter(path: path, width: 160, height: 16, framesPerSecond: 8)
        try writer.append(coded(1))
        #expect(names(in: folder).count == 2)
      }
      #expect(names(in: folder) == ["a.mp4"])
      #expect(try readFile(path) == [1, 2, 3])
    }
  }

  @Test("odd sizes and folders that are not there are refused")
  func refusedWriter() throws {
    let odd = #expect(throws: InputError.self) {
      try VideoWriter(path: "/tmp/never.mp4", width: 33, height: 16, framesPerSecond: 8)
    }
    #expect(odd?.kind == .badData)
    #expect(odd?.found == "33 x 16")
    let nowhere = #expect(throws: InputError.self) {
      try VideoWriter(path: "/nowhere/a.mp4", width: 32, height: 16, framesPerSecond: 8)
    }
    #expect(nowhere?.kind == .io)
    #expect(nowhere?.found.contains("No such file or directory") == true)
  }

  @Test("a video cut at any length gives its frames or an error, never a crash")
  func truncation() throws {
    try withFolder { folder in
      try write(folder + "/a.mp4", count: 30, framesPerSecond: 8)
      let bytes = try readFile(folder + "/a.mp4")
      for length in stride(from: 1, to: bytes.count - 8, by: bytes.count / 12) {
        try writeFile(folder + "/cut.mp4", Array(bytes[..<length]))
        // The index is at the end, so without it nothing can be read.
        let error = #expect(throws: InputError.self) { try frames(folder + "/cut.mp4", 6) }
        #expect(error?.kind == .badData)
        #expect(error?.place == folder + "/cut.mp4")
      }
    }
  }

  @Test("flipped bits give frames or an error, never a crash")
  func damage() throws {
    try withFolder { folder in
      try write(folder + "/a.mp4", count: 30, framesPerSecond: 8)
      var bytes = try readFile(folder + "/a.mp4")
      for position in stride(from: 0, to: bytes.count, by: bytes.count / 60) {
        let bit = UInt8(1) << UInt8(position % 8)
        bytes[position] ^= bit
        try writeFile(folder + "/flip.mp4", bytes)
        do {
          #expect(try frames(folder + "/flip.mp4", 6).count <= 6)
        } catch let error as InputError {
          #expect(error.kind == .badData || error.kind == .io)
        }
        bytes[position] ^= bit
      }
    }
  }

  @Test("text, and playlists that name other files, are not taken for videos")
  func noVideo() throws {
    try withFolder { folder in
      try write(folder + "/a.mp4", count: 3, framesPerSecond: 8)
      let texts = [
        "a.txt": "only text\n", "a.ffconcat": "ffconcat version 1.0\nfile a.mp4\n",
        "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n",
      ]
      for (name, text) in texts {
        try writeFile(folder + "/" + name, Array(text.utf8))
        let error = #expect(throws: InputError.self, "\(name)") {
          try frames(folder + "/" + name, 6)
        }
        #expect(error?.kind == .badData)
        #expect(error?.what == "the input is not an image, an .npy array or a readable video")
      }
    }
  }

  @Test("without the library the error says where it was looked for")
  func missingLibrary() throws {
    try withFolder { folder in
      guard case .failure(let missing) = VideoLibrary.load(fromFolders: ["/nowhere", folder]) else {
        Issue.record("a library was found in an empty folder")
        return
      }
      let error = missing.inputError(place: "a.mp4")
      #expect(error.found == "none in /nowhere, \(folder)")
      #expect(error.expected == "the library \(VideoLibrary.fileName)")
      try writeFile(folder + "/" + VideoLibrary.fileName, [1, 2, 3])
      guard case .failure(let broken) = VideoLibrary.load(fromFolders: [folder]) else {
        Issue.record("three bytes were loaded as a library")
        return
      }
      #expect(broken.reason.contains(folder))
    }
  }
}
