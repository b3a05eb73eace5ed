import Randomness

/// Places the objects of a story so that its caption, and no other, is true.
///
/// What cannot be placed directly is drawn again until it fits; each draw is cheap and the chance of
/// a fit is above a few percent for every story, so the loops end.
struct SceneComposer {
  var random: SeededRandom

  /// Free space between an outline's box and the image's edge.
  private let margin: Float = 0.015
  /// Free space between the boxes of two objects that are apart.
  private let gap: Float = 0.04

  init(random: SeededRandom) { self.random = random }

  /// The objects of `story`, one per pair, in the pairs' order.
  mutating func compose(_ story: Scene.Story, pairs: [ScenePair]) -> [SceneObject] {
    switch story {
    case .one: [object(pairs[0], random.element(SceneSize.allCases))]
    case .pair(.leftOf): apart(pairs, vertical: false)
    case .pair(.above): apart(pairs, vertical: true)
    case .pair(.on): resting(pairs)
    case .pair(.behind): overlapping(pairs)
    case .row: row(pairs)
    case .motion(let motion): [moving(pairs[0], motion)]
    case .passing(let motion, _): passing(pairs, motion)
    }
  }

  /// An object of this size that stands anywhere in the image.
  private mutating func object(_ pair: ScenePair, _ size: SceneSize?, radius: Float? = nil)
    -> SceneObject
  {
    let radius = radius ?? random.between((size ?? .small).radii)
    let room = radius * ScenePose.reach + margin
    let pose = ScenePose(
      x: random.between(room, 1 - room), y: random.between(room, 1 - room), radius: radius)
    return SceneObject(
      pair: pair, size: size, start: pose, end: pose,
      turn: Direction(halfTangent: random.between(-0.07, 0.07)),  // 8 degrees
      tint: pair.color.tint(&random))
  }

  /// Two objects with a gap between them along one axis, clearly less apart along the other.
  private mutating func apart(_ pairs: [ScenePair], vertical: Bool) -> [SceneObject] {
    let sizes = pairs.map { _ in random.element(SceneSize.allCases) }
    while true {
      var pair = zip(pairs, sizes).map { object($0, $1) }
      guard let places = spread(pair.map(\.start.extent)) else { continue }
      for (index, place) in places.enumerated() {
        if vertical { pair[index].start.y = place } else { pair[index].start.x = place }
        pair[index].end = pair[index].start
      }
      let dx = abs(pair[0].start.x - pair[1].start.x)
      let dy = abs(pair[0].start.y - pair[1].start.y)
      if vertical ? dy >= 1.5 * dx : dx >= 1.5 * dy { return pair }
    }
  }

  /// Three objects from left to right.
  private mutating func row(_ pairs: [ScenePair]) -> [SceneObject] {
    while true {
      var row: [SceneObject] = []
      for pair in pairs { row.append(object(pair, nil, radius: random.between(0.09, 0.13))) }
      guard let places = spread(row.map(\.start.extent)) else { continue }
      for (index, place) in places.enumerated() {
        row[index].start.x = place
        row[index].end = row[index].start
      }
      return row
    }
  }

  /// Centres along one axis for boxes of these half sides, in order, with `gap` between them and the
  /// space left over shared out at random; nil if they do not fit.
  private mutating func spread(_ extents: [Float]) -> [Float]? {
    let used = extents.reduce(0) { $0 + 2 * $1 } + gap * Float(extents.count - 1) + 2 * margin
    guard used <= 1 else { return nil }
    var cuts: [Float] = []
    for _ in extents { cuts.append(random.between(0, 1 - used)) }
    cuts.sort()
    var from = margin
    var places: [Float] = []
    for (extent, cut) in zip(extents, cuts) {
      places.append(from + cut + extent)
      from += 2 * extent + gap
    }
    return places
  }

  /// A small object within the outline of a large one.
  ///
  /// The search starts wide and closes in on the middle of the large one, where every shape fits.
  private mutating func resting(_ pairs: [ScenePair]) -> [SceneObject] {
    var spread: Float = 0.7
    while true {
      var upper = object(pairs[0], .small)
      let lower = object(pairs[1], .large)
      let core = lower.pair.shape.core
      let radius = lower.start.radius
      upper.start.x = lower.start.x + radius * (core.x + spread * random.between(-1, 1))
      upper.start.y = lower.start.y - radius * (core.y + spread * random.between(-1, 1))
      upper.end = upper.start
      spread *= 0.97
      // 0.006 of the side is the least rim, about half a pixel at 96.
      if upper.shareInside(lower, rim: 0.006 / radius) == 1,
        lower.shareInside(upper) <= 0.45
      {
        return [upper, lower]
      }
    }
  }

