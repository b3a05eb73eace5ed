import Testing

@Suite struct CompareTests {
  @Test func aValueOutsideItsBoundIsReported() {
    #expect(mismatch([1, 2, 3.001], [1, 2, 3]) { _ in 1e-4 }?.hasPrefix("[2]") == true)
    #expect(mismatch([1, 2, 3.00001], [1, 2, 3]) { _ in 1e-4 } == nil)
  }

  @Test func aNumberInPlaceOfNaNIsReported() {
    #expect(mismatch([1, 1], [1, .nan]) { _ in 1e-4 } != nil)
    #expect(mismatch([1, .nan], [1, 1]) { _ in 1e-4 } != nil)
    #expect(mismatch([.nan, .infinity], [.nan, .infinity]) { _ in 0 } == nil)
    #expect(mismatch([-.infinity], [.infinity]) { _ in 0 } != nil)
  }

  @Test func aBoundAsLargeAsTheDataIsRefused() {
    #expect(mismatch([1, 2], [1, 2]) { _ in 0.5 }?.contains("not small") == true)
  }

  @Test func aMissingElementIsReported() {
    #expect(mismatch([1], [1, 2]) { _ in 0.001 } != nil)
  }
}
