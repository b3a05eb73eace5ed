import Dispatch
import Synchronization

/// Elements that a thread of its own makes while those before them are used: the next picture is decoded
/// while the model looks at the current one.
///
/// Elements come in the order they were made. One thread takes them.
package final class Lookahead<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  /// Elements that may be put.
  private let room = DispatchSemaphore(value: 0)
  /// Elements that were put, and the end.
  private let ready = DispatchSemaphore(value: 0)

  /// Starts making elements.
  ///
  /// - Parameters:
  ///   - limit: the most that wait to be taken, at least 1; one more is being made.
  ///   - make: gives elements to `put`, which waits for room, until there are no more or `put`
  ///     returns false because nobody wants more.
  package init(limit: Int, _ make: @escaping @Sendable (_ put: (Element) -> Bool) -> Void) {
    precondition(limit >= 1, "room for an element")
    for _ in 0..<limit { room.signal() }
    DispatchQueue(label: "gitc.lookahead", qos: .userInitiated).async { [self] in
      make { put($0) }
      ready.signal()
    }
  }

  private func put(_ element: Element) -> Bool {
    room.wait()
    let isWanted = state.withLock { state in
      if !state.isStopped { state.elements.append(element) }
      return !state.isStopped
    }
    // After the end everybody may pass.
    (isWanted ? ready : room).signal()
    return isWanted
  }

  /// The next element, when it is there; nil after the last one.
  package func next() -> Element? {
    ready.wait()
    let element = state.withLock { $0.elements.isEmpty ? nil : $0.elements.removeFirst() }
    // Who asks again after the end is told the same.
    (element == nil ? ready : room).signal()
    return element
  }

  /// Says that no more elements are wanted; to be called by whoever stops taking them.
  package func stop() {
    state.withLock { state in
      state.isStopped = true
      state.elements = []
    }
    room.signal()
  }
}
