/// The accuracy of answers that several people gave.
///
/// An answer counts as right to the extent that people gave it: min(1, n / 3) with n the others who
/// did, averaged over leaving each of them out. Where fewer than four answered, agreement with all others
/// is enough: the official division by 3 is for ten answers, and gives a question's only answer 0.
/// - Source: Antol et al. 2015 and Goyal et al. 2017; normalisation as in the official evaluation
///   (GT-Vision-Lab/VQA): no punctuation, number words as digits, no articles, apostrophes put back;
///   nothing at all is normalised where everybody, of several, gave the same answer.
package enum VQAAccuracy {
  /// The accuracy of one answer.
  ///
  /// - Parameters:
  ///   - answer: what the model says.
  ///   - answers: what people said, usually ten; at least one.
  /// - Returns: 0...1; the official score for four answers and more.
  package static func score(_ answer: String, _ answers: [String]) -> Double {
    precondition(!answers.isEmpty, "a question has an answer")
    var answer = trimmed(answer)
    var answers = answers.map(trimmed)
    if Set(answers).count > 1 || answers.count == 1 {
      answer = normalized(answer)
      answers = answers.map(normalized)
    }
    let matches = answers.count { $0 == answer }
    guard answers.count > 1 else { return Double(matches) }
    let enough = Double(min(3, answers.count - 1))
    let sum = answers.reduce(0.0) { sum, left in
      sum + min(1, Double(left == answer ? matches - 1 : matches) / enough)
    }
    return sum / Double(answers.count)
  }

  private static func trimmed(_ text: String) -> String {
    let line = String(text.map { $0 == "\n" || $0 == "\t" ? " " : $0 })
    let start = line.drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }

  /// The form in which answers are compared.
  package static func normalized(_ text: String) -> String {
    withoutPunctuation(text).lowercased().split(whereSeparator: \.isWhitespace)
      .map { digits[String($0)] ?? String($0) }
      .filter { !articles.contains($0) }
      .map { contractions[$0] ?? $0 }
      .joined(separator: " ")
  }

  /// Marks beside a space, and all where digits have a comma between them, go; others become spaces.
  private static func withoutPunctuation(_ text: String) -> String {
    let characters = Array(text)
    let hasComma = characters.indices.contains { index in
      characters[index] == "," && index > 0 && index + 1 < characters.count
        && characters[index - 1].isWholeNumber && characters[index + 1].isWholeNumber
    }
    var gone: Set<Character> = []
    for (before, after) in zip(characters, characters.dropFirst()) {
      if after == " " { gone.insert(before) }
      if before == " " { gone.insert(after) }
    }
    var result: [Character] = []
    for character in characters {
      if !marks.contains(character) {
        result.append(character)
      } else if !hasComma && !gone.contains(character) {
        result.append(" ")
      }
    }
    // Full stops go unless a digit follows; 32 at most, a slip of the official code.
    var left = 32
    var text = ""
    for (index, character) in result.enumerated() {
      let isBeforeDigit = index + 1 < result.count && result[index + 1].isWholeNumber
      if character == "." && !isBeforeDigit && left > 0 {
        left -= 1
      } else {
        text.append(character)
      }
    }
    return text
  }

  private static let marks = Set<Character>(";/[]\"{}()=+\\_-><@`,?!")
  private static let articles: Set<String> = ["a", "an", "the"]
  private static let digits = [
    "none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
  ]

  /// Contractions as people type them and as the official evaluation spells them, by turns.
  private static let contractions: [String: String] = {
    let words = contractionList.split(separator: " ").map(String.init)
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: words.count, by: 2).map {
        (words[$0], words[$0 + 1])
      })
  }()

  private static let contractionList = """
    'ow'sat 'ow's'at 'ows'at 'ow's'at aint ain't arent aren't cant can't couldn'tve couldn't've \
    couldnt couldn't couldnt've couldn't've couldve could've didnt didn't doesnt doesn't dont \
    don't hadn'tve hadn't've hadnt hadn't hadnt've hadn't've hasnt hasn't havent haven't he'dve \
    he'd've hed he'd hed've he'd've hes he's howd how'd howll how'll hows how's isnt isn't \
    it'dve it'd've itd it'd itd've it'd've itll it'll maam ma'am mightn'tve mightn't've mightnt \
    mightn't mightnt've mightn't've mightve might've mustnt mustn't mustve must've neednt \
    needn't notve not've oclock o'clock oughtnt oughtn't ow's'at 'ow's'at shant shan't she'dve \
    she'd've shed've she'd've shouldn'tve shouldn't've shouldnt shouldn't shouldnt've \
    shouldn't've shouldve should've somebody'd somebodyd somebody'dve somebody'd've somebodyd've \
    somebody'd've somebodyll somebody'll somebodys somebody's someone'dve someone'd've someoned \
    someone'd someoned've someone'd've someonell someone'll someones someone's something'dve \
    something'd've somethingd something'd somethingd've something'd've somethingll something'll \
    thats that's there'dve there'd've thered there'd thered've there'd've therere there're \
    theres there's they'dve they'd've theyd they'd theyd've they'd've theyll they'll theyre \
    they're theyve they've twas 'twas wasnt wasn't we'dve we'd've wed've we'd've werent weren't \
    weve we've whatll what'll whatre what're whats what's whatve what've whens when's whered \
    where'd wheres where's whereve where've who'dve who'd've whod who'd whod've who'd've wholl \
    who'll whos who's whove who've whyll why'll whyre why're whys why's wont won't wouldn'tve \
    wouldn't've wouldnt wouldn't wouldnt've wouldn't've wouldve would've y'all'dve y'all'd've \
    y'alld've y'all'd've y'allll y'all'll yall y'all yall'd've y'all'd've yall'll y'all'll \
    you'dve you'd've youd you'd youd've you'd've youll you'll youre you're youve you've
    """
}
