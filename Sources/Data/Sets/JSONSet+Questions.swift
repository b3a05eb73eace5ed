import Diagnostics
import FoundationEssentials

extension JSONSet {
  /// VQAv2: questions in one file, answers in another, joined by `question_id`.
  ///
  /// Either file may be named; the other is looked for by the official names, where "OpenEnded_" and
  /// "questions" of the one are nothing and "annotations" of the other. Each of the answers (ten, as a
  /// rule) is a text of the image's row.
  static func questions(
    _ document: JSONDocument, _ location: DatasetLocation
  ) throws(InputError) -> FileDataset {
    var builder = try RowBuilder(location, clips: false)
    try builder.refuseSplit()
    let other: String
    if let named = location.annotations {
      other = named
    } else {
      other = try partner(location.path, isQuestions: document.questions != nil)
    }
    let second = try read(other)
    guard let questions = document.questions ?? second.questions,
      let annotations = document.annotations ?? second.annotations
    else {
      throw InputError(
        .badData, "these files are no questions and answers", expected: "questions and annotations",
        found: "one of them twice", in: other, advice: "name the other file")
    }
    var answers: [String: [String]] = [:]
    for (index, annotation) in annotations.enumerated() {
      guard let entry = annotation.value, let id = entry.question_id?.text, !entry.answered.isEmpty
      else {
        builder.skip(
          damaged(
            "question_id and answers", annotation.found("a field is missing"), index, location))
        continue
      }
      answers[id] = entry.answered
    }
    for (index, element) in questions.enumerated() {
      guard let entry = element.value, let id = entry.question_id?.text,
        let image = entry.image_id?.text, let question = entry.question, let said = answers[id]
      else {
        builder.skip(
          damaged(
            "image_id, question and an answer to it", element.found("one of them is missing"),
            index,
            location))
        continue
      }
      builder.add(
        key: image, files: imageNames(image),
        texts: said.map { TextSample(key: image, caption: $0, question: question, id: id) })
    }
    return try builder.dataset()
  }

  /// The file that belongs to a file of questions or of answers.
  private static func partner(_ path: String, isQuestions: Bool) throws(InputError) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let name = String(path.dropFirst(folder.count))
    var candidates: [String] = []
    if isQuestions {
      let answers = replaced("questions", "annotations", in: name)
      candidates = [replaced("OpenEnded_", "", in: answers), answers]
    } else {
      let questions = replaced("annotations", "questions", in: name)
      candidates = [replaced("mscoco", "OpenEnded_mscoco", in: questions), questions]
    }
    for candidate in candidates where candidate != name {
      if FileManager.default.fileExists(atPath: folder + candidate) { return folder + candidate }
    }
    throw InputError(
      .noInput,
      "the \(isQuestions ? "answers to these questions are" : "questions to these answers are") missing",
      expected: candidates.first ?? "another file", found: "no such file", in: path,
      advice: "put both files into one folder, or name the other as annotations: in the recipe")
  }

  private static func replaced(_ part: String, _ by: String, in name: String) -> String {
    var name = name
    if let range = name.firstRange(of: part) { name.replaceSubrange(range, with: by) }
    return name
  }
}
