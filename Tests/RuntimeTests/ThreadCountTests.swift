#if os(Linux)
  import FoundationEssentials
  import Runtime
  import Testing

  /// What the system says about CPUs, written to a folder instead of /proc and /sys.
  struct ThreadCountTests {
    private static func folder(_ files: [String: String]) throws -> String {
      let folder = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID())")
      for (name, text) in files {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      return folder.path
    }

    @Test func allowedCPUsAreTheRangesOfTheStatusFile() {
      let status =
        "Name:\tgitc\nCpus_allowed:\tff\nCpus_allowed_list:\t0-2,5,8-9\nMems_allowed:\t1\n"
      #expect(ThreadCount.allowedCPUs(status: status) == [0, 1, 2, 5, 8, 9])
      #expect(ThreadCount.allowedCPUs(status: "Name: gitc\n").isEmpty)
    }

    @Test func twoThreadsOfACoreCountOnce() throws {
      let siblings = ["0,4\n", "1,5\n", "2,6\n", "3,7\n"]
      var files: [String: String] = [:]
      for cpu in 0..<8 {
        files["cpu\(cpu)/topology/thread_siblings_list"] = siblings[cpu % 4]
      }
      let folder = try Self.folder(files)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      #expect(ThreadCount.physicalCores(among: Array(0..<8), topology: folder) == 4)
      #expect(ThreadCount.physicalCores(among: [0, 4, 5], topology: folder) == 2)
      #expect(ThreadCount.physicalCores(among: [], topology: folder) == 1)
      // Without topology, every CPU counts.
      #expect(ThreadCount.physicalCores(among: [0, 1, 2], topology: "\(folder)/none") == 3)
    }

    @Test func theLeastQuotaOfTheGroupAndThoseAboveItCounts() throws {
      let folder = try Self.folder([
        "a/cpu.max": "350000 100000\n", "a/b/cpu.max": "max 100000\n",
        "a/c/cpu.max": "50000 100000\n",
      ])
      defer { try? FileManager.default.removeItem(atPath: folder) }
      #expect(ThreadCount.cpuQuota(membership: "0::/a/b\n", hierarchy: folder) == 3)
      #expect(ThreadCount.cpuQuota(membership: "1:x:/\n0::/a/c\n", hierarchy: folder) == 1)
      #expect(ThreadCount.cpuQuota(membership: "0::/\n", hierarchy: folder) == nil)
      #expect(ThreadCount.cpuQuota(membership: "", hierarchy: folder) == nil)
    }

    @Test func thereIsADefault() {
      #expect((1...ThreadCount.maximum).contains(ThreadCount.default))
    }
  }
#endif
