import Glibc
import Synchronization

/// Remembers that the user pressed Ctrl-C, so that a run can finish its step and save.
///
/// A second Ctrl-C ends the process at once, as ever.
enum Interruption {
  private static let requested = Atomic<Bool>(false)

  /// Whether SIGINT or SIGTERM came since `watch`.
  static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Takes over the two signals for the rest of the process, and forgets one that came before.
  static func watch() {
    requested.store(false, ordering: .relaxed)
    // Whoever started this process may have blocked them, which it would inherit.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.requested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }
}
