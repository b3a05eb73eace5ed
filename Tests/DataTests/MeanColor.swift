import Data
import Media

/// The mean colour of the pixels of a mask, in [0, 1].
func meanColor(_ image: RGBImage, _ mask: [Bool]) -> [Double] {
  var sums = [0.0, 0, 0]
  var count = 0.0
  for (pixel, isSet) in mask.enumerated() where isSet {
    for channel in 0..<3 { sums[channel] += Double(image.pixels[3 * pixel + channel]) / 255 }
    count += 1
  }
  return sums.map { $0 / count }
}

/// The colour a person would name, from hue, saturation and value.
func colorName(_ rgb: [Double]) -> SceneColor {
  let high = max(rgb[0], rgb[1], rgb[2])
  let low = min(rgb[0], rgb[1], rgb[2])
  if high < 0.3 { return .black }
  if high - low < 0.2 * high { return .white }
  let span = high - low
  let hue =
    if high == rgb[0] {
      (rgb[1] - rgb[2]) / span * 60
    } else if high == rgb[1] {
      120 + (rgb[2] - rgb[0]) / span * 60
    } else {
      240 + (rgb[0] - rgb[1]) / span * 60
    }
  switch hue {
  case ..<15: return .red
  case ..<42: return .orange
  case ..<75: return .yellow
  case ..<180: return .green
  case ..<252: return .blue
  case ..<320: return .purple
  default: return .red
  }
}
