import Data
import Testing

/// The caption grammar, read back without the code that writes it.
private struct ParsedCaption: Equatable {
  struct Noun: Equatable {
    var size: String?
    var color: String
    var shape: String
  }
  var nouns: [Noun] = []
  /// What stands between and after the nouns, with a hash for each noun: "# left of #".
  var frame = ""

  private static let colors = [
    "red", "green", "blue", "yellow", "orange", "purple", "white", "black",
  ]
  private static let shapes = [
    "circle", "square", "triangle", "star", "cross", "diamond", "heart",
  ]

  /// Nil where a noun phrase is malformed.
  init?(_ caption: String) {
    var words: [String] = []
    for word in caption.split(separator: " ", omittingEmptySubsequences: false) {
      if word.hasSuffix(",") {
        words += [String(word.dropLast()), ","]
      } else {
        words.append(String(word))
      }
    }
    var frame: [String] = []
    while let word = words.first {
      words.removeFirst()
      guard word == "a" || word == "an" else {
        frame.append(word)
        continue
      }
      var noun = Noun(size: nil, color: "", shape: "")
      if let size = words.first, ["small", "large"].contains(size) {
        noun.size = size
        words.removeFirst()
      }
      guard words.count >= 2, Self.colors.contains(words[0]), Self.shapes.contains(words[1]),
        (word == "an") == (noun.size == nil && words[0] == "orange")
      else { return nil }
      noun.color = words[0]
      noun.shape = words[1]
      words.removeFirst(2)
      nouns.append(noun)
      frame.append("#")
    }
    self.frame = frame.joined(separator: " ")
  }
}

@Suite struct ScenesCaptionTests {
  private static let frames: Set<String> = [
    "#", "# left of #", "# above #", "# on #", "# behind #", "# , # and #",
    "# moves left", "# moves right", "# moves up", "# moves down",
    "# grows", "# shrinks", "# stays",
    "# moves left behind #", "# moves right behind #", "# moves up behind #",
    "# moves down behind #", "# moves left in front of #", "# moves right in front of #",
    "# moves up in front of #", "# moves down in front of #",
  ]

  @Test func captionsFollowTheGrammarAndNameTheObjectsInOrder() throws {
    var seen: Set<String> = []
    for scene in sampleScenes(1500) + sampleScenes(1500, .heldout, .clip) {
      let parsed = try #require(ParsedCaption(scene.caption), "\(scene.caption)")
      seen.insert(parsed.frame)
      #expect(parsed.nouns.count == scene.objects.count)
      for (noun, object) in zip(parsed.nouns, scene.objects) {
        #expect(noun.color == object.pair.color.rawValue)
        #expect(noun.shape == object.pair.shape.rawValue)
        #expect(noun.size == object.size?.rawValue)
      }
      let isPlain = ["# , # and #", "# grows", "# shrinks"].contains(parsed.frame)
      for noun in parsed.nouns { #expect((noun.size == nil) == isPlain, "\(scene.caption)") }
    }
    #expect(seen == Self.frames)
  }

  @Test func captionsUseAClosedVocabulary() {
    let allowed: Set<String> = [
      "a", "an", "small", "large", "red", "green", "blue", "yellow", "orange", "purple", "white",
      "black", "circle", "square", "triangle", "star", "cross", "diamond", "heart", "left", "of",
      "above", "on", "behind", "and", "moves", "right", "up", "down", "grows", "shrinks", "stays",
      "in", "front", ",",
    ]
    var seen: Set<String> = []
    for scene in sampleScenes(1500) + sampleScenes(1500, .train, .clip) {
      for word in scene.caption.split(separator: " ") {
        seen.insert(word.hasSuffix(",") ? String(word.dropLast()) : String(word))
        if word.hasSuffix(",") { seen.insert(",") }
      }
    }
    #expect(seen == allowed)
  }

  @Test func captionsAreTrueOfThePlaces() {
    let side = 96
    var checked: [SceneRelation: Int] = [:]
    for scene in sampleScenes(400) {
      let masks = scene.objects.indices.map { scene.silhouette(of: $0, side: side) }
      let boxes = masks.map { MaskBox($0, side: side) }
      switch scene.story {
      case .pair(let relation):
        checked[relation, default: 0] += 1
        let dx = abs(boxes[0].centerX - boxes[1].centerX)
        let dy = abs(boxes[0].centerY - boxes[1].centerY)
        let both = zip(masks[0], masks[1]).count { $0 && $1 }
        switch relation {
        case .leftOf:
          #expect(boxes[0].right < boxes[1].left)
          #expect(dx > 1.2 * dy)  // composed as 1.5, less what turned outlines and pixels shift
        case .above:
          #expect(boxes[0].bottom < boxes[1].top)
          #expect(dy > 1.2 * dx)
        case .on:
          #expect(both == boxes[0].area)
          #expect(Double(boxes[1].area - both) >= 0.5 * Double(boxes[1].area))
          #expect(scene.objects.map(\.size) == [.small, .large])
        case .behind:
          #expect(both > 0)
          // Composed from 24 × 24 samples as 0.25 and 0.55; counting pixels instead may move the
          // share by one sample row.
          #expect(Double(both) <= (0.25 + 1 / 24) * Double(boxes[0].area), "\(scene.caption)")
          #expect(Double(both) <= (0.55 + 1 / 24) * Double(boxes[1].area), "\(scene.caption)")
        }
      case .row:
        #expect(boxes[0].right < boxes[1].left && boxes[1].right < boxes[2].left)
      default: break
      }
    }
    #expect(checked.count == SceneRelation.allCases.count)
  }

  @Test func sizesNamedDifferClearly() {
    let side = 128
    for scene in sampleScenes(300) {
      for (index, object) in scene.objects.enumerated() {
        let box = MaskBox(scene.silhouette(of: index, side: side), side: side)
        #expect(box.left > 0 && box.top > 0 && box.right < side - 1 && box.bottom < side - 1)
        switch object.size {
        // Radius 0.11 at most, 12 % more by the turn, one pixel.
        case .small: #expect(Double(box.extent) <= 0.22 * 1.12 * 128 + 1, "\(scene.caption)")
        // Radius 0.18 at least, a square is 10 % smaller, one pixel.
        case .large: #expect(Double(box.extent) >= 0.36 * 0.9 * 128 - 1, "\(scene.caption)")
        case nil: break
        }
      }
    }
  }
}
