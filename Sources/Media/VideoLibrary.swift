import CMedia
import Diagnostics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of the dynamic library GitcVideo, loaded when the first video is opened.
///
/// Sources/CVideo/include/cvideo.h is the contract; the types here repeat it, since including it would
/// link FFmpeg, whose 150 libraries would cost every start of the program 80 ms.
struct VideoLibrary: Sendable {
  /// The `CV_INTERFACE` these types were written for.
  static let interface: Int32 = 3

  enum Status {
    static let ok: Int32 = 0
    static let unsupported: Int32 = 2
    static let noMemory: Int32 = 3
    static let io: Int32 = 4
    static let stopped: Int32 = 5
  }

  typealias Message = UnsafeMutablePointer<CChar>
  typealias Deliver =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, Int32, Int32
    ) -> Int32
  typealias Sample =
    @Sendable @convention(c) (
      UnsafePointer<CChar>, Int32, Deliver, UnsafeMutableRawPointer?, Message, Int
    ) -> Int32
  typealias DeliverPart =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, Int32, Int32, Int32, Int32, Double
    ) -> Int32
  typealias SampleEvery =
    @Sendable @convention(c) (
      UnsafePointer<CChar>, Int64, DeliverPart, UnsafeMutableRawPointer?, Message, Int
    ) -> Int32
  typealias Duration =
    @Sendable @convention(c) (
      UnsafePointer<CChar>, UnsafeMutablePointer<Double>, Message, Int
    ) -> Int32
  typealias Open =
    @Sendable @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<CChar>?, Int32, Int32, Int32,
      UnsafeMutablePointer<OpaquePointer?>, Message, Int
    ) -> Int32
  typealias Append =
    @Sendable @convention(c) (
      OpaquePointer, UnsafePointer<UInt8>, Message, Int
    ) -> Int32
  typealias Finish = @Sendable @convention(c) (OpaquePointer, Message, Int) -> Int32
  typealias Free = @Sendable @convention(c) (OpaquePointer?) -> Void

  var sample: Sample
  var sampleEvery: SampleEvery
  var duration: Duration
  var open: Open
  var append: Append
  var finish: Finish
  var free: Free

  /// The library, or why there is none; looked for once.
  private static let loaded: Result<VideoLibrary, Missing> = load(fromFolders: folders())

  /// The library beside the program.
  ///
  /// - Throws: `InputError` of kind `.io` in `place` that says where the library was looked for.
  static func shared(place: String) throws(InputError) -> VideoLibrary {
    do throws(Missing) {
      return try loaded.get()
    } catch {
      throw error.inputError(place: place)
    }
  }

  /// Why the library cannot be used.
  struct Missing: Error {
    var reason: String

    func inputError(place: String) -> InputError {
      InputError(
        .io, "video is not available here", expected: "the library \(VideoLibrary.fileName)",
        found: reason, in: place,
        advice:
          "install FFmpeg and put the library beside the program, or extract the frames into a"
          + " folder")
    }
  }

  #if os(macOS)
    static let fileName = "libGitcVideo.dylib"
  #else
    static let fileName = "libGitcVideo.so"
  #endif

  /// Loads the library from the first of `folders` that has it.
  static func load(fromFolders folders: [String]) -> Result<VideoLibrary, Missing> {
    for folder in folders {
      let path = folder + "/" + fileName
      guard access(path, F_OK) == 0 else { continue }
      guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
        return .failure(Missing(reason: dlerror().map { String(cString: $0) } ?? "one that fails"))
      }
      guard let library = VideoLibrary(handle: handle) else {
        dlclose(handle)
        return .failure(Missing(reason: "one of another version of gitc at \(path)"))
      }
      return .success(library)
    }
    return .failure(Missing(reason: "none in \(folders.joined(separator: ", "))"))
  }

  /// Where the library may lie: beside the program, and beside the binary that holds this code (a test
  /// bundle, or a library of ours in another program).
  private static func folders() -> [String] {
    var result: [String] = []
    func add(fileIn path: String) {
      guard let slash = path.lastIndex(of: "/") else { return }
      let folder = String(path[..<slash])
      if !result.contains(folder) { result.append(folder) }
    }
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
      guard let start = buffer.baseAddress else { return }
      let count = readlink("/proc/self/exe", start, 4096)
      if count > 0 {
        start[count] = 0
        add(fileIn: String(cString: start))
      }
      if cm_module_path(start, 4096) != 0 { add(fileIn: String(cString: start)) }
    }
    return result
  }

  private init?(handle: UnsafeMutableRawPointer) {
    typealias Interface = @convention(c) () -> Int32
    guard let interface = dlsym(handle, "cv_interface"),
      unsafeBitCast(interface, to: Interface.self)() == VideoLibrary.interface,
      let sample = dlsym(handle, "cv_sample"),
      let sampleEvery = dlsym(handle, "cv_sample_every"),
      let duration = dlsym(handle, "cv_duration"),
      let open = dlsym(handle, "cv_writer_open"),
      let append = dlsym(handle, "cv_writer_append"),
      let finish = dlsym(handle, "cv_writer_finish"),
      let free = dlsym(handle, "cv_writer_free")
    else { return nil }
    self.sample = unsafeBitCast(sample, to: Sample.self)
    self.sampleEvery = unsafeBitCast(sampleEvery, to: SampleEvery.self)
    self.duration = unsafeBitCast(duration, to: Duration.self)
    self.open = unsafeBitCast(open, to: Open.self)
    self.append = unsafeBitCast(append, to: Append.self)
    self.finish = unsafeBitCast(finish, to: Finish.self)
    self.free = unsafeBitCast(free, to: Free.self)
  }
}
