package import CProtobufC
import Glibc

/// Why bytes were not unpacked.
package enum UnpackingProblem: Sendable {
  /// They are not one message of the type.
  case malformed
  /// The message would fill more memory than was allowed.
  case tooLarge
}

/// Reads messages of one type with protobuf-c, in bounded memory.
///
/// Few bytes can ask for much memory, and protobuf-c has no limit of its own.
package struct MessageReader<Message> {
  /// protoc-c's `…__unpack` of the type.
  package typealias Unpack = (
    UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
  ) -> UnsafeMutablePointer<Message>?
  /// protoc-c's `…__free_unpacked` of the type.
  package typealias Free = (
    UnsafeMutablePointer<Message>?, UnsafeMutablePointer<ProtobufCAllocator>?
  ) -> Void

  private let unpack: Unpack
  private let free: Free

  package init(_ unpack: @escaping Unpack, _ free: @escaping Free) {
    (self.unpack, self.free) = (unpack, free)
  }

  /// Gives `body` the message, whose memory goes with the call.
  ///
  /// - Parameters:
  ///   - bytes: one whole message.
  ///   - memoryLimit: the most bytes of memory it may fill.
  ///   - failure: the error for bytes that cannot be read.
  ///   - body: reads the message; pointers into it are valid until it returns.
  /// - Returns: what `body` returns.
  /// - Throws: `failure`'s error, or what `body` throws.
  package func read<Result, Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, memoryLimit: Int, failure: (UnpackingProblem) -> Failure,
    _ body: (Message) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var budget = memoryLimit
    return try withUnsafeMutablePointer(to: &budget) { (budget) throws(Failure) in
      var allocator = ProtobufCAllocator(
        alloc: { data, size in
          guard let budget = data?.assumingMemoryBound(to: Int.self) else { return nil }
          budget.pointee -= min(size, budget.pointee &+ 1)
          return budget.pointee < 0 ? nil : malloc(max(size, 1))
        },
        free: { _, pointer in Glibc.free(pointer) }, allocator_data: budget)
      let start = bytes.bindMemory(to: UInt8.self).baseAddress
      guard let message = unpack(&allocator, bytes.count, start) else {
        throw failure(budget.pointee < 0 ? .tooLarge : .malformed)
      }
      defer { free(message, &allocator) }
      return try body(message.pointee)
    }
  }
}
