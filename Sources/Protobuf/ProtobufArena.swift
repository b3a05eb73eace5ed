import Glibc

/// Memory of a protobuf-c message under construction; everything lives until the arena does not.
package final class ProtobufArena {
  private var blocks: [UnsafeMutableRawPointer] = []

  package init() {}

  deinit { for block in blocks { free(block) } }

  private func allocate<Element>(_ count: Int, of _: Element.Type) -> UnsafeMutablePointer<Element>
  {
    guard let block = calloc(max(count, 1), MemoryLayout<Element>.stride) else {
      preconditionFailure("no memory for \(count) elements of a message")
    }
    blocks.append(block)
    return block.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  /// A copy of numbers or pointers.
  package func array<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafeMutablePointer<Element>
  {
    let pointer = allocate(values.count, of: Element.self)
    pointer.initialize(from: values, count: values.count)
    return pointer
  }

  /// A copy of `text`, which holds no NUL, with one at its end.
  package func string(_ text: String) -> UnsafeMutablePointer<CChar>? {
    array(text.utf8.map { CChar(bitPattern: $0) } + [0])
  }

  /// Copies of `texts`, as a repeated string field.
  package func strings(
    _ texts: [String]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> { array(texts.map(string)) }

  /// A message: `initialize` is protoc-c's, `fill` sets its fields.
  package func message<Message>(
    _ initialize: (UnsafeMutablePointer<Message>?) -> Void, _ fill: (inout Message) -> Void
  ) -> UnsafeMutablePointer<Message>? {
    let message = allocate(1, of: Message.self)
    initialize(message)
    fill(&message.pointee)
    return message
  }
}
