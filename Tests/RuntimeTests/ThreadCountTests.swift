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
      // A container that knows its group by another name sees the quota at its root.
      #expect(ThreadCount.cpuQuota(membership: "0::/a/c/unknown\n", hierarchy: folder) == 1)
      #expect(ThreadCount.cpuQuota(membership: "0::/\n", hierarchy: folder) == nil)
      #expect(ThreadCount.cpuQuota(membership: "", hierarchy: folder) == nil)
    }

    @Test func quotasOfVersion1AreThoseOfTheControllerOfCPUs() throws {
      func quota(_ microseconds: Int) -> String { "\(microseconds)\n" }
      let folder = try Self.folder([
        "cpu/cpu.cfs_quota_us": quota(-1), "cpu/cpu.cfs_period_us": quota(100_000),
        "cpu/docker/a:b/cpu.cfs_quota_us": quota(250_000),
        "cpu/docker/a:b/cpu.cfs_period_us": quota(100_000),
        "memory/docker/cpu.cfs_quota_us": quota(100_000),
        "memory/docker/cpu.cfs_period_us": quota(100_000),
      ])
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let membership = "5:memory:/docker\n4:cpu,cpuacct:/docker/a:b\n"
      #expect(ThreadCount.cpuQuota(membership: membership, hierarchy: folder) == 2)
      #expect(ThreadCount.cpuQuota(membership: "4:cpu,cpuacct:/\n", hierarchy: folder) == nil)
      #expect(ThreadCount.cpuQuota(membership: "3:cpuset:/docker/a:b\n", hierarchy: folder) == nil)
    }

    @Test func thereIsADefault() {
      #expect((1...ThreadCount.maximum).contains(ThreadCount.default))
    }
  }
#endif
