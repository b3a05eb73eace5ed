import Data

/// Scenes for tests, always of seed 7.
func sampleScenes(
  _ count: Int, _ split: SceneSplit = .train, _ medium: SceneMedium = .image
) -> [Scene] {
  (0..<count).map { Scene(seed: 7, index: $0, split: split, medium: medium) }
}

/// The box around the true pixels of a square mask, and how many there are.
struct MaskBox {
  var left = Int.max
  var right = -1
  var top = Int.max
  var bottom = -1
  var area = 0

  init(_ mask: [Bool], side: Int) {
    for (pixel, isSet) in mask.enumerated() where isSet {
      left = min(left, pixel % side)
      right = max(right, pixel % side)
      top = min(top, pixel / side)
      bottom = max(bottom, pixel / side)
      area += 1
    }
  }

  var centerX: Double { Double(left + right) / 2 }
  var centerY: Double { Double(top + bottom) / 2 }
  var extent: Int { max(right - left, bottom - top) + 1 }
}
