import Data
import Media
import Testing

@Suite struct ScenesTests {
  @Test func dependOnNothingButSeedIndexSplitAndMedium() {
    for medium in SceneMedium.allCases {
      let forwards = sampleScenes(40, .train, medium)
      for index in (0..<40).reversed() {
        let alone = Scene(seed: 7, index: index, split: .train, medium: medium)
        #expect(alone == forwards[index])
        if index % 10 == 0 {
          #expect(
            alone.render(side: 32, frame: 1, frames: 3)
              == forwards[index].render(side: 32, frame: 1, frames: 3))
        }
      }
    }
  }

  @Test func differWithSeedIndexSplitMediumAndFrame() {
    let scene = Scene(seed: 7, index: 3, split: .train)
    let others = [
      Scene(seed: 8, index: 3, split: .train), Scene(seed: 7, index: 4, split: .train),
      Scene(seed: 7, index: 3, split: .validation),
      Scene(seed: 7, index: 3, split: .train, medium: .clip),
    ]
    let picture = scene.render(side: 32)
    for other in others { #expect(other.render(side: 32) != picture) }
    // The camera's noise differs from frame to frame even where nothing moves.
    #expect(scene.render(side: 32, frame: 1, frames: 2) != picture)
  }

  /// Pins the pixels, so that a data set can be made again on any platform and by any later version;
  /// a change to what scenes look like changes this number on purpose.
  @Test func haveTheSamePixelsEverywhere() {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for scene in sampleScenes(24) + sampleScenes(8, .heldout, .clip) {
      for byte in scene.render(side: 48, frame: 1, frames: 4).pixels {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
      }
    }
    #expect(hash == 10_877_655_966_530_386_227)
  }

  @Test(arguments: SceneMedium.allCases)
  func trainingNeverShowsAHeldOutPair(_ medium: SceneMedium) {
    for split in [SceneSplit.train, .trainOne, .trainOverlap, .validation, .validationOne] {
      for scene in sampleScenes(1500, split, medium) {
        for object in scene.objects { #expect(!ScenePair.heldout.contains(object.pair)) }
      }
    }
  }

  @Test(arguments: SceneMedium.allCases)
  func heldOutScenesAreAboutAHeldOutPair(_ medium: SceneMedium) {
    var subjects: Set<ScenePair> = []
    for scene in sampleScenes(500, .heldout, medium) {
      subjects.insert(scene.objects[0].pair)
      for other in scene.objects.dropFirst() { #expect(!ScenePair.heldout.contains(other.pair)) }
    }
    for split in [SceneSplit.trainOne, .validationOne] {
      #expect(sampleScenes(100, split, medium).allSatisfy { $0.objects.count == 1 })
    }
    if medium == .image {
      let stories = sampleScenes(300, .trainOverlap).map(\.story)
      #expect(stories.allSatisfy { [.pair(.on), .pair(.behind)].contains($0) })
      // A third is on the other: 100 of 300, five deviations of 8 either way.
      #expect((60...140).contains(stories.count { $0 == .pair(.on) }))
    }
    for scene in sampleScenes(200, .heldoutOne, medium) {
      #expect(scene.objects.count == 1)
      #expect(ScenePair.heldout.contains(scene.objects[0].pair))
    }
    #expect(subjects == ScenePair.heldout)
  }

  @Test func trainingStillShowsEveryWordOften() {
    let objects = sampleScenes(1000).flatMap(\.objects)
    for color in SceneColor.allCases {
      // One of seven shapes is held out per colour: about 1/8 of the objects, at least half of it.
      #expect(objects.count { $0.pair.color == color } > objects.count / 16)
    }
    for shape in SceneShape.allCases {
      #expect(objects.count { $0.pair.shape == shape } > objects.count / 14)
    }
    #expect(ScenePair.heldout.count == 8)
    #expect(ScenePair.training.count == 48)
  }

  @Test func noSceneShowsTheSamePairTwice() {
    for scene in sampleScenes(1000) + sampleScenes(1000, .heldout, .clip) {
      #expect(Set(scene.objects.map(\.pair)).count == scene.objects.count)
    }
  }
}
