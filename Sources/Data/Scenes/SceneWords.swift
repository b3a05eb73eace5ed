/// The outline of an object; the raw value is its word in captions.
package enum SceneShape: String, CaseIterable, Sendable {
  case circle, square, triangle, star, cross, diamond, heart
}

/// The body colour of an object; the raw value is its word in captions.
package enum SceneColor: String, CaseIterable, Sendable {
  case red, green, blue, yellow, orange, purple, white, black
}

/// How large an object is: its width and height as a share of the image side.
///
/// Small ends at 0.22 and large starts at 0.36, so that no object is in doubt.
package enum SceneSize: String, CaseIterable, Sendable {
  case small, large

  /// Half the extent of such an object, as a share of the image side.
  package var radii: ClosedRange<Float> {
    switch self {
    case .small: 0.085...0.11
    case .large: 0.18...0.22
    }
  }
}

/// Where the first object of a pair is, seen from the second; the raw value is the caption's words.
package enum SceneRelation: String, CaseIterable, Sendable {
  /// Apart, the first further left; the vertical distance is the smaller one.
  case leftOf = "left of"
  /// Apart, the first further up; the horizontal distance is the smaller one.
  case above
  /// The first, a small object, lies wholly within the outline of the second, a large one.
  case on
  /// The outlines cross and the second hides a part, at most a quarter, of the first.
  case behind
}

/// What the first object of a clip does; the raw value is the caption's words.
package enum SceneMotion: String, CaseIterable, Sendable {
  case left = "moves left"
  case right = "moves right"
  case up = "moves up"
  case down = "moves down"
  case grows, shrinks, stays

  /// The four motions along an axis of the image.
  package static let directions: [SceneMotion] = [.left, .right, .up, .down]
}

/// Whether a scene stands still or moves; both have their own independent random stream.
package enum SceneMedium: String, CaseIterable, Sendable {
  case image, clip
}
