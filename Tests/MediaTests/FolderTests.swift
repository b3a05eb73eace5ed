import Diagnostics
import Media
import Testing

@Suite struct FolderTests {
  private func dot(_ value: UInt8) -> RGBImage {
    RGBImage(width: 1, height: 1, pixels: [value, 0, 0])
  }

  private func reds(_ input: LoadedInput) -> [UInt8] {
    guard case .frames(let frames) = input else { return [] }
    return frames.map { $0.pixels[0] }
  }

  @Test(
    "a folder is a clip: its images in natural order, sampled by index, other files passed over")
  func folder() throws {
    try withFolder { folder in
      let clip = folder + "/clip.mp4-frames"
      try makeFolder(clip)
      for i in 1...12 { try writeFile("\(clip)/frame\(i).PNG", dot(UInt8(i)).encodedPNG()) }
      try writeFile(clip + "/.frame0.png", [])
      try writeFile(clip + "/notes.txt", [65])
      #expect(try reds(MediaInput.load(path: clip, maximumFrames: 20)) == Array(1...12))
      #expect(try reds(MediaInput.load(path: clip + "/", maximumFrames: 3)) == [3, 7, 11])
      let paths = try MediaInput.imagePaths(inFolder: clip)
      #expect(paths.first == clip + "/frame1.PNG" && paths.last == clip + "/frame12.PNG")
    }
  }

  @Test("a folder without images is an error that counts what is there")
  func empty() throws {
    try withFolder { folder in
      try writeFile(folder + "/notes.txt", [65])
      let error = #expect(throws: InputError.self) {
        try MediaInput.load(path: folder, maximumFrames: 6)
      }
      #expect(error?.kind == .badData)
      #expect(error?.found == "1 other files")
      #expect(error?.place == folder)
    }
  }

  @Test("a damaged frame is named in the error")
  func damaged() throws {
    try withFolder { folder in
      try writeFile(folder + "/1.png", dot(1).encodedPNG())
      try writeFile(folder + "/2.png", Array(dot(1).encodedPNG().dropLast(20)))
      let error = #expect(throws: InputError.self) {
        try MediaInput.load(path: folder, maximumFrames: 6)
      }
      #expect(error?.place == folder + "/2.png")
    }
  }

  @Test("an image is told by its bytes, whatever its name")
  func image() throws {
    try withFolder { folder in
      try writeFile(folder + "/picture.mp4", dot(9).encodedPNG())
      #expect(try reds(MediaInput.load(path: folder + "/picture.mp4", maximumFrames: 6)) == [9])
    }
  }

  @Test("nothing at the path, and nothing in the file, are told apart")
  func nothing() throws {
    try withFolder { folder in
      let missing = #expect(throws: InputError.self) {
        try MediaInput.load(path: folder + "/a.jpg", maximumFrames: 6)
      }
      #expect(missing?.kind == .noInput)
      try writeFile(folder + "/a.jpg", [])
      let empty = #expect(throws: InputError.self) {
        try MediaInput.load(path: folder + "/a.jpg", maximumFrames: 6)
      }
      #expect(empty?.kind == .badData)
      #expect(empty?.what == "the input is empty")
    }
  }
}