  /// Two objects whose outlines cross, the first behind the second.
  ///
  /// One at least is large: of a small object behind a small one too few pixels are left.
  private mutating func overlapping(_ pairs: [ScenePair]) -> [SceneObject] {
    let sizes: [SceneSize] = random.element([
      [.small, .large], [.large, .small], [.large, .large],
    ])
    while true {
      var back = object(pairs[0], sizes[0])
      let front = object(pairs[1], sizes[1])
      let away = Direction.random(&random)
      let distance =
        random.between(0.4, 1) * (back.start.radius + front.start.radius)
      back.start.x = front.start.x + away.x * distance
      back.start.y = front.start.y + away.y * distance
      back.end = back.start
      if fits(back.start), overlapIsClear(back: back, front: front) { return [back, front] }
    }
  }

  /// Whether enough of both can be seen, and enough is hidden for the order to be plain.
  private func overlapIsClear(back: SceneObject, front: SceneObject) -> Bool {
    let hidden = back.shareInside(front)
    let frontOverBack = front.shareInside(back)
    return hidden <= 0.25 && frontOverBack <= 0.55 && max(hidden, frontOverBack) >= 0.12
      && hidden >= 0.05
  }

  /// Whether the box lies in the image with a margin.
  private func fits(_ pose: ScenePose) -> Bool {
    let room = pose.extent + margin
    return min(pose.x, pose.y) >= room && max(pose.x, pose.y) <= 1 - room
  }

  /// One object that travels at least 0.36 of the side nearly along an axis, changes between small
  /// and large, or stays.
  private mutating func moving(_ pair: ScenePair, _ motion: SceneMotion) -> SceneObject {
    switch motion {
    case .stays: return object(pair, random.element(SceneSize.allCases))
    case .grows, .shrinks:
      let radii = [random.between(SceneSize.small.radii), random.between(SceneSize.large.radii)]
      var object = object(pair, nil, radius: radii[1])
      if motion == .grows { object.start.radius = radii[0] } else { object.end.radius = radii[0] }
      return object
    case .left, .right, .up, .down:
      var object = object(pair, random.element(SceneSize.allCases))
      let room = object.start.extent + margin
      let way = random.between(0.36, min(0.75, 1 - 2 * room))
      let low = random.between(room, 1 - room - way)
      let (from, to) = motion.isForward ? (low, low + way) : (low + way, low)
      let drift: Float = 0.04
      let across = random.between(room + drift, 1 - room - drift)
      let acrossAtEnd = across + random.between(-drift, drift)
      object.start.x = motion.isHorizontal ? from : across
      object.start.y = motion.isHorizontal ? across : from
      object.end.x = motion.isHorizontal ? to : acrossAtEnd
      object.end.y = motion.isHorizontal ? acrossAtEnd : to
      return object
    }
  }

  /// A small object that crosses a large one from edge to edge, apart from it in the first and the
  /// last frame.
  private mutating func passing(_ pairs: [ScenePair], _ motion: SceneMotion) -> [SceneObject] {
    let horizontal = motion.isHorizontal
    while true {
      var still = object(pairs[1], .large)
      var mover = object(pairs[0], .small)
      // Along the way the large one leaves room for the small one on both sides.
      let along = random.between(0.47, 0.53)
      if horizontal { still.start.x = along } else { still.start.y = along }
      still.end = still.start
      let across = (horizontal ? still.start.y : still.start.x) + random.between(-0.06, 0.06)
      let room = mover.start.extent + margin
      let near = along - still.start.extent - mover.start.extent
      let far = along + still.start.extent + mover.start.extent
      guard near >= room, far <= 1 - room else { continue }
      let low = random.between(room, near)
      let high = random.between(far, 1 - room)
      let (from, to) = motion.isForward ? (low, high) : (high, low)
      mover.start.x = horizontal ? from : across
      mover.start.y = horizontal ? across : from
      mover.end.x = horizontal ? to : across
      mover.end.y = horizontal ? across : to
      return [mover, still]
    }
  }
}

extension SceneMotion {
  /// Whether x changes.
  fileprivate var isHorizontal: Bool { self == .left || self == .right }
  /// Whether x or y grows.
  fileprivate var isForward: Bool { self == .right || self == .down }
}

extension SceneObject {
  /// The share of this object's area, in the first frame, that lies within the outline of `other`
  /// shrunk by `rim` of its radii; from 24 × 24 sample points.
  func shareInside(_ other: SceneObject, rim: Float = 0) -> Float {
    let samples = 24
    var inside = 0
    var all = 0
    for row in 0..<samples {
      for column in 0..<samples {
        let step = 2 * start.extent / Float(samples)
        let x = start.x - start.extent + step * (Float(column) + 0.5)
        let y = start.y - start.extent + step * (Float(row) + 0.5)
        guard distance(x: x, y: y, in: start) < 0 else { continue }
        all += 1
        if other.distance(x: x, y: y, in: other.start) < -rim { inside += 1 }
      }
    }
    return Float(inside) / Float(max(all, 1))
  }
}
