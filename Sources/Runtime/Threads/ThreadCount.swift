#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many threads a run should have.
package enum ThreadCount {
  /// The most that a run takes.
  package static let maximum = 1024

  /// The physical cores this process may use, at least 1.
  ///
  /// Two hardware threads of one core share its multipliers, so a second one gains nothing in
  /// kernels that keep them busy. A control group's CPU quota counts whole CPUs, rounded down: at a
  /// barrier, all threads wait for the one that was throttled.
  package static let `default`: Int = {
    #if os(Linux)
      let cores = physicalCores(
        among: allowedCPUs(status: text(of: "/proc/self/status") ?? ""),
        topology: "/sys/devices/system/cpu")
      let quota = cpuQuota(
        membership: text(of: "/proc/self/cgroup") ?? "", hierarchy: "/sys/fs/cgroup")
      return min(max(1, min(cores, quota ?? cores)), maximum)
    #else
      return min(max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), maximum)
    #endif
  }()

  #if os(Linux)
    /// The CPUs the scheduler may put a process on, from the text of its `/proc/self/status`: the line
    /// `Cpus_allowed_list` with ranges such as "0-3,8".
    package static func allowedCPUs(status: String) -> [Int] {
      let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
      guard let list = line?.drop(while: { $0 != ":" }).dropFirst() else { return [] }
      return list.split { $0 == "," || $0.isWhitespace }.flatMap { range -> [Int] in
        let ends = range.split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
      }
    }

    /// The number of different cores that `cpus` belong to.
    ///
    /// - Parameters:
    ///   - cpus: numbers of CPUs.
    ///   - topology: the folder that has `cpu0/topology/thread_siblings_list`.
    /// - Returns: at least 1; a CPU of unknown core counts as a core.
    package static func physicalCores(among cpus: [Int], topology: String) -> Int {
      var cores: Set<String> = []
      for cpu in cpus {
        let siblings = "\(topology)/cpu\(cpu)/topology/thread_siblings_list"
        cores.insert(text(of: siblings) ?? "cpu \(cpu)")
      }
      return max(1, cores.count)
    }

    /// The whole CPUs that the quotas of a process's control groups, and of those above them, leave.
    ///
    /// Of version 2 the file `cpu.max`, of version 1 `cpu.cfs_quota_us` and `cpu.cfs_period_us` under the
    /// hierarchy that has the controller `cpu`. Where a group's folder is not there, as in a container
    /// that sees its own group as the root, those above it count.
    ///
    /// - Parameters:
    ///   - membership: the text of `/proc/self/cgroup`.
    ///   - hierarchy: where the control groups are mounted.
    /// - Returns: at least 1; nil without a quota.
    package static func cpuQuota(membership: String, hierarchy: String) -> Int? {
      var least: Int?
      for line in membership.split(separator: "\n") {
        // Hierarchy, controllers, path; a colon can be in the path.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { continue }
        let isUnified = fields[0] == "0" && fields[1].isEmpty
        guard isUnified || fields[1].split(separator: ",").contains("cpu") else { continue }
        // Version 1 is mounted under its controllers' names, with a link for each alone.
        let root = isUnified ? hierarchy : "\(hierarchy)/cpu"
        var parts = fields[2].split(separator: "/")
        while true {
          let folder = parts.reduce(root) { "\($0)/\($1)" }
          if let cpus = isUnified ? unifiedQuota(folder) : legacyQuota(folder) {
            least = min(least ?? .max, max(1, cpus))
          }
          if parts.isEmpty { break }
          parts.removeLast()
        }
      }
      return least
    }

    /// Whole CPUs by `cpu.max`: "quota period" in microseconds, or "max period".
    private static func unifiedQuota(_ folder: String) -> Int? {
      let numbers = text(of: "\(folder)/cpu.max")?.split { $0 == " " || $0 == "\n" }.map { Int($0) }
      guard let numbers, numbers.count == 2, let quota = numbers[0], let period = numbers[1],
        period > 0
      else { return nil }
      return quota / period
    }

    /// Whole CPUs by version 1, whose quota is -1 where there is none.
    private static func legacyQuota(_ folder: String) -> Int? {
      func number(_ name: String) -> Int? {
        text(of: "\(folder)/\(name)")?.split(separator: "\n").first.flatMap { Int($0) }
      }
      guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us"),
        quota > 0, period > 0
      else { return nil }
      return quota / period
    }

    /// The start of a small text file, nil when it cannot be read.
    private static func text(of path: String) -> String? {
      let file = open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(file, &bytes, bytes.count)
      return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
  #endif
}
