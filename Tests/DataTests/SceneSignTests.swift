import Data
import Media
import Testing

@Suite struct SceneSignTests {
  private func signs(_ count: Int, split: SceneSplit = .train) -> [SceneSign] {
    (0..<count).map { SceneSign(seed: 7, index: $0, split: split) }
  }

  @Test func isAFunctionOfItsPlace() {
    let sign = SceneSign(seed: 7, index: 3, split: .train)
    #expect(sign == SceneSign(seed: 7, index: 3, split: .train))
    #expect(sign.render(side: 64).pixels == sign.render(side: 64).pixels)
    for other in [
      SceneSign(seed: 8, index: 3, split: .train), SceneSign(seed: 7, index: 4, split: .train),
      SceneSign(seed: 7, index: 3, split: .validation),
    ] {
      #expect(sign != other)
    }
  }

  @Test func heldOutWordsAreNeverShownInTraining() {
    let training = SceneSign.words(of: .train)
    let heldout = SceneSign.words(of: .heldout)
    #expect(SceneSign.words(of: .validation) == training)
    #expect(heldout.count >= 25 && training.count >= 180)
    #expect(Set(training).isDisjoint(with: heldout))
    #expect(Set(training + heldout).count == training.count + heldout.count)
    for word in training + heldout {
      #expect((3...4).contains(word.utf8.count), "\(word)")
      #expect(word.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
    }
    // A held-out word is readable only if its letters are learnt from the others.
    #expect(Set(heldout.joined()).isSubset(of: Set(training.joined())))
    #expect(signs(100, split: .heldout).allSatisfy { heldout.contains($0.word) })
    #expect(signs(100).allSatisfy { training.contains($0.word) })
  }

  @Test func captionAndAnswersNameWhatIsShown() {
    for sign in signs(20) {
      #expect(sign.caption == "a sign that says \(sign.word)")
      #expect(sign.questions.map(\.answer) == [sign.word, sign.color.rawValue])
    }
  }

  @Test func lettersHaveTheirColorStandOutAndLieInside() {
    let side = 96
    for sign in signs(150) {
      let image = sign.render(side: side)
      let mask = sign.silhouette(side: side)
      let letters = meanColor(image, mask)
      let backdrop = meanColor(image, mask.map { !$0 })
      #expect(colorName(letters) == sign.color, "\(sign.word): \(letters)")
      let contrast = zip(letters, backdrop).map { abs($0 - $1) }.max() ?? 0
      // As for objects: six times the strongest noise of a single pixel.
      #expect(contrast > 0.156, "\(sign.word): \(letters) before \(backdrop)")
      let border = mask.indices.filter {
        $0 < side || $0 >= side * (side - 1) || $0 % side == 0 || $0 % side == side - 1
      }
      #expect(!border.contains { mask[$0] }, "\(sign.word) is cut off at \(sign.pose)")
    }
  }

  /// Words of one length in the same place differ by several pixels in every letter that differs.
  @Test func everyLetterHasItsOwnShape() {
    var shapes: [Character: [Set<Int>]] = [:]
    for sign in signs(600) {
      let side = 128
      let mask = sign.silhouette(side: side)
      let width = 2 * sign.pose.radius
      let count = sign.word.count
      let units = Float(3 * count - 1)
      for (index, letter) in sign.word.enumerated() {
        // Samples on the letter's own grid, 9 by 17, from the picture.
        var shape: Set<Int> = []
        for sample in 0..<9 * 17 {
          let across = (Float(index) * 3 + Float(sample % 9) / 4) / units
          let x = sign.pose.x - sign.pose.radius + across * width
          let y = sign.pose.y + (Float(sample / 9) / 4 - 2) / units * width
          if mask[Int(y * Float(side)) * side + Int(x * Float(side))] { shape.insert(sample) }
        }
        shapes[letter, default: []].append(shape)
      }
    }
    #expect(shapes.count == 26)
    /// What most of a letter's pictures show.
    let usual = shapes.mapValues { pictures in
      Set(
        (0..<9 * 17).filter { sample in
          2 * pictures.count { $0.contains(sample) } > pictures.count
        })
    }
    for (a, first) in usual {
      for (b, second) in usual where a < b {
        #expect(first.symmetricDifference(second).count >= 6, "\(a) and \(b)")
      }
    }
  }
}
